package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// switchPlugin is the plug-in named to the backend in the place of the
// client's: one that no account uses, so that the backend answers with an
// AuthSwitchRequest, whose salt the client can then be given.
const switchPlugin = "guardrail_auth_switch"

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
