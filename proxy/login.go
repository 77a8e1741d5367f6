package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/wire"
)

// login is one client's connection phase: greet, read who it is, ask the
// policy, dial the backend, pass the authentication through, learn the
// session's state, tell the client OK. It runs on the client's own goroutine
// under one deadline, and under one for each message of the client's.
type login struct {
	server   *Server
	client   net.Conn
	raw      net.Conn // client, or the TCP connection under its TLS
	seq      byte     // of the next packet either way
	secure   bool     // TLS, or a Unix socket
	from     netip.Addr
	port     uint16
	response wire.HandshakeResponse
	threadID uint32          // in the greeting
	offered  wire.Capability // so is this
	policy   *policy.Current // the one the login is judged by
	app      *policy.App
	usage    *appUsage // where the connection is counted; nil while it is not
	up       *upstream
}

// run logs the client in. On success the client has been told OK and the
// session is ready for its first command. On failure it has been told why, as
// far as that is anything it may know, and both connections are closed.
func (l *login) run(ctx context.Context) (*session, error) {
	s, err := l.steps(ctx)
	if err == nil {
		return s, nil
	}
	if l.usage != nil {
		l.usage.leave() // before the client knows: its place is free when it tries again
	}
	l.tell(err)
	_ = l.client.Close()
	switch {
	case l.up == nil:
	case l.up.used:
		_ = l.up.conn.Close()
	default:
		l.server.backend.spare.put(l.up)
	}
	return nil, err
}

func (l *login) steps(ctx context.Context) (*session, error) {
	if err := l.greet(ctx); err != nil {
		return nil, err
	}
	if err := l.identify(ctx); err != nil {
		return nil, err
	}
	if err := l.admit(); err != nil {
		return nil, err
	}
	first, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	l.server.running.Go(l.server.refill)
	final, err := l.authenticate(first)
	if err != nil {
		return nil, err
	}
	return l.begin(ctx, final)
}

// begin learns the session's state and whether this is the right server, and
// tells the client OK.
func (l *login) begin(ctx context.Context, final []byte) (_ *session, err error) {
	s := newSession(l)
	if l.up.conn, err = l.server.compress(l.up.conn, s.serverCapabilities, l.response.ZstdLevel); err != nil {
		return nil, err
	}
	who, err := s.learn(l.up.conn)
	var why turnedAway
	switch {
	case errors.As(err, &why):
		return nil, why.refuse(s)
	case err != nil:
		return nil, err
	}
	if err := l.verify(ctx, s, who); err != nil {
		return nil, err
	}
	if s.state.sandboxed {
		s.state.schema = l.schema()
	}
	if err := l.server.enter(l.admission(s.state.schema, s.state.lowerCaseNames), l.app); err != nil {
		return nil, err
	}
	l.server.backend.spare.remember(l.from)
	l.server.threads.add(s.thread)
	err = l.admitted(s, final)
	if err == nil {
		l.client, err = l.server.compress(l.client, s.clientCapabilities, l.response.ZstdLevel)
	}
	if err != nil {
		l.server.threads.remove(s.thread)
	}
	return s, err
}

// admit asks the policy about the account, where it comes from and the schema
// it names, before anything reaches the backend.
func (l *login) admit() (err error) {
	l.policy = l.server.options.Policies.Current()
	// How the server compares names is not known yet: fold them here, and ask
	// again when it is.
	a := l.admission(l.schema(), true)
	a.tentative = true
	if l.app, err = l.server.admit(a); err == nil {
		a.tentative = false
		l.usage, err = l.server.enrol(a, l.app)
	}
	return err
}

// schema is the default schema that the client asks for.
func (l *login) schema() string {
	if l.response.Capabilities&mysql.CLIENT_CONNECT_WITH_DB == 0 {
		return ""
	}
	return l.response.Database
}

func (l *login) admission(schema string, lowerCaseNames bool) admission {
	return admission{
		set: l.policy.Set, user: l.response.User, from: l.from, schema: schema, lowerCaseNames: lowerCaseNames,
		declared: declared(l.response.Attributes, l.server.options.Environment), said: saidBy(l.response.Attributes),
	}
}

func (l *login) read() ([]byte, error) {
	l.server.expect(l.raw)
	payload, next, err := wire.ReadMessage(l.client, maxLoginMessage)
	l.seq = next
	if err != nil {
		return nil, fmt.Errorf("read from client: %w", err)
	}
	return payload, nil
}

func (l *login) write(payload []byte) error {
	packet, next := wire.AppendPacket(nil, l.seq, payload)
	l.seq = next
	_, err := l.client.Write(packet)
	return err
}
