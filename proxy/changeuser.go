package proxy

import (
	"errors"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// changing is a COM_CHANGE_USER under way: the new account was admitted by its
// own policy, and is being authenticated by the backend. It holds from the
// backend's OK on.
type changing struct {
	authentication
	user                 string
	said                 selfSaid
	app                  *policy.App
	usage                *appUsage // where the session will be counted; it is already
	generation           uint64
	clientSeq, serverSeq byte // of the next packet to that side
}

// changeUser asks the policy about the new account before the backend hears of it.
func (s *session) changeUser(message wire.Message, body []byte) (done bool, err error) {
	request, err := wire.DecodeChangeUser(body, s.clientCapabilities)
	if err != nil {
		s.malformed(message)
		return true, nil
	}
	current := s.server.options.Policies.Current()
	a := admission{set: current.Set, user: request.User, from: s.from, schema: request.Database, lowerCaseNames: s.state.lowerCaseNames,
		declared: declared(request.Attributes, s.server.options.Environment), said: saidBy(request.Attributes)}
	app, err := s.server.admit(a)
	if err != nil {
		return true, s.changeRefused(message.Seq+1, err)
	}
	s.usage.leave() // one connection is not counted twice where both are of one app
	usage, err := s.server.enrol(a, app)
	s.usage.sessions.Add(1)
	if err != nil {
		return true, s.changeRefused(message.Seq+1, err)
	}
	s.changing = &changing{
		authentication: authentication{
			clientSecure: s.clientSecure, serverSecure: s.serverSecure, ownKey: s.server.rsaKey,
			mariaDB: s.state.mode.Server.Flavour == sqlparse.MariaDB,
		},
		user: request.User, said: a.said, app: app, usage: usage, generation: current.Generation,
		clientSeq: message.Seq + 1,
	}
	// As at the login: the backend is to ask for the plug-in with a salt of its own.
	request.AuthResponse, request.AuthPlugin = nil, switchPlugin
	request.Attributes = s.server.ownAttributes(request.Attributes, s.from)
	raw, _ := wire.AppendPacket(nil, 0, request.Append([]byte{message.Raw[wire.HeaderLen]}, s.serverCapabilities))
	s.forward(wire.Message{Raw: raw}, answerAuth, 0)
	return true, nil
}

// changeRefused tells the client of a change that is not to be. MySQL ends the
// session then, MariaDB goes on as before.
func (s *session) changeRefused(seq byte, err error) error {
	var refused refusal
	if !errors.As(err, &refused) {
		return err
	}
	s.tell(seq, refused.Err)
	if s.state.mode.Server.Flavour == sqlparse.MariaDB {
		return nil
	}
	return errEnd
}

// authFromClient takes the client's message of a COM_CHANGE_USER, when it is
// its turn, and returns what it did not use.
func (s *session) authFromClient(p []byte) (rest []byte, err error) {
	for s.changing != nil && s.changing.wantsClient() {
		message, need, ok, err := wire.CutMessage(p, s.changing.clientSeq)
		switch {
		case err != nil || need > maxLoginMessage:
			return nil, s.fail(0, 1156, "08S01", "Got packets out of order", wire.ErrMalformed)
		case !ok:
			return p, nil
		}
		r, err := s.changing.fromClient(message.Payload())
		if err != nil {
			return nil, s.changeFailed(err)
		}
		s.changing.clientSeq = message.Seq + 1
		s.relayAuth(r)
		p = p[len(message.Raw):]
	}
	return p, nil
}

// authFromServer takes the backend's message of a COM_CHANGE_USER.
func (s *session) authFromServer(packet []byte) error {
	payload := packet[wire.HeaderLen:]
	if len(payload) == 0 {
		return wire.ErrMalformed
	}
	s.changing.serverSeq = packet[3] + 1
	r, err := s.changing.fromServer(payload)
	var fromServer serverError
	switch {
	case errors.As(err, &fromServer):
		s.tell(s.changing.clientSeq, fromServer.Err)
		s.changing.usage.leave()
		s.changing = nil
		s.inflight = inflight{}
		s.state.stale() // MariaDB goes on with the old account, MySQL hangs up
		return nil
	case err != nil:
		return s.changeFailed(err)
	case r.ok != nil:
		return s.changed(r.ok)
	}
	s.relayAuth(r)
	return nil
}

// relayAuth sends what a message came to, numbered for each side.
func (s *session) relayAuth(r relayed) {
	c := s.changing
	if r.client != nil {
		var packet []byte
		packet, c.clientSeq = wire.AppendPacket(nil, c.clientSeq, r.client)
		s.wires.toClient(packet)
	}
	if r.server != nil {
		var packet []byte
		packet, c.serverSeq = wire.AppendPacket(nil, c.serverSeq, r.server)
		s.wires.toServer(packet)
	}
}

// changeFailed ends the session of a change that can neither go on nor back.
func (s *session) changeFailed(err error) error {
	var refused refusal
	if errors.As(err, &refused) {
		s.tell(s.changing.clientSeq, refused.Err)
	}
	return err
}

// changed makes the session that of the new account.
func (s *session) changed(final []byte) error {
	c := s.changing
	ok, err := wire.DecodeOK(final, s.serverCapabilities)
	if err != nil {
		return err
	}
	s.changing = nil
	s.server.threads.remove(s.thread)
	s.usage.leave()
	s.name, s.usage, s.user, s.said, s.generation = c.app.Name(), c.usage, c.user, c.said, c.generation
	s.belongTo(c.app)
	s.thread.user, s.thread.app = s.user, s.name
	s.server.threads.add(s.thread)
	packet, err := s.translate(c.clientSeq, &ok)
	if packet == nil {
		packet, _ = wire.AppendPacket(nil, c.clientSeq, final)
	}
	if err != nil {
		return err
	}
	s.inflight.reset = true
	s.inflight.answer.phase = answerDone
	s.answered(false)
	if s.owed {
		s.withhold(packet)
		return nil
	}
	s.wires.toClient(packet)
	return nil
}
