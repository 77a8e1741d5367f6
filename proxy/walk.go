package proxy

import (
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// fromServer takes bytes that came from the server. They are the caller's again
// when it returns. An error ends the session.
func (s *session) fromServer(p []byte) error {
	if len(s.held) > 0 {
		s.held = append(s.held, p...)
		p = s.held
	}
	rest, err := s.answers(p)
	if err != nil {
		return err
	}
	if len(rest) == 0 && cap(s.held) > maxKept {
		s.held = nil
	}
	s.held = append(s.held[:0], rest...)
	return s.lookAgain()
}

// answers walks over the packets in p. What need not be changed is sent to the
// client in as few pieces as possible; what is not yet whole is returned.
func (s *session) answers(p []byte) (rest []byte, err error) {
	sent, at := 0, 0
	flush := func(end int) {
		if end > sent {
			s.wires.toClient(p[sent:end])
		}
		sent = end
	}
	for {
		if s.inflight.answer.phase == answerRows && s.skip == 0 && !s.long && s.question == nil {
			s.skip = rows(p[at:])
		}
		if s.skip > 0 {
			n := min(s.skip, len(p)-at)
			at, s.skip = at+n, s.skip-n
			if s.skip > 0 {
				break
			}
		}
		if len(p)-at < wire.HeaderLen {
			break
		}
		n := wire.PayloadLen(p[at:])
		if s.question == nil && s.passes(p[at:], n) {
			if n > 0 && !s.long && len(p)-at == wire.HeaderLen {
				break // the first byte decides and is not here yet
			}
			s.passed(n)
			at += wire.HeaderLen
			s.skip = n
			continue
		}
		if len(p)-at < wire.HeaderLen+n {
			break
		}
		packet := p[at : at+wire.HeaderLen+n]
		if s.question != nil {
			sent = at + len(packet) // the proxy asked: the client is not told
			if err := s.told(packet[wire.HeaderLen:]); err != nil {
				return nil, err
			}
		} else {
			changed, err := s.look(packet)
			if err != nil {
				flush(at)
				return nil, err
			}
			if changed != nil {
				flush(at)
				s.wires.toClient(changed)
				sent = at + len(packet)
			}
		}
		at += len(packet)
	}
	flush(at)
	return p[at:], nil
}

// rows returns the length of the rows at the head of p that go to the client
// unseen, in bytes. The last of them may be longer than p. It stops before what
// is not plainly a row, and before a header without a first byte.
func rows(p []byte) int {
	at := 0
	for len(p)-at > wire.HeaderLen {
		n := wire.PayloadLen(p[at:])
		if first := p[at+wire.HeaderLen]; n == 0 || n == wire.MaxPayload || first >= wire.HeaderEOF {
			break
		}
		at += wire.HeaderLen + n
	}
	return at
}

// passes reports whether the packet at the head of p, of n payload bytes, goes
// to the client unseen.
func (s *session) passes(p []byte, n int) bool {
	if s.long {
		return true
	}
	if s.inflight.answer.phase == answerDone {
		return false
	}
	if n == 0 {
		return s.inflight.answer.phase == answerRows
	}
	if len(p) == wire.HeaderLen {
		return !s.inflight.answer.whole(n, 0) // may wait for the first byte
	}
	return !s.inflight.answer.whole(n, p[wire.HeaderLen])
}

// passed takes note of a packet that goes to the client unseen.
func (s *session) passed(n int) {
	if !s.long {
		s.inflight.answer.skipped()
	}
	s.long = n == wire.MaxPayload
	if s.inflight.answer.phase == answerDone && !s.long {
		s.answered(false)
	}
}

// look reads a packet that says something of the session, and returns what to
// send in its place where the client must see another one, or none.
func (s *session) look(packet []byte) (changed []byte, err error) {
	payload := packet[wire.HeaderLen:]
	switch s.inflight.answer.phase {
	case answerDone:
		return nil, s.unasked(packet)
	case answerAuth:
		return []byte{}, s.authFromServer(packet)
	}
	end, err := s.inflight.answer.seen(payload)
	if err != nil {
		return nil, fmt.Errorf("the backend's answer: %w", err)
	}
	if end.isOK {
		s.inflight.rows += int64(end.ok.AffectedRows)
		if changed, err = s.translate(packet[3], &end.ok); err != nil {
			return nil, err
		}
	}
	if end.has {
		s.state.flagsSeen(end.status)
	}
	s.fileSeq = packet[3] + 1 // where it asks for a file
	if s.inflight.answer.phase == answerDone {
		reset := s.inflight.reset
		s.finished(end.err)
		s.answered(end.err != nil)
		if reset && s.owed && end.err == nil {
			if changed == nil {
				changed = packet
			}
			s.withhold(changed)
			return []byte{}, nil
		}
	}
	return changed, nil
}

// translate takes over the session state that an OK packet reports, and
// rewrites the packet where the client negotiated another form or did not ask
// for all that is in it.
func (s *session) translate(seq byte, ok *wire.OK) ([]byte, error) {
	block := ok.SessionState
	if len(block) > 0 {
		variables, schema, err := s.state.reported(block)
		if err != nil {
			return nil, err
		}
		s.inflight.changed |= variables
		s.inflight.moved = s.inflight.moved || schema
		if block, err = s.state.forClient(block); err != nil {
			return nil, err
		}
	}
	sameForm := (s.clientCapabilities^s.serverCapabilities)&mysql.CLIENT_SESSION_TRACK == 0
	if sameForm && len(block) == len(ok.SessionState) {
		return nil, nil
	}
	if !sameForm && ok.Status&wire.StatusSessionChanged == 0 && len(ok.Info) == 0 {
		return nil, nil // both forms are the same bytes
	}
	ok.SessionState = block
	packet, _ := wire.AppendPacket(nil, seq, ok.Append(nil, s.clientCapabilities))
	return packet, nil
}

// unasked passes on what a server says on its own, the error that comes before
// it closes an idle connection.
func (s *session) unasked(packet []byte) error {
	if len(packet) > wire.HeaderLen && packet[wire.HeaderLen] == wire.HeaderErr {
		s.wires.toClient(packet)
		return errEnd
	}
	return fmt.Errorf("the backend sent a packet that nobody asked for: %w", wire.ErrMalformed)
}

// answered is called when the server's answer is complete.
func (s *session) answered(failed bool) {
	f := &s.inflight
	if f.reset && !failed {
		s.prepared.clear()
		s.named = names{}
	}
	if f.reset {
		s.state.stale()
		s.applied = setting{}
		s.want()
	}
	if !failed {
		s.named.ran(f.names)
	}
	if s.state.sandboxed {
		s.state.stale()
	}
	switch {
	case f.effect&sqlparse.SetsState != 0 && (failed || !f.expects.metBy(f.changed)):
		s.state.stale() // the list of what is tracked may be another one too
	case f.effect&sqlparse.MayHideState != 0, f.effect == 0 && f.changed&(reportedMode|reportedCharset) != 0:
		s.state.modeStale = true // what a routine changes is reported, and that it is put back may not be
	}
	if f.effect&sqlparse.SetsSchema != 0 && (failed || !f.moved || f.many) { // one of several may have been reported, and another not
		s.state.schemaStale = true
	}
	if f.prepare != nil {
		s.prepared.add(f.answer.prepare, f.answer.prepared, f.prepare)
	}
	if f.redefines {
		s.server.options.Usage.redefined.Add(1)
	}
	s.inflight = inflight{}
}
