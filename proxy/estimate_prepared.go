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
	pieces  int // of long data since the last execution
}

// twinning prepares a statement's twin, and goes on with what it was wanted for.
type twinning struct {
	reply
	of      *statement
	command []byte
	then    func(failed *wire.Err)
}

// twinFor prepares the EXPLAIN of a statement, and calls then with the server's
// error or nil. It reports false, having asked nothing, where there is no way: in
// another schema or mode than the statement's the twin would be about other rows.
func (s *session) twinFor(st *statement, then func(failed *wire.Err)) bool {
	text, ok := s.explained(st.text)
	if !ok || st.schema != s.state.schema || st.made != s.state.mode {
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

func (e execution) explain(s *session, q policy.Question) bool {
	switch {
	case e.bulk:
		return false
	case e.of.twin != nil:
		return s.explainExecution(e, q)
	}
	e.body = bytes.Clone(e.body)
	return s.twinFor(e.of, func(failed *wire.Err) {
		if failed != nil || !s.explainExecution(e, q) {
			s.head.findings.missed(q, failed)
		}
	})
}

// explainExecution executes a statement's twin with the parameters of an
// execution. It reports false, having asked nothing, where they are not all known.
func (s *session) explainExecution(e execution, q policy.Question) bool {
	st := e.of
	body, ok := e.typed(s)
	if !ok || st.twin.pieces != st.pieces {
		return false
	}
	payload := append([]byte{mysql.COM_STMT_EXECUTE}, body...)
	binary.LittleEndian.PutUint32(payload[1:], st.twin.id)
	payload[1+wire.ExecuteFlags] &= wire.ExecuteParameterCount // no cursor
	asked := s.newEstimate(q, st.text)
	if limit, ok := e.limit(s); ok {
		asked.most = limit
	}
	asked.binary, asked.columns = true, st.twin.columns
	asked.command, _ = wire.AppendPacket(nil, 0, payload)
	st.twin.pieces = 0
	s.ask(asked)
	return true
}

// needsTwin prepares a statement's twin before its first long data, where the
// policy has questions about it. It reports true while that is under way.
func (s *session) needsTwin(st *statement) bool {
	s.renew(st)
	if s.head.twinned || st.twin != nil || st.pieces > 0 || !asksRows(st.verdict) {
		return false
	}
	if s.state.doubtful(false) {
		s.askState()
		return true
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
	st.twin.pieces++
}
