package proxy_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
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
}

// login logs a raw client in over a plain connection, without a schema and
// without CLIENT_SESSION_TRACK and CLIENT_DEPRECATE_EOF.
func login(t testing.TB, addr, user string) *rawClient {
	t.Helper()
	c := dialRaw(t, addr)
	greeting, err := wire.DecodeGreeting(c.read(t))
	if err != nil {
		t.Fatal(err)
	}
	c.send(t, 1, wire.HandshakeResponse{
		Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_MULTI_STATEMENTS | mysql.CLIENT_MULTI_RESULTS | mysql.CLIENT_LONG_PASSWORD,
		Collation:    45, User: user, AuthPlugin: greeting.AuthPlugin,
	}.Append(nil)...)
	var salt []byte
	for {
		message := c.read(t)
		switch message[0] {
		case wire.HeaderOK:
			return c
		case wire.HeaderErr:
			e, _ := wire.DecodeErr(message)
			t.Fatalf("login: %d %s", e.Code, e.Message)
		case wire.AuthSwitchRequest:
			request, err := wire.DecodeAuthSwitch(message)
			if err != nil {
				t.Fatal(err)
			}
			salt = request.Salt()
			c.answer(t, scramble(t, request))
		case wire.AuthMoreData:
			if message[1] == wire.SHA2FullAuth {
				c.answer(t, []byte{wire.SHA2RequestPublicKey})
				c.answer(t, encrypt(t, c.read(t)[1:], salt))
			}
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
