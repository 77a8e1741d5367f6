package proxy

import (
	"bytes"
	"strconv"
	"strings"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// judgedAs judges a command as the statement it stands for, and forwards it or
// refuses it.
func (s *session) judgedAs(text string, message wire.Message, phase answerPhase) (done bool, err error) {
	v := s.judgeText([]byte(text))
	if v == nil {
		return false, nil
	}
	return s.passOn(message, v, []byte(text), phase), nil
}

// needing judges a command that no statement stands for by the privilege that
// the server wants for it.
func (s *session) needing(kind sqlparse.Kind, privilege sqlparse.Privilege, message wire.Message, phase answerPhase) (done bool, err error) {
	v := s.judge(s.state.schema, []sqlparse.Statement{{
		Kind:  kind,
		Needs: []sqlparse.Need{{Privilege: privilege, Object: sqlparse.Object{Type: sqlparse.Global}}},
	}})
	return s.passOn(message, v, nil, phase), nil
}

func (s *session) createDB(message wire.Message, name []byte) (done bool, err error) {
	return s.judgedAs("CREATE DATABASE "+quoted(name), message, answerSimple)
}

func (s *session) dropDB(message wire.Message, name []byte) (done bool, err error) {
	return s.judgedAs("DROP DATABASE "+quoted(name), message, answerSimple)
}

// fieldList is COM_FIELD_LIST: a table, a NUL, a pattern for columns.
func (s *session) fieldList(message wire.Message, body []byte) (done bool, err error) {
	table, _, _ := bytes.Cut(body, []byte{0})
	return s.judgedAs("SHOW COLUMNS FROM "+quoted(table), message, answerRows)
}

func (s *session) statistics(message wire.Message, _ []byte) (done bool, err error) {
	return s.judgedAs("SHOW STATUS", message, answerText)
}

func (s *session) processInfo(message wire.Message, _ []byte) (done bool, err error) {
	return s.judgedAs("SHOW PROCESSLIST", message, answerFirst)
}

func (s *session) shutdown(message wire.Message, _ []byte) (done bool, err error) {
	return s.judgedAs("SHUTDOWN", message, answerSimple)
}

// refreshed are the statements that the bits of COM_REFRESH stand for, from
// the lowest on; the sixth has none, and asks for the same privilege.
var refreshed = [8]string{"FLUSH PRIVILEGES", "FLUSH LOGS", "FLUSH TABLES", "FLUSH HOSTS", "FLUSH STATUS", "FLUSH STATUS", "RESET SLAVE", "RESET MASTER"}

func (s *session) refreshCommand(message wire.Message, body []byte) (done bool, err error) {
	if len(body) != 1 {
		s.malformed(message)
		return true, nil
	}
	var texts []string
	for bit, text := range refreshed {
		if body[0]&(1<<bit) != 0 {
			texts = append(texts, text)
		}
	}
	return s.judgedAs(strings.Join(texts, "; "), message, answerSimple)
}

// processKill is KILL with a thread id.
func (s *session) processKill(message wire.Message, body []byte) (done bool, err error) {
	id, ok := wire.ProcessKill(body)
	if !ok {
		s.malformed(message)
		return true, nil
	}
	text := []byte("KILL " + strconv.FormatUint(uint64(id), 10))
	v := s.judgeText(text)
	if v == nil {
		return false, nil
	}
	if s.kill(message, v, text) {
		return true, nil
	}
	return s.passOn(message, v, text, answerSimple), nil
}

// debug makes the server write its state to its error log.
func (s *session) debug(message wire.Message, _ []byte) (done bool, err error) {
	return s.needing("debug", "SUPER", message, answerSimple)
}

func (s *session) registerReplica(message wire.Message, _ []byte) (done bool, err error) {
	return s.needing("register_slave", "REPLICATION SLAVE", message, answerSimple)
}

// binlogDump streams the binary log until the client leaves.
func (s *session) binlogDump(message wire.Message, _ []byte) (done bool, err error) {
	return s.needing("binlog_dump", "REPLICATION SLAVE", message, answerRows)
}

// quoted is a name as an identifier.
func quoted(name []byte) string {
	return "`" + strings.ReplaceAll(string(name), "`", "``") + "`"
}
