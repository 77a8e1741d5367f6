package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// supported are the capabilities that the proxy can relay and still read.
// Compression is between the proxy and each side (compress.go). Optional
// result-set metadata changes an answer's form, and is offered to neither.
const supported wire.Capability = mysql.CLIENT_LONG_PASSWORD | mysql.CLIENT_FOUND_ROWS | mysql.CLIENT_LONG_FLAG |
	mysql.CLIENT_CONNECT_WITH_DB | mysql.CLIENT_NO_SCHEMA | mysql.CLIENT_ODBC | mysql.CLIENT_IGNORE_SPACE |
	mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_INTERACTIVE | mysql.CLIENT_IGNORE_SIGPIPE | mysql.CLIENT_TRANSACTIONS |
	mysql.CLIENT_RESERVED | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_MULTI_STATEMENTS | mysql.CLIENT_MULTI_RESULTS |
	mysql.CLIENT_PS_MULTI_RESULTS | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_CONNECT_ATTRS |
	mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | mysql.CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS |
	mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF | mysql.CLIENT_LOCAL_FILES | mysql.CLIENT_QUERY_ATTRIBUTES |
	mysql.CLIENT_COMPRESS | mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM

// supportedMariaDB are those of MariaDB's extended capabilities.
const supportedMariaDB = wire.MariaDBProgress | wire.MariaDBBulkOperations | wire.MariaDBExtendedMetadata | wire.MariaDBCacheMetadata

// switchPlugin is the plug-in named to the backend in the place of the
// client's: one that no account uses, so that the backend answers with an
// AuthSwitchRequest, whose salt the client can then be given.
const switchPlugin = "guardrail_auth_switch"

