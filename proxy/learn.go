package proxy

import (
	"errors"
	"net"

	"guardrail/proxy/wire"
)

// learn asks for the session's state, and makes the session what its policy
// wants, and asks who the server is, before the client is told that it is logged
// in, in one round trip. A server without session tracking is asked again,
// without it, and remembered.
func (s *session) learn(server net.Conn) (*identityQuestion, error) {
	var who *identityQuestion
	var all []question
	if s.server.options.Backend.Tag != TagNone {
		who = s.newIdentityQuestion()
		all = append(all, who)
	}
	err := s.learnOnce(server, append(all, s.newStateQuestion())...)
	var untracked errNoTracking
	if errors.As(err, &untracked) {
		s.server.backend.untracked.Store(true)
		err = s.learnOnce(server, s.newStateQuestion())
	}
	if err == nil && who != nil && who.inTransaction() {
		err = s.learnOnce(server, &endTransaction{s.newReply(answerFirst)})
	}
	return who, err
}

// learnOnce asks questions, all at once, and waits for the answers.
func (s *session) learnOnce(server net.Conn, all ...question) error {
	if err := send(server, all); err != nil {
		return err
	}
	for _, q := range all {
		if err := answered(server, q); err != nil {
			return err
		}
	}
	for _, q := range all {
		if err := q.told(s); err != nil {
			return err
		}
	}
	return nil
}

// answered reads the answer to one question.
func answered(server net.Conn, q question) error {
	for {
		payload, _, err := wire.ReadMessage(server, maxLoginMessage)
		if err != nil {
			return err
		}
		if done, err := q.packet(payload); done || err != nil {
			return err
		}
	}
}

// send writes the commands of questions, in one piece where they need no
// wrapping of their own.
func send(server net.Conn, all []question) error {
	var whole []byte
	for _, q := range all {
		for _, c := range q.commands() {
			whole = append(whole, c...)
			if _, wrapped := server.(*compressed); !wrapped {
				continue
			}
			begin(server)
			if _, err := server.Write(whole); err != nil {
				return err
			}
			whole = whole[:0]
		}
	}
	if len(whole) == 0 {
		return nil
	}
	_, err := server.Write(whole)
	return err
}
