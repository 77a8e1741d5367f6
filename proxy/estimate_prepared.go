package proxy

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/wire"
)

// twin is a statement of the session's own: the EXPLAIN of one of the client's.
// It is executed with the same parameters before that is, where the policy has
// questions about it, and gets the same long data.
type twin struct {
	id      uint32
	columns []wire.Column
	long    int  // bytes of long data since the last execution
	typed   bool // the server knows the types of the parameters
}

// twinning prepares a statement's twin, and goes on with what it was wanted for.
type twinning struct {
	reply
	of      *statement
	command []byte
	then    func(failed *wire.Err)
}

// twinFor prepares the EXPLAIN of a statement, and calls then with the server's
// error or nil. It reports false, having asked nothing, where there is no way.
func (s *session) twinFor(st *statement, then func(failed *wire.Err)) bool {
	text, ok := s.explained(st.text)
	if !ok {
		return false
	}
	q := &twinning{reply: s.newReply(answerPrepare), of: st, then: then}
	q.command, _ = wire.AppendPacket(nil, 0, append([]byte{mysql.COM_STMT_PREPARE}, text...))
	s.ask(q)
	return true
}

func (q *twinning) commands() [][]byte { return [][]byte{q.command} }

func (q *twinning) told(*session) error {
	if q.failed == nil {
		q.of.twin = &twin{id: q.answer.prepare.StatementID, columns: q.resultColumns()}
	}
	q.then(q.failed)
	return nil
}

// resultColumns are the columns of what the statement yields: the last of the
// definitions that came.
func (q *twinning) resultColumns() []wire.Column {
	var columns []wire.Column
	for _, d := range q.definitions {
		if c, err := wire.DecodeColumn(d, q.answer.mariaDB); err == nil {
			columns = append(columns, c)
		}
	}
	return columns[max(0, len(columns)-int(q.answer.prepare.Columns)):]
}

// untwin closes a statement's twin, and with it its long data.
func (s *session) untwin(st *statement) {
	if st.twin == nil {
		return
	}
	command, _ := wire.AppendPacket(nil, 0, binary.LittleEndian.AppendUint32([]byte{mysql.COM_STMT_CLOSE}, st.twin.id))
	s.wires.command(command) // has no answer
	st.twin = nil
}

// executionEstimate asks for the rows of an execution.
type executionEstimate struct {
	of   *statement
	body []byte
	bulk bool // MariaDB's: many executions in one, which EXPLAIN does not take
}

func (e executionEstimate) explain(s *session, q policy.Question) bool {
	switch {
	case e.bulk:
		return false
	case e.of.twin != nil:
		return s.explainExecution(e.of, e.body, q)
	}
	body := bytes.Clone(e.body)
	return s.twinFor(e.of, func(failed *wire.Err) {
		if failed != nil || !s.explainExecution(e.of, body, q) {
			s.head.findings.missed(q, failed)
		}
	})
}

// explainExecution executes a statement's twin with the parameters of an
// execution. It reports false, having asked nothing, where they are not all known.
func (s *session) explainExecution(st *statement, body []byte, q policy.Question) bool {
	body, typed, ok := s.typedBody(st, body)
	if !ok || st.twin.long != st.long {
		return false
	}
	payload := append([]byte{mysql.COM_STMT_EXECUTE}, body...)
	binary.LittleEndian.PutUint32(payload[1:], st.twin.id)
	payload[1+wire.ExecuteFlags] &= wire.ExecuteParameterCount // no cursor
	asked := s.newEstimate(q, st.text)
	asked.binary, asked.columns = true, st.twin.columns
	asked.command, _ = wire.AppendPacket(nil, 0, payload)
	st.twin.typed, st.twin.long = typed, 0
	s.ask(asked)
	return true
}

// typedBody is the body of an execution with the types of its parameters, which
// clients send only when they have changed.
func (s *session) typedBody(st *statement, body []byte) (_ []byte, typed, ok bool) {
	bound, end, err := wire.ParamTypes(body, st.params, s.clientCapabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0)
	switch {
	case err != nil:
		return nil, false, false
	case bound == len(body), end > bound+1, st.twin.typed:
		return body, st.twin.typed || end > bound+1, true
	case len(st.types) == 0:
		return nil, false, false
	}
	out := append(append([]byte(nil), body[:bound]...), 1)
	out = append(out, st.types...)
	return append(out, body[end:]...), true, true
}

// remember keeps the types of a statement's parameters, for a twin that may
// come later.
func (st *statement) remember(body []byte, attributes bool) {
	bound, end, err := wire.ParamTypes(body, st.params, attributes)
	if err == nil && end > bound+1 {
		st.types = append(st.types[:0], body[bound+1:end]...)
	}
}

// needsTwin prepares a statement's twin before its first long data, where the
// policy has questions about it. It reports true while that is under way.
func (s *session) needsTwin(st *statement) bool {
	s.renew(st)
	if s.head.twinned || st.twin != nil || st.long > 0 || !asksRows(st.verdict) {
		return false
	}
	s.head.touched, s.head.twinned = true, true
	return s.twinFor(st, func(*wire.Err) {})
}

func asksRows(v *verdict) bool {
	return slices.ContainsFunc(v.decision.Questions, func(q policy.Question) bool { return q.Kind == policy.AskRows })
}

// alsoToTwin gives a piece of long data to the statement's twin.
func (s *session) alsoToTwin(st *statement, message wire.Message) {
	if st.twin == nil {
		return
	}
	payload := bytes.Clone(message.Payload())
	binary.LittleEndian.PutUint32(payload[1:], st.twin.id)
	command, _ := wire.AppendPacket(nil, 0, payload)
	s.wires.command(command) // has no answer
	st.twin.long += len(payload) - 1 - longDataHead
}
