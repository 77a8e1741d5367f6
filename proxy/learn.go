package proxy

import (
	"errors"
	"net"

	"guardrail/proxy/wire"
)

// learn asks for the session's state, and makes the session what its policy
// wants, before the client is told that it is logged in, in one round trip. A
// server without session tracking is asked again, without it, and remembered.
func (s *session) learn(server net.Conn) error {
	err := s.learnOnce(server)
	var untracked errNoTracking
	if errors.As(err, &untracked) {
		s.server.backend.untracked.Store(true)
		err = s.learnOnce(server)
	}
	return err
}

func (s *session) learnOnce(server net.Conn) error {
	q := s.newStateQuestion()
	for _, c := range q.commands() {
		begin(server)
		if _, err := server.Write(c); err != nil {
			return err
		}
	}
	for {
		payload, _, err := wire.ReadMessage(server, maxLoginMessage)
		if err != nil {
			return err
		}
		done, err := q.packet(payload)
		if err != nil {
			return err
		}
		if done {
			return q.told(s)
		}
	}
}
