package proxy_test

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// rawClient speaks packets.
type rawClient struct {
	conn net.Conn
	out  []byte
	next byte // sequence id behind the packet read last

	greeting wire.Greeting
}

// oldest are the capabilities that every client has, and several statements.
const oldest = mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH |
	mysql.CLIENT_MULTI_STATEMENTS | mysql.CLIENT_MULTI_RESULTS | mysql.CLIENT_LONG_PASSWORD

// login logs a raw client in over a plain connection, without a schema, and
// with no capability beyond the oldest but those that are named.
func login(t testing.TB, addr, user string, also ...wire.Capability) *rawClient {
	t.Helper()
	capabilities := wire.Capability(oldest)
	for _, more := range also {
		capabilities |= more
	}
	return loginWith(t, addr, user, capabilities)
}

func loginWith(t testing.TB, addr, user string, capabilities wire.Capability) *rawClient {
	t.Helper()
	return loginAs(t, addr, wire.HandshakeResponse{Capabilities: capabilities, User: user}, nil)
}

// loginOver is login over TLS, where there is a configuration.
func loginOver(t testing.TB, addr, user string, config *tls.Config, also ...wire.Capability) *rawClient {
	t.Helper()
	r := wire.HandshakeResponse{Capabilities: oldest, User: user}
	for _, more := range also {
		r.Capabilities |= more
	}
	return loginAs(t, addr, r, config)
}

// loginAs logs in with a response of the caller's, whose plug-in and collation it adds.
func loginAs(t testing.TB, addr string, r wire.HandshakeResponse, config *tls.Config) *rawClient {
	t.Helper()
	c := dialRaw(t, addr)
	var err error
	if c.greeting, err = wire.DecodeGreeting(c.read(t)); err != nil {
		t.Fatal(err)
	}
	r.Collation, r.AuthPlugin, r.ZstdLevel = 45, "asks_for_a_switch", 3
	if config != nil {
		r.Capabilities |= mysql.CLIENT_SSL
		c.answer(t, r.AppendSSLRequest(nil))
		c.conn, c.next = tls.Client(c.conn, config), c.next+1
	}
	c.answer(t, r.Append(nil))
	if e := c.authenticate(t); e != nil {
		t.Fatalf("login: %d %s", e.Code, e.Message)
	}
	return c
}

// authenticate answers the server's plug-ins, and returns its error or nil.
func (c *rawClient) authenticate(t testing.TB) *wire.Err {
	t.Helper()
	var salt []byte
	for {
		message := c.read(t)
		switch message[0] {
		case wire.HeaderOK:
			return nil
		case wire.HeaderErr:
			e, err := wire.DecodeErr(message)
			if err != nil {
				t.Fatal(err)
			}
			return &e
		case wire.AuthSwitchRequest:
			request, err := wire.DecodeAuthSwitch(message)
			if err != nil {
				t.Fatal(err)
			}
			salt = request.Salt()
			c.answer(t, scramble(t, request))
		case wire.AuthMoreData:
			_, secure := c.conn.(*tls.Conn)
			switch {
			case message[1] == wire.SHA2FullAuth && secure:
				c.answer(t, []byte(mysqltest.Password+"\x00"))
			case message[1] == wire.SHA2FullAuth:
				c.answer(t, []byte{wire.SHA2RequestPublicKey})
				c.answer(t, encrypt(t, c.read(t)[1:], salt))
			}
		}
	}
}

