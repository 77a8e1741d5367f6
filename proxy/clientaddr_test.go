package proxy_test

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/pires/go-proxyproto"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

// insidePolicy lets the account in from one network that no test runs in.
const insidePolicy = `
app: inside
accounts: [app@192.0.2.0/24]
environments: [production]
grants: [ALL ON *.*]
`

// balanced dials as a load balancer that speaks for a client.
func balanced(header []byte) func(*mysql.Config) {
	return func(c *mysql.Config) {
		c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				_, err = conn.Write(header)
			}
			return conn, err
		}
	}
}

func proxyHeader(t testing.TB, version byte, source string) []byte {
	t.Helper()
	from, err := net.ResolveTCPAddr("tcp", source)
	if err != nil {
		t.Fatal(err)
	}
	to := &net.TCPAddr{IP: from.IP, Port: 3306}
	header, err := proxyproto.HeaderProxyFromAddrs(version, from, to).Format()
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestALoadBalancerThatIsTrustedSaysWhoTheClientIs(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app", "ALL ON *.*")
	trusting := func(o *proxy.Options) { o.ProxyProtocolFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	trusts, distrusts := start(t, s.Addr(), insidePolicy, trusting), start(t, s.Addr(), insidePolicy)
	for _, row := range []struct {
		name   string
		g      *guard
		header []byte
		code   int // of the login; 0 where it succeeds, -1 where the connection ends
	}{
		{"version 1, from inside", trusts, proxyHeader(t, 1, "192.0.2.7:4711"), 0},
		{"version 2, from inside", trusts, proxyHeader(t, 2, "192.0.2.7:4711"), 0},
		{"version 2, from elsewhere", trusts, proxyHeader(t, 2, "198.51.100.1:4711"), 1045},
		{"IPv6", trusts, proxyHeader(t, 2, "[2001:db8::1]:4711"), 1045},
		{"a health check's header", trusts, append([]byte("\r\n\r\n\x00\r\nQUIT\n"), 0x20, 0, 0, 0), 1045},
		{"no header", trusts, nil, -1},
		{"half a header", trusts, []byte("PROXY TCP4 192.0.2.7"), -1},
		{"bytes behind the header", trusts, append(proxyHeader(t, 2, "192.0.2.7:4711"), "\x01\x00\x00\x01\x0e"...), -1},
		{"a header from whom nobody trusts", distrusts, proxyHeader(t, 1, "192.0.2.7:4711"), -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			pool := row.g.open(t, "app", "", balanced(row.header), func(c *mysql.Config) { c.Timeout, c.ReadTimeout = 1e9, 1e9 })
			_, err := pool.Conn(t.Context())
			got := codeOf(err)
			if err != nil && got == 0 {
				got = -1
			}
			if got != row.code && !(row.code == -1 && got == 1043) { // 1043: a handshake that is none
				t.Errorf("got %d, %v, want %d", got, err, row.code)
			}
		})
	}
}

func TestTheBackendIsToldTheClientsAddress(t *testing.T) {
	s := mysqltest.MariaDB(t, mysqltest.Args("--proxy-protocol-networks=127.0.0.1"))
	s.User(t, "app", "ALL ON *.*")
	policy := strings.Replace(insidePolicy, "app@192.0.2.0/24", "app", 1)
	for _, version := range []byte{1, 2} {
		g := start(t, s.Addr(), policy, func(o *proxy.Options) {
			o.ProxyProtocolFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			o.Backend.ProxyProtocol = version
		})
		for range 2 {
			c := one(t, g.open(t, "app", "", balanced(proxyHeader(t, 2, "192.0.2.7:4711"))))
			if got := value[string](t, c, "SELECT USER()"); got != "app@192.0.2.7" {
				t.Errorf("version %d: the server takes the client for %s", version, got)
			}
		}
	}
	g := start(t, s.Addr(), policy)
	c := one(t, g.open(t, "app", "", func(c *mysql.Config) { c.ConnectionAttributes = "program_name:test" }))
	if got := value[string](t, c, "SELECT USER()"); got != "app@localhost" {
		t.Errorf("without a header the server takes the client for %s", got)
	}
}

func TestConnectionAttributesAreKeptAndOursAdded(t *testing.T) {
	s := mysqltest.MySQL(t, mysqltest.PerformanceSchema())
	s.User(t, "app", "ALL ON *.*")
	g := start(t, s.Addr(), everything, func(o *proxy.Options) { o.Version = "1.2.3" })
	c := one(t, g.open(t, "app", "", func(c *mysql.Config) { c.ConnectionAttributes = "program_name:shop" }))
	for name, want := range map[string]string{"program_name": "shop", "_guardrail_version": "1.2.3", "_guardrail_client": "127.0.0.1"} {
		got := value[string](t, c, "SELECT COALESCE(MAX(ATTR_VALUE), '-') FROM performance_schema.session_connect_attrs"+
			" WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = ?", name)
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAUnixSocketAndIPv6(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), strings.Replace(shopPolicy, "[app]", `["app@127.0.0.1", "app@::1"]`, 1))
		for network, address := range map[string]string{"unix": filepath.Join(t.TempDir(), "s"), "tcp": "[::1]:0"} {
			listening := g.listen(t, network, address)
			for range 2 { // caching_sha2_password in full, which trusts a socket, then fast
				c := one(t, g.open(t, "app", "shop", func(c *mysql.Config) { c.Net, c.Addr = network, listening }))
				if got := value[string](t, c, "SELECT note FROM orders WHERE id = 1"); got != "one" {
					t.Errorf("%s: got %q", network, got)
				}
				refused(t, c, 1142, "DROP TABLE orders")
			}
		}
	})
}

func TestClientsThatClaimMoreThanIsOffered(t *testing.T) {
	s := mysqltest.MariaDB(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	c := loginWith(t, g.addr, "app", oldest|0x08000000|0x04000000) // query attributes and zstd, which MariaDB has not
	if e := c.query(t, "DO 1"); e != nil {
		t.Errorf("%v", e)
	}
	if c.greeting.Capabilities&0x0c000000 != 0 {
		t.Errorf("offered %x", c.greeting.Capabilities)
	}
}
