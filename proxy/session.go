package proxy

import (
	"errors"
	"net/netip"
	"sync/atomic"
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
	said               selfSaid
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
	named    names
	inflight inflight
	head     head

	question question     // the proxy's own, while it is being answered
	awaited  func()       // takes what the session waits for besides; nil: nothing
	there    *atomic.Bool // set when it is there
	withheld []byte       // an OK that the client gets when the question is answered
	changing *changing    // a COM_CHANGE_USER, while it is being authenticated
	tooLong  *tooLong     // a message that is being read away
	fileSeq  byte         // of the next packet of LOAD DATA LOCAL
	fileLeft int          // bytes left of the one before
	fileLong bool         // that packet goes on in the next one

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

	reading  *longReading // of a long text
	findings findings
	twinned  bool // a twin was prepared for it, or cannot be
}

// inflight is the command that the server is answering.
type inflight struct {
	answer  answer
	effect  sqlparse.Effect
	prepare *statement // what a COM_STMT_PREPARE will make
	names   []naming   // what it prepares and gives up, where its success says that it has
	reset   bool       // COM_RESET_CONNECTION
	expects expectation
	changed reported // what variables the server reported
	moved   bool     // the server reported a schema
	many    bool     // it is several statements

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
		said:               saidBy(l.response.Attributes),
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
	if r := s.head.reading; r != nil {
		r.unwanted.Store(true)
	}
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

const (
	maxKept  = 2 << 10  // the largest buffer that an idle session holds on to, in bytes
	maxAhead = 16 << 10 // how much of later commands is read while one is in flight, in bytes
)

// keep stores what fromClient could not handle yet.
func (s *session) keep(rest []byte) {
	if len(rest) == 0 {
		if cap(s.unjudged) > maxKept {
			s.unjudged = nil
		}
		s.unjudged = s.unjudged[:0]
		return
	}
	if len(s.unjudged) > 0 && &s.unjudged[0] == &rest[0] {
		s.unjudged = s.unjudged[:len(rest)] // a long command is not moved with each piece of it
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
	there, later := &atomic.Bool{}, s.wires.later()
	s.awaited, s.there = take, there
	return func() {
		there.Store(true)
		later()
	}
}

// resume goes on after await. A driver calls it as it calls fromClient.
func (s *session) resume() error {
	if s.awaited == nil || !s.there.Load() {
		return nil // it was for what an earlier command did not have to wait for
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
	return s.idle() || len(s.unjudged) < maxAhead || s.inflight.answer.phase == answerInfile
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