// login is one client's connection phase: greet, read who it is, ask the
// policy, dial the backend, pass the authentication through, learn the
// session's state, tell the client OK. It runs on the client's own goroutine
// under one deadline.
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
	var unset errNotSet
	switch {
	case errors.As(err, &unset):
		return nil, s.notSet(unset)
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

// greet sends the proxy's own greeting, in the backend's words. To an address
// that has logged in before it carries the thread id of the backend's
// connection that waits for it.
func (l *login) greet(ctx context.Context) error {
	facts := l.server.backend.greeting(ctx)
	l.threadID = newThreadID()
	if l.server.backend.keepsReady() && l.server.backend.spare.knows(l.from) {
		if up, err := l.server.backend.ready(ctx); err == nil {
			l.up, facts, l.threadID = up, up.greeting, up.greeting.ThreadID
		}
	}
	l.offered = facts.Capabilities & supported
	if l.server.options.ClientTLS != nil {
		l.offered |= mysql.CLIENT_SSL
	}
	greeting := wire.Greeting{
		ServerVersion: facts.ServerVersion,
		ThreadID:      l.threadID,
		Salt:          newSalt(),
		Capabilities:  l.offered,
		Collation:     facts.Collation,
		Status:        facts.Status,
		AuthPlugin:    facts.AuthPlugin,

		MariaDBCapabilities: facts.MariaDBCapabilities & supportedMariaDB,
	}
	return l.write(greeting.Append(nil))
}

// identify reads the client's response, after TLS where the client asks for it.
func (l *login) identify(ctx context.Context) error {
	payload, err := l.read()
	if err != nil {
		return err
	}
	if wire.IsSSLRequest(payload) && l.server.options.ClientTLS != nil {
		secured := tls.Server(&replaceable{l.client}, l.server.options.ClientTLS)
		if err := secured.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS with client: %w", err)
		}
		l.client, l.secure = secured, true
		if payload, err = l.read(); err != nil {
			return err
		}
	}
	if l.response, err = wire.DecodeHandshakeResponse(payload); err != nil {
		return refusal{wire.Err{Code: mysql.ER_HANDSHAKE_ERROR, SQLState: "08S01", Message: "Bad handshake: Guardrail speaks to clients of MySQL 4.1 and later"}, err}
	}
	l.response.Capabilities &= l.offered // clients may claim what nobody offered
	if l.server.options.RequireTLS && !l.secure {
		return refuseLogin(3159, "HY000", "Connections using insecure transport are prohibited by this Guardrail listener: enable TLS in the client")
	}
	if l.response.Capabilities&mysql.CLIENT_PLUGIN_AUTH == 0 {
		return refuseLogin(mysql.ER_NOT_SUPPORTED_AUTH_MODE, "08004", "Client does not support authentication protocol requested by server; consider upgrading MySQL client")
	}
	return nil
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

// connect answers the backend's greeting, on the connection that waits or a new
// one, and returns the backend's first message. One that waited may have been
// closed meanwhile.
func (l *login) connect(ctx context.Context) (first []byte, err error) {
	waited := l.up != nil
	if !waited {
		if l.up, err = l.server.backend.readyFor(ctx, netip.AddrPortFrom(l.from, l.port)); err != nil {
			return nil, err
		}
	}
	if first, err = l.respond(ctx); err == nil || !waited {
		return first, err
	}
	_ = l.up.conn.Close()
	if l.up, err = l.server.backend.dial(ctx, netip.AddrPort{}); err != nil {
		return nil, err
	}
	return l.respond(ctx)
}

func (l *login) respond(ctx context.Context) (first []byte, err error) {
	if err := l.up.respond(ctx, l.forBackend(), l.backendTLS()); err != nil {
		return nil, err
	}
	return l.up.read()
}

// backendTLS is what the backend's connection is to be secured with; nil for nothing.
func (l *login) backendTLS() *tls.Config {
	config := l.server.options.Backend.TLS
	if config == nil || !l.server.options.Backend.FollowClient {
		return config
	}
	secured, ok := l.client.(*tls.Conn)
	if !ok {
		return nil
	}
	config = config.Clone()
	config.MaxVersion = secured.ConnectionState().Version
	return config
}

// forBackend is the client's response as the backend gets it: the same user,
// schema, collation and attributes, with the capabilities that all three sides have.
func (l *login) forBackend() wire.HandshakeResponse {
	r := l.response
	r.Capabilities = l.response.Capabilities&supported&l.up.greeting.Capabilities |
		mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH |
		l.up.greeting.Capabilities&(mysql.CLIENT_SESSION_TRACK|mysql.CLIENT_CONNECT_ATTRS)
	r.Capabilities &^= mysql.CLIENT_SSL
	r.MariaDBCapabilities &= supportedMariaDB & l.up.greeting.MariaDBCapabilities
	if r.Capabilities&mysql.CLIENT_CONNECT_ATTRS != 0 {
		r.Attributes = l.server.ownAttributes(r.Attributes, l.from)
	}
	r.AuthResponse = nil
	r.AuthPlugin = switchPlugin
	return r
}

// authenticate relays the authentication plug-ins' messages, from the backend's
// first on, until it says OK, which is returned, or ERR.
func (l *login) authenticate(message []byte) (final []byte, err error) {
	a := l.authentication()
	for {
		r, err := a.fromServer(message)
		if err != nil || r.ok != nil {
			return r.ok, err
		}
		if err := l.relay(r); err != nil {
			return nil, err
		}
		if err := l.clientTurns(&a); err != nil {
			return nil, err
		}
		if message, err = l.up.read(); err != nil {
			return nil, fmt.Errorf("authentication, from backend: %w", err)
		}
	}
}

// clientTurns relays the client's messages while it is its turn.
func (l *login) clientTurns(a *authentication) error {
	for a.wantsClient() {
		answer, err := l.read()
		if err != nil {
			return err
		}
		r, err := a.fromClient(answer)
		if err != nil {
			return err
		}
		if err := l.relay(r); err != nil {
			return err
		}
	}
	return nil
}

func (l *login) authentication() authentication {
	return authentication{
		clientSecure: l.secure,
		serverSecure: l.up.secure,
		ownKey:       l.server.rsaKey,
		mariaDB:      l.up.flavour() == sqlparse.MariaDB,
	}
}

// relay sends what an authentication message came to.
func (l *login) relay(r relayed) error {
	if r.client != nil {
		if err := l.write(r.client); err != nil {
			return err
		}
	}
	if r.server != nil {
		return l.up.write(r.server)
	}
	return nil
}

// admitted tells the client OK, in the form it negotiated.
func (l *login) admitted(s *session, final []byte) error {
	ok, err := wire.DecodeOK(final, s.serverCapabilities)
	if err != nil {
		return err
	}
	return l.write(ok.Append(nil, s.clientCapabilities))
}

// tell sends the client the error that it may know of.
func (l *login) tell(err error) {
	var fromServer serverError
	var refused refusal
	var answer wire.Err
	switch {
	case errors.As(err, &fromServer):
		answer = fromServer.Err
	case errors.As(err, &refused):
		answer = refused.Err
	case l.response.User == "" && errors.Is(err, wire.ErrMalformed):
		answer = wire.Err{Code: mysql.ER_HANDSHAKE_ERROR, SQLState: "08S01", Message: "Bad handshake"}
	case l.response.User == "" && l.seq > 1:
		return // no client that we know: a port scan, a broken TLS handshake
	default:
		// Not 2003, the client library's own number for this: MariaDB's takes an
		// error of that range for a malformed packet.
		answer = wire.Err{Code: mysql.ER_CONNECT_TO_FOREIGN_DATA_SOURCE, SQLState: "08S01", Message: "Guardrail cannot connect this client to backend '" + l.server.options.Backend.Name + "': ask the operators of the proxy, its log says why"}
	}
	if l.seq == 0 {
		answer.SQLState = "" // errors in the place of a greeting carry none
	}
	if err := l.write(answer.Append(nil)); err != nil {
		l.server.options.Log.Debug("the client left before it could be told of its failed login", zap.Error(err))
	}
}

func (l *login) read() ([]byte, error) {
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

// newSalt makes a challenge of printable bytes, as the server does: a NUL
// would end it early in some clients.
func newSalt() []byte {
	salt := make([]byte, wire.SaltLen)
	_, _ = rand.Read(salt) // never fails: crypto/rand
	for i, b := range salt {
		salt[i] = '!' + b%('~'-'!')
	}
	return salt
}

// refusal is an error that the client is told in these words; cause stays in the log.
type refusal struct {
	wire.Err
	cause error
}

func (r refusal) Error() string { return fmt.Sprintf("refused: error %d: %s", r.Code, r.Message) }
func (r refusal) Unwrap() error { return r.cause }

func refuseLogin(code uint16, state, message string) error {
	return refusal{Err: wire.Err{Code: code, SQLState: state, Message: message}}
}
