package proxy_test

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// relayIn relays connections to addr in pieces of the given size, both ways,
// and returns where it listens.
func relayIn(t testing.TB, addr string, size int) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var relays sync.WaitGroup
	relay := func(to, from net.Conn) {
		defer to.Close()
		buffer := make([]byte, size)
		for {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				client.Close()
				continue
			}
			relays.Go(func() { relay(server, client) })
			relays.Go(func() { relay(client, server) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		relays.Wait()
	})
	return listener.Addr().String()
}

// versions of TLS: their records differ, and so does what follows the handshake.
var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func TestRecordsThatComeInPieces(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		for name, version := range versions {
			for _, size := range []int{1, 5, 1000} { // a byte, a record's header, a part of a record
				t.Run(name+"/"+strconv.Itoa(size), func(t *testing.T) {
					backend := s.TLS(t)
					backend.MaxVersion = version
					g := start(t, relayIn(t, s.Addr(), size), everything, func(o *proxy.Options) { o.Backend.TLS = backend })
					c := loginOver(t, relayIn(t, g.addr, size), "app", &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
					for _, length := range []int{1, 16 << 10, 50_000} {
						want := strings.Repeat("x", length)
						if got := c.text(t, "SELECT '"+want+"'"); got != want {
							t.Errorf("%d bytes come as %d", len(want), len(got))
						}
					}
				})
			}
		}
	})
}

func TestManyRecordsThatComeAtOnce(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything, toBackend(t, s))
		c := loginOver(t, g.addr, "app", &tls.Config{InsecureSkipVerify: true})
		const commands = 300
		for range commands {
			if _, err := c.conn.Write([]byte{1, 0, 0, 0, mysql.COM_PING}); err != nil { // each a record
				t.Fatal(err)
			}
		}
		for i := range commands {
			if answer := c.read(t); answer[0] != wire.HeaderOK {
				t.Fatalf("answer %d: % x", i, answer)
			}
		}
	})
}

// lastRecord notes the type of the record that was read last, where each comes by itself.
type lastRecord struct {
	net.Conn
	kind byte
}

func (l *lastRecord) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.kind = p[0]
	}
	return n, err
}

// A connection that ends without an alert may have been cut off by somebody else.
func TestAClientBehindTLSIsToldThatItsConnectionEnds(t *testing.T) {
	const alert = 21
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything, toBackend(t, s))
		c := loginOver(t, g.addr, "app", &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		last := &lastRecord{Conn: c.conn.(*tls.Conn).NetConn()}
		if err := g.server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, last)
		if last.kind != alert {
			t.Errorf("the last record is of type %d", last.kind)
		}
	})
}

func TestIdleSessionsKeepNoGoroutine(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything, toBackend(t, s))
		loginOver(t, g.addr, "app", nil).text(t, "SELECT 1")
		before := runtime.NumGoroutine()
		const idle = 40
		for _, config := range []*tls.Config{nil, {InsecureSkipVerify: true}} {
			for range idle / 2 {
				loginOver(t, g.addr, "app", config).text(t, "SELECT 1")
			}
		}
		eventually(t, "the goroutines of the logins end", func() bool { return runtime.NumGoroutine() <= before+2 })
	})
}
