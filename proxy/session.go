package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// wires is where a session sends. A driver implements it. The bytes are the
// session's again when the call returns. Neither call fails: a connection that
// broke shows itself to the driver, which ends the session.
type wires interface {
	toClient(p []byte)
	toServer(p []byte)
	// command is toServer with the whole of a command, not what belongs to one
	// that was sent before.
	command(p []byte)
	// later returns what makes the driver call resume. It is to be called at most
	// once, from any goroutine and at any time, and does not block. A session that
	// has ended meanwhile is not resumed.
	later() func()
}

// session is one client's connection after its login, and the one server
// connection behind it. It does no I/O: a driver feeds it with what came from
// either side, one call at a time, and it sends through wires.
//
// A statement's way through it: fromClient cuts a command off the bytes and
// command decides; recorded and forwarded, the server's answer comes through
// fromServer until answered; only then is the next command looked at.
type session struct {
	server *Server
	wires  wires
	log    *zap.Logger

	app                *policy.App // nil when a later policy has no place for the account: refuses everything
	name               string      // of the app the session logged in as
	limits             policy.Limits
	usage              *appUsage // of the app named name
	generation         uint64
	observed           time.Time // until when the app is in observe mode; zero: it is not
	user               string
	from               netip.Addr
	clientCapabilities wire.Capability
	serverCapabilities wire.Capability
	// mariaDBCapabilities are the extended ones, the same on both legs.
	mariaDBCapabilities        uint32
	clientSecure, serverSecure bool
	unnumbered                 bool // the client's packets come in compressed ones, whose numbers count
	thread                     thread

	state    state
	wanted   setting   // what the policy makes of the session
	applied  setting   // what was made of it
	owed     bool      // they differ: nothing is forwarded before
	verdicts *verdicts // remembered decisions, shared with other sessions
	prepared statements
	inflight inflight
	head     head

	question question  // the proxy's own, while it is being answered
	awaited  func()    // takes what the session waits for besides; nil: nothing
	withheld []byte    // an OK that the client gets when the question is answered
	changing *changing // a COM_CHANGE_USER, while it is being authenticated
	tooLong  *tooLong  // a message that is being read away
	fileSeq  byte      // of the next packet of LOAD DATA LOCAL
	fileLeft int       // bytes left of the one before
	fileLong bool      // that packet goes on in the next one

	unjudged []byte // bytes from the client that are not forwarded yet
	held     []byte // the head of a packet from the server, not yet enough to go on
	skip     int    // bytes left of a packet from the server that need not be seen
	long     bool   // the packet from the server goes on in the next one
	ended    bool
}

// head is what is known of the command at the head of the client's bytes, which
// is looked at again when what it waits for has come.
type head struct {
	touched  bool // any of it is set
	measured bool // its size was held against the limits
	counted  bool // and so was its place in the second

	destructive *audit.Event // what the record was given before it is forwarded
	recorded    bool         // the record has answered
	recordErr   error

	findings findings
	twinned  bool // a twin was prepared for it, or cannot be
}

// inflight is the command that the server is answering.
type inflight struct {
	answer  answer
	effect  sqlparse.Effect
	prepare *statement // what a COM_STMT_PREPARE will make
	reset   bool       // COM_RESET_CONNECTION
	changed bool       // the server reported variables
	moved   bool       // the server reported a schema

	redefines   bool         // it may change a table's keys
	destructive *audit.Event // in the record, to be told what became of it
	began       time.Time    // set with it
	rows        int64        // affected
}

func newSession(l *login) *session {
	s := &session{
		server:             l.server,
		log:                l.server.options.Log,
		name:               l.app.Name(),
		usage:              l.usage,
		generation:         l.policy.Generation,
		user:               l.response.User,
		from:               l.from,
		clientCapabilities: l.response.Capabilities,
		serverCapabilities: l.forBackend().Capabilities,

		mariaDBCapabilities: l.forBackend().MariaDBCapabilities,
		clientSecure:        l.secure,
		serverSecure:        l.up.secure,
		unnumbered:          wire.CompressionOf(l.response.Capabilities) != wire.NoCompression,
	}
	s.thread = thread{own: l.threadID, server: l.up.greeting.ThreadID, user: s.user, app: s.name}
	s.state.mode.Server, _ = sqlparse.ParseServer(l.up.greeting.ServerVersion)
	s.belongTo(l.app)
	return s
}

// belongTo makes the session that of an app; nil is none.
func (s *session) belongTo(app *policy.App) {
	s.app, s.limits, s.observed = app, policy.Limits{}, time.Time{}
	if app != nil {
		s.limits = app.Limits()
		if app.Mode(s.server.options.Now()) == policy.Observe {
			s.observed = app.ObservedUntil()
		}
	}
	s.want()
}

// leave takes a session that has ended out of the books.
func (s *session) leave() {
	s.server.threads.remove(s.thread)
	s.usage.leave()
	if s.changing != nil {
		s.changing.usage.leave()
	}
}

// errEnd ends a session without anything gone wrong.
var errEnd = errors.New("session ended")

