package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// maxLoginMessage bounds a message of the connection phase, in bytes. The
// largest in use carries 64 KiB of connection attributes.
const maxLoginMessage = 256 << 10

// backend is the server behind the proxy. Its last greeting is kept, because
// the proxy greets clients with the server's own version and capabilities
// before it dials.
type backend struct {
	options   BackendOptions
	dialer    net.Dialer
	facts     atomic.Pointer[wire.Greeting]
	untracked atomic.Bool // the server does not know the variables of session tracking
	reachable atomic.Bool // the last dial succeeded
	spare     spare
}

// upstream is one connection to the backend during its login.
type upstream struct {
	conn     net.Conn
	raw      net.Conn // conn, or the TCP connection under its TLS
	greeting wire.Greeting
	seq      byte // of the next packet either way
	secure   bool
	since    time.Time // when it was greeted
	used     bool      // the greeting was answered
}

// dial connects and reads the greeting. An ERR in its place (too many
// connections, host blocked) comes back as a serverError.
// client, where it is valid, is whom the connection is for.
func (b *backend) dial(ctx context.Context, client netip.AddrPort) (*upstream, error) {
	up, err := b.dialOnce(ctx, client)
	b.reachable.Store(err == nil)
	return up, err
}

func (b *backend) dialOnce(ctx context.Context, client netip.AddrPort) (*upstream, error) {
	conn, err := b.dialer.DialContext(ctx, "tcp", b.options.Address)
	if err != nil {
		return nil, fmt.Errorf("connect to backend: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if b.options.ProxyProtocol != 0 {
		if err := b.announce(conn, client); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	up := &upstream{conn: conn, raw: conn, since: time.Now()}
	if err := up.readGreeting(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	b.facts.Store(&up.greeting)
	return up, nil
}

func (u *upstream) readGreeting() error {
	payload, next, err := wire.ReadMessage(u.conn, maxLoginMessage)
	if err != nil {
		return fmt.Errorf("read the backend's greeting: %w", err)
	}
	if len(payload) > 0 && payload[0] == wire.HeaderErr {
		return asServerError(payload)
	}
	u.seq = next
	if u.greeting, err = wire.DecodeGreeting(payload); err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	return nil
}

// greeting returns the backend's last greeting. Where none is known yet, and
// the backend does not answer, it is one of our own: a client that may not come
// in is told so all the same.
func (b *backend) greeting(ctx context.Context) wire.Greeting {
	if g := b.facts.Load(); g != nil {
		return *g
	}
	up, err := b.dial(ctx, netip.AddrPort{})
	if err != nil {
		return unknownServer
	}
	b.keep(up)
	return up.greeting
}

// unknownServer greets in the place of a server that was never reached.
var unknownServer = wire.Greeting{
	ServerVersion: "8.0.0-guardrail",
	Capabilities:  supported &^ (mysql.CLIENT_COMPRESS | mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM | mysql.CLIENT_QUERY_ATTRIBUTES),
	Collation:     45, // utf8mb4_general_ci
	Status:        2,  // autocommit
	AuthPlugin:    mysql.AUTH_NATIVE_PASSWORD,
}

// respond answers the greeting, over TLS where the backend's options ask for it.
func (u *upstream) respond(ctx context.Context, response wire.HandshakeResponse, config *tls.Config) error {
	u.used = true
	if deadline, ok := ctx.Deadline(); ok {
		_ = u.conn.SetDeadline(deadline)
	}
	if config != nil {
		if u.greeting.Capabilities&mysql.CLIENT_SSL == 0 {
			return fmt.Errorf("backend offers no TLS: enable it there, or set tls mode disabled for this backend")
		}
		response.Capabilities |= mysql.CLIENT_SSL
		if err := u.write(response.AppendSSLRequest(nil)); err != nil {
			return err
		}
		secured := tls.Client(&replaceable{u.conn}, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS to backend: %w", err)
		}
		u.conn, u.secure = secured, true
	}
	return u.write(response.Append(nil))
}

// flavour is what the greeting's version says the server is.
func (u *upstream) flavour() sqlparse.Flavour {
	server, _ := sqlparse.ParseServer(u.greeting.ServerVersion)
	return server.Flavour
}

func (u *upstream) read() ([]byte, error) {
	payload, next, err := wire.ReadMessage(u.conn, maxLoginMessage)
	u.seq = next
	if err == nil && len(payload) == 0 {
		err = fmt.Errorf("backend sent an empty message: %w", wire.ErrMalformed)
	}
	return payload, err
}

func (u *upstream) write(payload []byte) error {
	packet, next := wire.AppendPacket(nil, u.seq, payload)
	u.seq = next
	_, err := u.conn.Write(packet)
	return err
}

// serverError is an error that the backend itself sent, to be passed on as it is.
type serverError struct{ wire.Err }

func (e serverError) Error() string { return fmt.Sprintf("backend: error %d: %s", e.Code, e.Message) }

func asServerError(payload []byte) error {
	e, err := wire.DecodeErr(payload)
	if err != nil {
		return fmt.Errorf("backend: %w", err)
	}
	return serverError{e}
}

// tracks reports whether the server reports session-state changes.
func (b *backend) tracks(capabilities wire.Capability) bool {
	return capabilities&mysql.CLIENT_SESSION_TRACK != 0 && !b.untracked.Load()
}

// Ready reports why the backend could not serve a client. It dials only when
// the last dial failed or there was none: a connection that greets and leaves
// counts against the proxy in the server's host cache (max_connect_errors).
// With a control account it also looks whether logins are refused for the
// server that the address leads to.
func (s *Server) Ready(ctx context.Context) error {
	if err := s.readyTag(ctx); err != nil {
		return err
	}
	if s.backend.reachable.Load() {
		return nil
	}
	up, err := s.backend.dial(ctx, netip.AddrPort{})
	if err != nil {
		return err
	}
	s.backend.keep(up)
	return nil
}
