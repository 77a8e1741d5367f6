package proxy

import (
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// command decides about one command and sends it on or answers it. It returns
// false, having done nothing, when the session's state must be known first:
// the question is under way and the same command comes again.
func (s *session) command(message wire.Message) (done bool, err error) {
	payload := message.Payload()
	if len(payload) == 0 {
		s.refuseCommand(message, "an empty packet")
		return true, nil
	}
	body := payload[1:]
	switch code := payload[0]; code {
	case mysql.COM_QUERY:
		return s.query(message, body), nil
	case mysql.COM_STMT_PREPARE:
		return s.prepare(message, body), nil
	case mysql.COM_STMT_EXECUTE:
		return s.execute(message, body), nil
	case mysql.COM_STMT_FETCH:
		return true, s.onStatement(message, body, answerRows)
	case mysql.COM_STMT_RESET:
		return true, s.onStatement(message, body, answerSimple)
	case mysql.COM_STMT_SEND_LONG_DATA:
		s.longData(message, body)
	case mysql.COM_STMT_CLOSE:
		s.closeStatement(message, body)
	case mysql.COM_INIT_DB:
		s.initDB(message, body)
	case mysql.COM_PING:
		s.forward(message, answerSimple, 0)
	case mysql.COM_RESET_CONNECTION:
		s.forward(message, answerSimple, 0)
		s.inflight.reset = true
	case mysql.COM_QUIT:
		s.forward(message, answerDone, 0)
		s.ended = true
	default:
		s.refuseCommand(message, commandName(code))
	}
	return true, nil
}

// query judges a text and forwards it, or refuses it.
func (s *session) query(message wire.Message, text []byte) (done bool) {
	v := s.judgeText(text)
	if v == nil {
		s.ask()
		return false
	}
	if s.pass(message, v, text) {
		s.forward(message, answerFirst, v.effect)
	}
	return true
}

// initDB judges COM_INIT_DB as the USE that it stands for.
func (s *session) initDB(message wire.Message, name []byte) {
	s.refresh()
	v := s.judge(s.state.schema, []sqlparse.Statement{useSchema(string(name))})
	if s.pass(message, v, nil) {
		s.forward(message, answerSimple, sqlparse.SetsSchema)
	}
}

// useSchema is the statement that a change of the default schema stands for.
func useSchema(name string) sqlparse.Statement {
	return sqlparse.Statement{
		Kind:   "change_db",
		Needs:  []sqlparse.Need{{Privilege: sqlparse.AnyPrivilege, Object: sqlparse.Object{Type: sqlparse.Schema, Schema: name}}},
		Effect: sqlparse.SetsSchema,
	}
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

// commandName names a command byte in the manual's words.
func commandName(code byte) string {
	names := [...]string{
		"COM_SLEEP", "COM_QUIT", "COM_INIT_DB", "COM_QUERY", "COM_FIELD_LIST", "COM_CREATE_DB", "COM_DROP_DB",
		"COM_REFRESH", "COM_SHUTDOWN", "COM_STATISTICS", "COM_PROCESS_INFO", "COM_CONNECT", "COM_PROCESS_KILL",
		"COM_DEBUG", "COM_PING", "COM_TIME", "COM_DELAYED_INSERT", "COM_CHANGE_USER", "COM_BINLOG_DUMP",
		"COM_TABLE_DUMP", "COM_CONNECT_OUT", "COM_REGISTER_SLAVE", "COM_STMT_PREPARE", "COM_STMT_EXECUTE",
		"COM_STMT_SEND_LONG_DATA", "COM_STMT_CLOSE", "COM_STMT_RESET", "COM_SET_OPTION", "COM_STMT_FETCH",
		"COM_DAEMON", "COM_BINLOG_DUMP_GTID", "COM_RESET_CONNECTION", "COM_CLONE", "COM_SUBSCRIBE_GROUP_REPLICATION_STREAM",
	}
	if int(code) < len(names) {
		return names[code]
	}
	if code == 0xfa {
		return "COM_STMT_BULK_EXECUTE"
	}
	return fmt.Sprintf("command 0x%02x", code)
}
