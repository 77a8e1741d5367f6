package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// supported are the capabilities that the proxy can relay and still read. What
// stands outside is offered to neither side: compression and query attributes
// would hide a statement's text, LOCAL INFILE turns the client's packets into
// data, optional metadata and MariaDB's extensions change an answer's form.
const supported wire.Capability = mysql.CLIENT_LONG_PASSWORD | mysql.CLIENT_FOUND_ROWS | mysql.CLIENT_LONG_FLAG |
	mysql.CLIENT_CONNECT_WITH_DB | mysql.CLIENT_NO_SCHEMA | mysql.CLIENT_ODBC | mysql.CLIENT_IGNORE_SPACE |
	mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_INTERACTIVE | mysql.CLIENT_IGNORE_SIGPIPE | mysql.CLIENT_TRANSACTIONS |
	mysql.CLIENT_RESERVED | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_MULTI_STATEMENTS | mysql.CLIENT_MULTI_RESULTS |
	mysql.CLIENT_PS_MULTI_RESULTS | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_CONNECT_ATTRS |
	mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | mysql.CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS |
	mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF

// switchPlugin is the plug-in named to the backend in the place of the
// client's: one that no account uses, so that the backend answers with an
// AuthSwitchRequest, whose salt the client can then be given.
const switchPlugin = "guardrail_auth_switch"

var threadIDs atomic.Uint32

// login is one client's connection phase: greet, read who it is, ask the
// policy, dial the backend, pass the authentication through, learn the
// session's state, tell the client OK. It runs on the client's own goroutine
// under one deadline.
type login struct {
	server   *Server
	client   net.Conn
	raw      net.Conn // client, or the TCP connection under its TLS
	seq      byte     // of the next packet either way
	secure   bool
	from     netip.Addr
	response wire.HandshakeResponse
	salt     []byte
	policy   *policy.Current // the one the login is judged by
	app      *policy.App
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
	l.tell(err)
	_ = l.client.Close()
	if l.up != nil {
		_ = l.up.conn.Close()
	}
	return nil, err
}

func (l *login) steps(ctx context.Context) (*session, error) {
	facts, err := l.server.backend.greeting(ctx)
	if err != nil {
		return nil, err
	}
	if err := l.greet(facts); err != nil {
		return nil, err
	}
	if err := l.identify(ctx); err != nil {
		return nil, err
	}
	if err := l.admit(); err != nil {
		return nil, err
	}
	if l.up, err = l.server.backend.dial(ctx); err != nil {
		return nil, err
	}
	if err := l.up.respond(ctx, l.forBackend(), l.server.options.Backend.TLS); err != nil {
		return nil, err
	}
	final, err := l.authenticate()
	if err != nil {
		return nil, err
	}
	s := newSession(l)
	if err := s.learn(l.up.conn); err != nil {
		return nil, err
	}
	if err := l.enter(s.state.schema, s.state.lowerCaseNames); err != nil {
		return nil, err
	}
	return s, l.admitted(s, final)
}

// greet sends the proxy's own greeting, in the backend's words.
func (l *login) greet(facts wire.Greeting) error {
	l.salt = newSalt()
	offered := facts.Capabilities & supported &^ mysql.CLIENT_SSL
	if l.server.options.ClientTLS != nil {
		offered |= mysql.CLIENT_SSL
	}
	greeting := wire.Greeting{
		ServerVersion: facts.ServerVersion,
		ThreadID:      threadIDs.Add(1),
		Salt:          l.salt,
		Capabilities:  offered,
		Collation:     facts.Collation,
		Status:        facts.Status,
		AuthPlugin:    facts.AuthPlugin,
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
		secured := tls.Server(l.client, l.server.options.ClientTLS)
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
func (l *login) admit() error {
	l.policy = l.server.options.Policies.Current()
	app, decision := l.policy.Set.Login(l.response.User, l.from, l.server.options.Now())
	if decision.Action != policy.Allow {
		return l.server.refusedLogin(l, decision)
	}
	l.app = app
	if l.response.Capabilities&mysql.CLIENT_CONNECT_WITH_DB == 0 {
		return nil
	}
	// How the server compares names is not known yet: fold them here, and ask
	// again when it is.
	return l.enter(l.response.Database, true)
}

// enter asks the policy about the schema that the client names.
func (l *login) enter(schema string, lowerCaseNames bool) error {
	if schema == "" {
		return nil
	}
	decision := l.app.Decide(policy.Request{
		Now:            l.server.options.Now(),
		LowerCaseNames: lowerCaseNames,
		Statements:     []sqlparse.Statement{useSchema(schema)},
	})
	if decision.Action != policy.Allow {
		return l.server.refusedLogin(l, decision)
	}
	return nil
}

// forBackend is the client's response as the backend gets it: the same user,
// schema, collation and attributes, with the capabilities that all three sides have.
func (l *login) forBackend() wire.HandshakeResponse {
	r := l.response
	r.Capabilities = l.response.Capabilities&supported&l.up.greeting.Capabilities |
		mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH |
		l.up.greeting.Capabilities&mysql.CLIENT_SESSION_TRACK
	r.Capabilities &^= mysql.CLIENT_SSL
	r.MariaDBCapabilities = 0
	r.AuthResponse = nil
	r.AuthPlugin = switchPlugin
	return r
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