// text runs a query of one column and one row, and returns it.
func (c *rawClient) text(t testing.TB, query string) string {
	t.Helper()
	c.send(t, 0, append([]byte{mysql.COM_QUERY}, query...)...)
	for range 3 { // the column count, its definition, an EOF
		if got := c.read(t); got[0] == wire.HeaderErr {
			t.Fatalf("%s: %q", query, got)
		}
	}
	row, err := wire.DecodeTextRow(c.read(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	c.read(t)
	return string(row[0])
}

// connectionID asks the server for its own id of the connection.
func (c *rawClient) connectionID(t testing.TB) uint32 {
	t.Helper()
	id, err := strconv.ParseUint(c.text(t, "SELECT CONNECTION_ID()"), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(id)
}

// answered reads the answer to a query of one column, whatever it is.
func (c *rawClient) answered() {
	for ends := 0; ends < 2; { // of the definitions and of the rows
		payload, _, err := wire.ReadMessage(c.conn, 1<<20)
		if err != nil || payload[0] == wire.HeaderErr {
			return
		}
		if payload[0] == wire.HeaderEOF {
			ends++
		}
	}
}

// gone fails where the connection does not end soon.
func (c *rawClient) gone(t testing.TB) {
	t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := wire.ReadMessage(c.conn, 1<<20); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still there")
			}
			return
		}
	}
}

func dialRaw(t testing.TB, addr string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &rawClient{conn: conn}
}

func (c *rawClient) queue(seq byte, payload ...byte) {
	c.out, _ = wire.AppendPacket(c.out, seq, payload)
}

func (c *rawClient) flush(t testing.TB) {
	t.Helper()
	if _, err := c.conn.Write(c.out); err != nil {
		t.Fatal(err)
	}
	c.out = nil
}

func (c *rawClient) send(t testing.TB, seq byte, payload ...byte) {
	t.Helper()
	c.queue(seq, payload...)
	c.flush(t)
}

func (c *rawClient) answer(t testing.TB, payload []byte) {
	t.Helper()
	c.send(t, c.next, payload...)
}

func (c *rawClient) read(t testing.TB) []byte {
	t.Helper()
	payload, next, err := wire.ReadMessage(c.conn, 1<<20)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	c.next = next
	return payload
}

// err reads an ERR packet.
func (c *rawClient) err(t testing.TB) wire.Err {
	t.Helper()
	payload := c.read(t)
	e, err := wire.DecodeErr(payload)
	if err != nil {
		t.Fatalf("not an error: % x", payload)
	}
	return e
}

func scramble(t testing.TB, request wire.AuthSwitch) []byte {
	t.Helper()
	switch request.Plugin {
	case mysql.AUTH_NATIVE_PASSWORD:
		return mysql.CalcNativePassword(request.Salt(), []byte(mysqltest.Password))
	case mysql.AUTH_CACHING_SHA2_PASSWORD:
		return mysql.CalcCachingSha2Password(request.Salt(), []byte(mysqltest.Password))
	}
	t.Fatalf("plug-in %s", request.Plugin)
	return nil
}

// encrypt is caching_sha2_password's RSA step.
func encrypt(t testing.TB, key, salt []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	if block == nil {
		t.Fatalf("not a PEM key: %q", key)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := mysql.EncryptPassword(mysqltest.Password, salt, public.(*rsa.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// greetingOf reads a listener's greeting and hangs up.
func greetingOf(t testing.TB, addr string) wire.Greeting {
	t.Helper()
	greeting, err := wire.DecodeGreeting(dialRaw(t, addr).read(t))
	if err != nil {
		t.Fatal(err)
	}
	return greeting
}

func sslRequest() []byte {
	return wire.HandshakeResponse{Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SSL | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH}.AppendSSLRequest(nil)
}

// relayAndCount relays connections to addr until the end of t, and returns a
// function that tells how many there were.
func relayAndCount(t testing.TB, listener net.Listener, addr string) func() int {
	t.Helper()
	var count atomic.Int32
	var relays sync.WaitGroup
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			server, err := net.Dial("tcp", addr)
			if err != nil {
				client.Close()
				continue
			}
			relay := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				to.Close()
				from.Close()
			}
			relays.Go(func() { relay(server, client) })
			relays.Go(func() { relay(client, server) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		relays.Wait()
	})
	return func() int { return int(count.Load()) }
}
