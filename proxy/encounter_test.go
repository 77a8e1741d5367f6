package proxy_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// encounter is a scripted client and a scripted server with a proxy between them.
type encounter struct {
	turns                  [][][]byte // of the server's authentication
	clientTLS              bool
	capabilities           wire.Capability    // of both, beyond what all have
	says                   []packet           // of the client, when it is logged in
	fromClient, fromServer *mysqltest.Damager // may be nil

	// what came of it
	script *mysqltest.Script
	told   []byte // the client's last message of the connection phase; nil where it ended before
	err    error  // that ended it, or a later read
}

// packet is one of a client's.
type packet struct {
	seq     byte
	payload string
}

// meeting is a proxy before a scripted server, and what it logs of errors.
type meeting struct {
	guard   *guard
	server  *mysqltest.ScriptServer
	logged  *observer.ObservedLogs
	backend bool // its connection to the server has TLS
}

// meet starts a proxy whose logins may take as long as limit.
func meet(t *testing.T, backendTLS bool, limit time.Duration) *meeting {
	t.Helper()
	certificates := selfSigned(t)
	core, logged := observer.New(zapcore.ErrorLevel)
	extra := func() mysqltest.Scene {
		return mysqltest.Scene{Script: &mysqltest.Script{Version: scriptVersion, Turns: nativeTurns}, Capabilities: scriptOffers, Done: make(chan struct{})}
	}
	m := &meeting{server: mysqltest.NewScriptServer(t, certificates, extra), logged: logged, backend: backendTLS}
	m.guard = start(t, m.server.Addr(), meetingPolicy, func(o *proxy.Options) {
		o.LoginTimeout, o.Backend.ProxyProtocol, o.Log = limit, 2, zap.New(core)
		if backendTLS {
			o.Backend.TLS = &tls.Config{InsecureSkipVerify: true}
		}
	})
	return m
}

// meetingPolicy is an app that may do much, and not destroy.
const meetingPolicy = `
app: app
accounts: [app]
environments: [production]
grants: ['SELECT, INSERT, UPDATE, DELETE, EXECUTE, LOAD DATA LOCAL ON shop.*']
require: ['WHERE FOR DELETE']
`

const (
	scriptVersion = "9.7.4"
	scriptOffers  = oldest | mysql.CLIENT_SSL | mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF | mysql.CLIENT_CONNECT_WITH_DB |
		mysql.CLIENT_CONNECT_ATTRS | mysql.CLIENT_LOCAL_FILES | mysql.CLIENT_QUERY_ATTRIBUTES | mysql.CLIENT_COMPRESS | mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM
	loginSalt = "abcdefghijklmnopqrst"
)

// asks is a server's request for a plug-in.
func asks(plugin string) []byte { return []byte("\xfe" + plugin + "\x00" + loginSalt + "\x00") }

var (
	serverOK    = wire.OK{Status: 2}.Append(nil, 0)
	nativeTurns = [][][]byte{{asks(mysql.AUTH_NATIVE_PASSWORD)}, {serverOK}}
	serverKey   = sync.OnceValue(func() []byte { // the message with a server's RSA key
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			panic(err)
		}
		return append([]byte{wire.AuthMoreData}, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	})
)

// run plays an encounter to its end.
func (m *meeting) run(t *testing.T, e *encounter) {
	conn, err := net.Dial("tcp", m.guard.addr)
	if err != nil {
		e.err = err
		return
	}
	e.script = &mysqltest.Script{Version: scriptVersion, Turns: e.turns, SQLMode: "STRICT_ALL_TABLES", Unnumbered: e.capabilities&(mysql.CLIENT_COMPRESS|mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM) != 0}
	scene := mysqltest.Scene{Script: e.script, Damager: e.fromServer, Capabilities: scriptOffers, Done: make(chan struct{})}
	m.server.Register(conn.LocalAddr(), scene)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	e.talk(conn, mysqltest.NewDamagedStream(conn, e.fromClient))
	conn.Close()
	if m.server.Forget(conn.LocalAddr()) {
		return // the proxy never called the server
	}
	select {
	case <-scene.Done:
	case <-time.After(20 * time.Second):
		t.Errorf("the server's connection is still open: %v", e.err)
	}
}

