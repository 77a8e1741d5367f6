package proxy

import (
	"bytes"

	"guardrail/proxy/wire"
)

// question is a conversation of the session's own with the server, which the
// client does not see. One is under way at a time, and no command of the
// client's is: the one that waits for it is looked at again when it is over.
type question interface {
	// commands are what to send, all at once; they are answered in order.
	commands() [][]byte
	// packet takes one packet of the answers, which is not the question's any
	// more when it returns, and reports whether it was the last.
	packet(payload []byte) (done bool, err error)
	// told tells the session what was learnt. An error ends the session.
	told(s *session) error
}

// ask puts a question to the server.
func (s *session) ask(q question) {
	s.question = q
	for _, c := range q.commands() {
		s.wires.command(c)
	}
}

// told takes one packet of the answers to the session's own question. What was
// withheld from the client until then is sent when all is well.
func (s *session) told(payload []byte) error {
	q := s.question
	done, err := q.packet(payload)
	if err != nil || !done {
		return err
	}
	s.question = nil
	if err := q.told(s); err != nil {
		return s.unsettled(err)
	}
	if s.withheld != nil {
		s.wires.toClient(s.withheld)
		s.withheld = nil
	}
	return nil
}

// withhold keeps the server's OK from the client while the session becomes what
// its policy wants: an error may have to take its place.
func (s *session) withhold(packet []byte) {
	s.withheld = bytes.Clone(packet)
	s.askState()
}

// maxOwnRows bounds the rows of an answer that are kept. No question has as many.
const maxOwnRows = 256

// reply follows the answer to one command of the session's own and keeps what it says.
type reply struct {
	answer      answer
	definitions [][]byte
	rows        [][]byte
	failed      *wire.Err
	status      uint16 // the server's, at the end of the answer
}

func (s *session) newReply(phase answerPhase) reply {
	return reply{answer: answer{phase: phase, capabilities: s.serverCapabilities, mariaDB: s.mariaDBCapabilities}}
}

// packet takes one packet of the answer and reports whether it was the last.
func (r *reply) packet(payload []byte) (done bool, err error) {
	first := byte(0)
	if len(payload) > 0 {
		first = payload[0]
	}
	if r.answer.whole(len(payload), first) {
		end, err := r.answer.seen(payload)
		if end.err != nil {
			r.failed = end.err
		}
		if end.has {
			r.status = end.status
		}
		return r.answer.phase == answerDone, err
	}
	switch r.answer.phase {
	case answerColumns, answerDefinitions:
		r.definitions = append(r.definitions, bytes.Clone(payload))
	case answerRows:
		if len(r.rows) < maxOwnRows {
			r.rows = append(r.rows, bytes.Clone(payload))
		}
	}
	r.answer.skipped()
	return r.answer.phase == answerDone, nil
}
