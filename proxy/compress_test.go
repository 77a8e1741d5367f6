package proxy_test

import (
	"bytes"
	"database/sql"
	"net"
	"strings"
	"testing"

	client "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

func withCompression(c *mysql.Config) { _ = c.Apply(mysql.EnableCompression(true)) }

func TestCompressionOnBothLegs(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE TABLE shop.blobs (b LONGBLOB)", "CREATE TABLE shop.numbers (id INT)",
			"SET SESSION sql_mode=''", "INSERT INTO shop.numbers SELECT 1 FROM information_schema.collations a, information_schema.collations b LIMIT 20000")
		g := start(t, s.Addr(), shopPolicy)
		for name, leg := range map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS} {
			t.Run(name, func(t *testing.T) {
				c := one(t, g.open(t, "app", "shop", multi, withCompression, leg))
				if got := status(t, c, "Compression"); got != "ON" {
					t.Errorf("the backend's leg is compressed: %s", got)
				}
				refused(t, c, 1142, "DROP TABLE orders")
				refused(t, c, 1044, "SELECT 1; DROP DATABASE shop")
				blob := bytes.Repeat([]byte("0123456789"), 300_000)
				run(t, c, "INSERT INTO blobs VALUES (?)", blob)
				if got := value[[]byte](t, c, "SELECT b FROM blobs LIMIT 1"); !bytes.Equal(got, blob) {
					t.Errorf("%d bytes came back as %d", len(blob), len(got))
				}
				refused(t, c, 1175, "UPDATE orders SET note = ?", strings.Repeat("x", 100))
				rows := 0
				long, err := c.QueryContext(t.Context(), "SELECT a.id, REPEAT(CHAR(0), 100) FROM numbers a")
				for err == nil && long.Next() {
					rows++
				}
				if err == nil {
					err = long.Err()
				}
				if rows != 20000 || err != nil {
					t.Errorf("%d rows, %v", rows, err)
				}
			})
		}
	})
}

// status is a status variable of the session.
func status(t testing.TB, c *sql.Conn, name string) string {
	t.Helper()
	var value string
	if err := c.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE '"+name+"'").Scan(&name, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTheClientsOfMySQLCompressWithZstdAndSendQueryAttributes(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	s.Exec(t, "INSTALL COMPONENT 'file://component_query_attributes'")
	g := start(t, s.Addr(), strings.Replace(shopPolicy, "grants:\n", "grants:\n  - EXECUTE ON shop.mysql_query_attribute_string\n", 1))
	host, port, err := net.SplitHostPort(g.addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, compression := range []string{"zstd", "zlib", "uncompressed"} {
		t.Run(compression, func(t *testing.T) {
			cmd := s.Client("-h", host, "-P", port, "--protocol=tcp", "-u", "app", "-D", "shop", "-f", "-N", "--commands", "--compression-algorithms="+compression)
			cmd.Stdin = strings.NewReader("SHOW SESSION STATUS LIKE 'Compression%';\n" +
				"query_attributes trace 4711;\nSELECT mysql_query_attribute_string('trace'), note FROM orders WHERE id = 1;\n" +
				"query_attributes trace 4711;\nDROP TABLE orders;\nSELECT REPEAT('long ', 100), COUNT(*) FROM orders;\n")
			out, err := cmd.CombinedOutput()
			wants := []string{"4711\tone", "ERROR 1142 (42000)", "long \t2"}
			if compression != "uncompressed" {
				wants = append(wants, "Compression_algorithm\t"+compression)
			}
			for _, want := range wants {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not in what the client printed (%v):\n%s", want, err, out)
				}
			}
		})
	}
}

func TestLongMessagesInCompressedPacketsNeedNoNumbers(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	c := login(t, g.addr, "app", client.CLIENT_COMPRESS)
	packets, err := new(wire.Codecs).Compress(c.conn, wire.Zlib, 0)
	if err != nil {
		t.Fatal(err)
	}
	long := append([]byte{client.COM_QUERY}, "DO 1 /*"...)
	long = append(append(long, bytes.Repeat([]byte("x"), wire.MaxPayload)...), "*/"...)
	raw, _ := wire.AppendPacket(nil, 0, long)
	raw[wire.HeaderLen+wire.MaxPayload+3] = 0 // as MariaDB's Connector/J numbers them
	if _, err := packets.Write(raw); err != nil {
		t.Fatal(err)
	}
	if got, _, err := wire.ReadMessage(packets, 1<<20); err != nil || got[0] != wire.HeaderOK {
		t.Errorf("%q, %v", got, err)
	}
}