// talk is the client.
func (e *encounter) talk(conn net.Conn, stream *mysqltest.DamagedStream) {
	c := talker{stream: stream}
	if c.read(); e.clientTLS {
		c.write(e.response().AppendSSLRequest(nil))
		secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		if c.err == nil {
			c.err = secured.Handshake()
		}
		stream.Encrypt(secured)
	}
	c.write(e.response().Append(nil))
	e.told = c.authenticate(e.clientTLS)
	if e.err = c.err; e.err != nil || e.told[0] != wire.HeaderOK {
		return
	}
	var codecs wire.Codecs
	_ = stream.Compress(&codecs, wire.CompressionOf(e.capabilities))
	for _, p := range e.says {
		if c.seq = p.seq; p.seq == 0 {
			stream.Begin()
		}
		c.write([]byte(p.payload))
	}
	if e.damaged() {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // it may wait for what never comes
	}
	for c.err == nil {
		c.read()
	}
	e.err = c.err
}

// damaged reports whether any packet is.
func (e *encounter) damaged() bool {
	return e.fromClient != nil && e.fromClient.Kind != 0 || e.fromServer != nil && e.fromServer.Kind != 0
}

func (e *encounter) response() wire.HandshakeResponse {
	r := wire.HandshakeResponse{
		Capabilities: oldest | mysql.CLIENT_CONNECT_WITH_DB | e.capabilities, Collation: 45, User: "app", Database: "shop",
		AuthResponse: []byte("01234567890123456789"), AuthPlugin: mysql.AUTH_NATIVE_PASSWORD,
	}
	if e.clientTLS {
		r.Capabilities |= mysql.CLIENT_SSL
	}
	return r
}

// check fails where something got past the policy.
func (e *encounter) check(t *testing.T) {
	t.Helper()
	if e.script == nil {
		t.Errorf("the proxy cannot be reached: %v", e.err)
		return
	}
	for _, done := range e.script.Executed {
		if strings.Contains(done.Text, "DROP") || done.Code == mysql.COM_DROP_DB || done.Code == mysql.COM_SHUTDOWN {
			t.Errorf("the server executed %q", done)
		}
	}
	if e.fromServer == nil && len(e.told) > 0 && e.told[0] == wire.HeaderOK && !e.script.Authenticated {
		t.Error("the client was let in, and the server has not let it in")
	}
	var late net.Error
	if e.told == nil && errors.As(e.err, &late) && late.Timeout() {
		t.Errorf("the login hangs: %v", e.err)
	}
}

// end fails where the proxy keeps anything, or has met an error that it did not expect.
func (m *meeting) end(t *testing.T) {
	t.Helper()
	eventually(t, "all sessions end", func() bool { return sessions(t, m.guard) == 0 })
	for _, entry := range m.logged.All() {
		t.Errorf("logged: %s %v", entry.Message, entry.ContextMap())
	}
}

// runAll plays encounters, some at a time.
func (m *meeting) runAll(t *testing.T, encounters []*encounter) {
	t.Helper()
	queue := make(chan *encounter)
	var players sync.WaitGroup
	for range 24 {
		players.Go(func() {
			for e := range queue {
				m.run(t, e)
			}
		})
	}
	for _, e := range encounters {
		queue <- e
	}
	close(queue)
	players.Wait()
	in := 0
	for _, e := range encounters {
		e.check(t)
		if len(e.told) > 0 && e.told[0] == wire.HeaderOK {
			in++
		}
	}
	t.Logf("%d encounters, %d clients let in", len(encounters), in)
	m.end(t)
}
