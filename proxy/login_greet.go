package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
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
		_ = l.raw.SetReadDeadline(time.Time{}) // the handshake has that of the login
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
