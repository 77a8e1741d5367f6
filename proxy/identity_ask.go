package proxy

import (
	"guardrail/proxy/identity"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// identityQuestion asks a server, on a client's own connection and in the round
// trip of the session's other questions, who it is and which environment its
// tag names. The client's account may not be allowed to read the tag: that is
// an answer too.
type identityQuestion struct {
	texts   []string
	replies []reply // one for each text
	at      int     // the reply that is being read
}

func (s *session) newIdentityQuestion() *identityQuestion {
	q := &identityQuestion{texts: append(identity.Questions(s.state.mode.Server.Flavour == sqlparse.MariaDB), identity.Question)}
	for range q.texts {
		q.replies = append(q.replies, s.newReply(answerFirst))
	}
	return q
}

func (q *identityQuestion) commands() [][]byte {
	var out [][]byte
	for i, text := range q.texts {
		out = append(out, wire.AppendQuery(nil, []byte(text), q.replies[i].answer.capabilities))
	}
	return out
}

func (q *identityQuestion) packet(payload []byte) (done bool, err error) {
	over, err := q.replies[q.at].packet(payload)
	if over {
		q.at++
	}
	return q.at == len(q.replies), err
}

// told leaves judging to the login, which may have to ask further.
func (q *identityQuestion) told(*session) error { return nil }

// server is who the server says it is.
func (q *identityQuestion) server() identity.Server {
	values, ok := q.row(0, identity.Columns)
	if !ok {
		return identity.Server{}
	}
	s := identity.FromRow([identity.Columns]string(values))
	if len(q.texts) > 2 {
		if uid, ok := q.row(1, 1); ok {
			s = s.With(uid[0])
		}
	}
	return s
}

// row is the one row that a text yielded.
func (q *identityQuestion) row(text, columns int) (values []string, ok bool) {
	r := q.replies[text]
	if r.failed != nil || len(r.rows) != 1 {
		return nil, false
	}
	row, err := wire.DecodeTextRow(r.rows[0], columns)
	for _, v := range row {
		values = append(values, string(v))
	}
	return values, err == nil
}

// reading is what the client's account could read of the tag; ok is false where
// it could not.
func (q *identityQuestion) reading() (r reading, ok bool) {
	r.server = q.server()
	last := len(q.replies) - 1
	tag, one := q.row(last, 1)
	switch failed := q.replies[last].failed; {
	case one:
		r.state, r.tag = tagRead, tag[0]
	case failed != nil && identity.Absent(failed.Code), failed == nil && len(q.replies[last].rows) == 0:
		r.state = tagMissing
	case failed == nil:
		r.why = "guardrail.environment has more than one row"
	default:
		return r, false
	}
	return r, true
}

// inTransaction reports whether asking has begun a transaction, as it does where
// the server's own autocommit is off.
func (q *identityQuestion) inTransaction() bool {
	return q.replies[len(q.replies)-1].status&wire.StatusInTransaction != 0
}

// endTransaction ends what reading the tag has begun: the client's first
// statement is to begin it.
type endTransaction struct{ reply }

func (q *endTransaction) commands() [][]byte {
	return [][]byte{wire.AppendQuery(nil, []byte("COMMIT"), q.answer.capabilities)}
}

func (q *endTransaction) told(*session) error {
	if q.failed != nil {
		return serverError{*q.failed}
	}
	return nil
}