// fromClient takes bytes that came from the client. They are the caller's
// again when it returns. An error ends the session.
func (s *session) fromClient(p []byte) error {
	if len(s.unjudged) > 0 {
		s.unjudged = append(s.unjudged, p...)
		p = s.unjudged
	}
	return s.take(p)
}

// take handles what the client has sent as far as it is its turn, and keeps the rest.
func (s *session) take(p []byte) (err error) {
	switch {
	case s.tooLong != nil:
		p, err = s.readAway(p)
	case s.inflight.answer.phase == answerInfile:
		p, err = s.infile(p)
	case s.inflight.answer.phase == answerAuth:
		p, err = s.authFromClient(p)
	default:
		p, err = s.commands(p)
	}
	if err != nil {
		return err
	}
	s.keep(p)
	return nil
}

// commands handles the commands at the head of p while none is in flight, and
// returns what is left.
func (s *session) commands(p []byte) (rest []byte, err error) {
	for s.idle() && !s.ended {
		if s.unnumbered {
			wire.Renumber(p, 0)
		}
		message, need, ok, err := wire.CutMessage(p, 0)
		if err != nil {
			return nil, s.fail(0, mysql.ER_NET_PACKETS_OUT_OF_ORDER, "08S01", "Got packets out of order", err)
		}
		if len(message.Raw) > s.longest() || !ok && len(p)+need > s.longest() {
			s.tooLong = &tooLong{}
			return s.readAway(p)
		}
		if !ok {
			return p, nil
		}
		done, err := s.command(message)
		if err != nil {
			return nil, err
		}
		if !done {
			return p, nil // it is looked at again when what it waits for is known
		}
		if s.head.touched {
			s.head = head{}
		}
		p = p[len(message.Raw):]
	}
	return p, nil
}

// maxKept is the largest buffer that an idle session holds on to, in bytes.
const maxKept = 16 << 10

// keep stores what fromClient could not handle yet.
func (s *session) keep(rest []byte) {
	if len(rest) == 0 {
		if cap(s.unjudged) > maxKept {
			s.unjudged = nil
		}
		s.unjudged = s.unjudged[:0]
		return
	}
	s.unjudged = append(s.unjudged[:0], rest...)
}

// idle reports whether the next command may be looked at.
func (s *session) idle() bool {
	return s.inflight.answer.phase == answerDone && s.question == nil && s.awaited == nil && s.skip == 0 && !s.long
}

// await makes the command at the head wait for something that neither the
// client nor the server sends. When it is there, resume is to be called, from
// wherever that is; take is then called where the session is fed, and the
// command is looked at again.
func (s *session) await(take func()) (resume func()) {
	s.awaited = take
	return s.wires.later()
}

// resume goes on after await. A driver calls it as it calls fromClient.
func (s *session) resume() error {
	if s.awaited == nil {
		return nil
	}
	take := s.awaited
	s.awaited = nil
	take()
	return s.lookAgain()
}

// lookAgain looks at what the client has sent meanwhile.
func (s *session) lookAgain() error {
	if len(s.unjudged) > 0 && !s.ended {
		return s.take(s.unjudged)
	}
	return nil
}

// wantsClient reports whether a driver should read from the client: not while a
// command is in flight and more than one buffer of later ones is kept.
func (s *session) wantsClient() bool {
	return s.idle() || len(s.unjudged) < maxKept || s.inflight.answer.phase == answerInfile
}

// forward sends a command to the server and waits for an answer of the given
// form; answerDone is for the commands that have none.
func (s *session) forward(message wire.Message, phase answerPhase, effect sqlparse.Effect) {
	s.inflight = inflight{
		answer: answer{phase: phase, capabilities: s.serverCapabilities, mariaDB: s.mariaDBCapabilities},
		effect: effect,
	}
	if s.head.destructive != nil {
		s.inflight.destructive, s.inflight.began = s.head.destructive, s.server.options.Now()
	}
	s.wires.command(message.Raw)
}

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
		s.inflight.changed = s.inflight.changed || variables
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
	if f.reset {
		s.prepared.clear()
		s.state.stale()
		s.applied = setting{}
		s.want()
	}
	if s.state.sandboxed {
		s.state.stale()
	}
	switch {
	case f.effect&sqlparse.SetsState != 0 && (failed || !f.changed):
		s.state.stale() // the list of what is tracked may be another one too
	case f.effect&sqlparse.MayHideState != 0:
		s.state.modeStale = true
	}
	if f.effect&sqlparse.SetsSchema != 0 && !failed && !f.moved {
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

// fail tells the client an error that ends its session.
func (s *session) fail(seq byte, code uint16, state, message string, cause error) error {
	s.tell(seq, wire.Err{Code: code, SQLState: state, Message: message})
	return cause
}

// tell answers a command in the server's place.
func (s *session) tell(seq byte, e wire.Err) {
	packet, _ := wire.AppendPacket(nil, seq, e.Append(nil))
	s.wires.toClient(packet)
}
