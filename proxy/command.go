package proxy

import (
	"fmt"
	"slices"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// Commands that the library's list lacks.
const (
	comClone                    = 0x20
	comSubscribeGroupReplicaton = 0x21
	comStmtBulkExecute          = 0xfa // MariaDB
	comMulti                    = 0xfe // MariaDB
)

// handler decides about one command, whose body is the payload behind the
// command byte, and sends it on or answers it. It returns false, having done
// nothing, when the session's state must be known first: the question is under
// way and the same command comes again.
type handler func(s *session, message wire.Message, body []byte) (done bool, err error)

// treatment is what becomes of a command.
type treatment struct {
	name   string  // in the manual's words
	handle handler // nil refuses
}

// treatments has a line for every command byte; what has no line, or no
// handler in it, is refused. MySQL 9.7 and MariaDB 10.11 answer 1047 to the
// commands marked dead; older servers may not.
var treatments = [256]treatment{
	// Judged as the text they carry.
	mysql.COM_QUERY:        {"COM_QUERY", (*session).query},
	mysql.COM_STMT_PREPARE: {"COM_STMT_PREPARE", (*session).prepare},

	// Judged as the prepared statement they name.
	mysql.COM_STMT_EXECUTE:        {"COM_STMT_EXECUTE", (*session).execute},
	comStmtBulkExecute:            {"COM_STMT_BULK_EXECUTE", (*session).bulkExecute},
	mysql.COM_STMT_FETCH:          {"COM_STMT_FETCH", (*session).fetch},
	mysql.COM_STMT_RESET:          {"COM_STMT_RESET", (*session).resetStatement},
	mysql.COM_STMT_SEND_LONG_DATA: {"COM_STMT_SEND_LONG_DATA", (*session).longData},
	mysql.COM_STMT_CLOSE:          {"COM_STMT_CLOSE", (*session).closeStatement},

	// Judged as the statement they stand for.
	mysql.COM_INIT_DB:          {"COM_INIT_DB", (*session).initDB},
	mysql.COM_CREATE_DB:        {"COM_CREATE_DB", (*session).createDB}, // dead
	mysql.COM_DROP_DB:          {"COM_DROP_DB", (*session).dropDB},     // dead
	mysql.COM_FIELD_LIST:       {"COM_FIELD_LIST", (*session).fieldList},
	mysql.COM_STATISTICS:       {"COM_STATISTICS", (*session).statistics},
	mysql.COM_PROCESS_INFO:     {"COM_PROCESS_INFO", (*session).processInfo}, // dead in MySQL
	mysql.COM_PROCESS_KILL:     {"COM_PROCESS_KILL", (*session).processKill}, // dead in MySQL
	mysql.COM_REFRESH:          {"COM_REFRESH", (*session).refreshCommand},   // dead in MySQL
	mysql.COM_SHUTDOWN:         {"COM_SHUTDOWN", (*session).shutdown},        // dead in MySQL
	mysql.COM_DEBUG:            {"COM_DEBUG", (*session).debug},
	mysql.COM_REGISTER_SLAVE:   {"COM_REGISTER_SLAVE", (*session).registerReplica},
	mysql.COM_BINLOG_DUMP:      {"COM_BINLOG_DUMP", (*session).binlogDump},
	mysql.COM_BINLOG_DUMP_GTID: {"COM_BINLOG_DUMP_GTID", (*session).binlogDump},

	// Part of the session: forwarded, and what they change is followed.
	mysql.COM_PING:             {"COM_PING", (*session).ping},
	mysql.COM_RESET_CONNECTION: {"COM_RESET_CONNECTION", (*session).resetConnection},
	mysql.COM_CHANGE_USER:      {"COM_CHANGE_USER", (*session).changeUser},
	mysql.COM_SET_OPTION:       {"COM_SET_OPTION", (*session).setOption},
	mysql.COM_QUIT:             {"COM_QUIT", (*session).quit},

	// Refused. The first two turn the connection into another protocol, which
	// nobody here could read; the rest are dead everywhere, or the server's own.
	comClone:                    {"COM_CLONE", nil},
	comSubscribeGroupReplicaton: {"COM_SUBSCRIBE_GROUP_REPLICATION_STREAM", nil},
	comMulti:                    {"COM_MULTI", nil},
	mysql.COM_SLEEP:             {"COM_SLEEP", nil},
	mysql.COM_CONNECT:           {"COM_CONNECT", nil},
	mysql.COM_TIME:              {"COM_TIME", nil},
	mysql.COM_DELAYED_INSERT:    {"COM_DELAYED_INSERT", nil},
	mysql.COM_TABLE_DUMP:        {"COM_TABLE_DUMP", nil},
	mysql.COM_CONNECT_OUT:       {"COM_CONNECT_OUT", nil},
	mysql.COM_DAEMON:            {"COM_DAEMON", nil},
}

// command takes one command from the client. See handler for what it returns.
func (s *session) command(message wire.Message) (done bool, err error) {
	payload := message.Payload()
	if len(payload) == 0 {
		s.refuseCommand(message, "an empty packet")
		return true, nil
	}
	t := treatments[payload[0]]
	if t.handle == nil {
		s.refuseCommand(message, t.nameOf(payload[0]))
		return true, nil
	}
	if s.refresh(); s.owed && !s.state.sandboxed {
		s.askState()
		return false, nil
	}
	return t.handle(s, message, payload[1:])
}

func (t treatment) nameOf(code byte) string {
	if t.name != "" {
		return t.name
	}
	return fmt.Sprintf("command 0x%02x", code)
}

// refuseCommand answers a command that is not forwarded whatever the policy
// says, with the server's own error for a command it does not know.
func (s *session) refuseCommand(message wire.Message, name string) {
	s.server.options.Metrics.Command(s.name, name)
	s.tell(message.Seq+1, wire.Err{
		Code: mysql.ER_UNKNOWN_COM_ERROR, SQLState: "08S01",
		Message: fmt.Sprintf("Unknown command: Guardrail does not forward %s", name),
	})
}

// query judges a text and forwards it, or refuses it.
func (s *session) query(message wire.Message, body []byte) (done bool, err error) {
	text := body
	if s.clientCapabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0 {
		if text, err = wire.QueryText(body); err != nil {
			s.malformed(message)
			return true, nil
		}
	}
	if s.tooLarge(message, len(text)) {
		return true, nil
	}
	v := s.judgeText(text)
	if v == nil {
		return false, nil
	}
	if s.tooFast(message, v, text) || s.kill(message, v, text) {
		return true, nil
	}
	var names namings
	if v.names {
		names = s.namings(text, s.state.schema, v.statements)
		if s.named.full(names) {
			s.tell(message.Seq+1, errTooManyNames)
			return true, nil
		}
		v = s.renamed(v, names)
	}
	if len(v.decision.Questions) > 0 {
		if v = s.inform(v, s.state.schema, textEstimate{body, text}); v == nil {
			return false, nil
		}
	}
	switch s.pass(message, v, text) {
	case waits:
		return false, nil
	case passes:
		s.named.add(names)
		s.forwardAs(v, s.annotated(message, body, text, v), answerFirst)
		if names.flat {
			s.inflight.names = names.all
		}
	}
	return true, nil
}

// malformed answers a command whose body is not what the protocol says.
func (s *session) malformed(message wire.Message) {
	s.tell(message.Seq+1, wire.Err{Code: mysql.ER_MALFORMED_PACKET, SQLState: "HY000", Message: "Malformed communication packet"})
}

// initDB judges COM_INIT_DB as the USE that it stands for.
func (s *session) initDB(message wire.Message, name []byte) (done bool, err error) {
	return s.passOn(message, s.judgeUse(string(name)), nil, answerSimple), nil
}

// judgeUse asks the policy about a change of the default schema. Its key is one
// that no text has: a shape begins with the type of a token.
func (s *session) judgeUse(name string) *verdict {
	key := shapeKey{shape: []byte("USE"), mode: s.state.mode, schema: name, lowerCaseNames: s.state.lowerCaseNames}
	v := s.verdicts.get(s.app, key)
	if v == nil || !s.server.holds(v) {
		v = s.judge("", []sqlparse.Statement{useSchema(name)}).after(v)
		if s.app != nil {
			s.verdicts.remember(s.app, key, v, []byte("USE "+quoted([]byte(name))))
		}
	}
	return v
}

// passOn forwards a command as its verdict says, or has it refused. It reports
// false while the record is waited for.
func (s *session) passOn(message wire.Message, v *verdict, text []byte, phase answerPhase) (done bool) {
	switch s.pass(message, v, text) {
	case waits:
		return false
	case passes:
		s.forwardAs(v, message, phase)
	}
	return true
}

// forwardAs forwards a command and expects what its verdict says of it.
func (s *session) forwardAs(v *verdict, message wire.Message, phase answerPhase) {
	s.forward(message, phase, v.effect)
	s.inflight.answer.files, s.inflight.redefines, s.inflight.expects = v.files, v.redefines, v.expects
	s.inflight.many = len(v.statements) > 1 || slices.ContainsFunc(v.statements, holdsText)
}

// useSchema is the statement that a change of the default schema stands for.
func useSchema(name string) sqlparse.Statement {
	return sqlparse.Statement{
		Kind:   "change_db",
		Needs:  []sqlparse.Need{{Privilege: sqlparse.AnyPrivilege, Object: sqlparse.Object{Type: sqlparse.Schema, Schema: name}}},
		Effect: sqlparse.SetsSchema,
	}
}

func (s *session) ping(message wire.Message, _ []byte) (done bool, err error) {
	s.forward(message, answerSimple, 0)
	return true, nil
}

func (s *session) resetConnection(message wire.Message, _ []byte) (done bool, err error) {
	s.forward(message, answerSimple, 0)
	s.inflight.reset = true
	return true, nil
}

// setOption turns several statements in one text on or off. Each of them is
// judged either way.
func (s *session) setOption(message wire.Message, body []byte) (done bool, err error) {
	if len(body) != 2 {
		s.malformed(message)
		return true, nil
	}
	s.forward(message, answerSimple, 0)
	return true, nil
}

func (s *session) quit(message wire.Message, _ []byte) (done bool, err error) {
	s.forward(message, answerDone, 0)
	s.ended = true
	return true, nil
}
