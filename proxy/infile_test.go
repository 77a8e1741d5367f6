package proxy_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

const loadPolicy = `
app: loader
accounts: [app]
environments: [production]
grants: ["SELECT, INSERT, LOAD DATA LOCAL ON shop.*"]
=====
app: writer
accounts: [other]
environments: [production]
grants: ["SELECT, INSERT ON shop.*"]
`

// load is a server that takes local files, with the proxy before it.
func load(t *testing.T, do func(t *testing.T, s *mysqltest.Server, g *guard)) {
	for _, server := range []func(testing.TB, ...mysqltest.Option) *mysqltest.Server{mysqltest.MySQL, mysqltest.MariaDB} {
		s := server(t, mysqltest.Args("--local-infile=ON", "--max-allowed-packet=64M"))
		t.Run(s.Flavour(), func(t *testing.T) {
			shop(t, s)
			s.User(t, "other", "ALL ON *.*")
			do(t, s, start(t, s.Addr(), loadPolicy))
		})
	}
}

const loadSessions = "LOAD DATA LOCAL INFILE 'rows' INTO TABLE shop.sessions"

// asked sends LOAD DATA LOCAL and takes the server's request for the file.
func (c *rawClient) asked(t testing.TB) {
	t.Helper()
	c.send(t, 0, append([]byte{mysql.COM_QUERY}, loadSessions...)...)
	if got := c.read(t); got[0] != wire.HeaderLocalInfile {
		t.Fatalf("not asked for the file: %q", got)
	}
}

func (c *rawClient) count(t testing.TB) string {
	t.Helper()
	return c.text(t, "SELECT COUNT(*) FROM shop.sessions")
}

func TestAFileOfTheClients(t *testing.T) {
	load(t, func(t *testing.T, _ *mysqltest.Server, g *guard) {
		c := login(t, g.addr, "app", mysql.CLIENT_LOCAL_FILES)
		c.asked(t)
		// The second piece looks like a command that drops a table.
		c.answer(t, []byte("100\n"))
		c.send(t, c.next+1, []byte("\x03DROP TABLE shop.sessions\n")...)
		c.send(t, c.next+2, []byte("101\n102\n")...)
		c.send(t, c.next+3)
		if got := c.read(t); got[0] != wire.HeaderOK {
			t.Errorf("the answer behind the file: %q", got)
		}
		if got := c.count(t); got != "6" {
			t.Errorf("%s rows, want 6: two from before, three, and the one that looks like a command", got)
		}

		c.asked(t)
		c.answer(t, nil)
		if got := c.read(t); got[0] != wire.HeaderOK {
			t.Errorf("an empty file: %q", got)
		}

		c.asked(t)
		c.answer(t, []byte("100\n")) // a duplicate key, while more is to come
		c.send(t, c.next+1, bytes.Repeat([]byte("x\n"), 1000)...)
		c.send(t, c.next+2)
		c.read(t)
		if e := c.query(t, "DO 1"); e != nil {
			t.Errorf("afterwards: %v", e)
		}

		c.asked(t)
		c.conn.Close() // in the middle of it
	})
}

func TestALongPieceOfAFile(t *testing.T) {
	load(t, func(t *testing.T, s *mysqltest.Server, g *guard) {
		s.Exec(t, "CREATE TABLE shop.texts (t LONGTEXT)")
		c := login(t, g.addr, "app", mysql.CLIENT_LOCAL_FILES)
		for _, size := range []int{wire.MaxPayload - 1, wire.MaxPayload, wire.MaxPayload + 1} {
			c.send(t, 0, append([]byte{mysql.COM_QUERY}, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE shop.texts"...)...)
			c.read(t)
			var data []byte
			data, next := wire.AppendPacket(nil, c.next, bytes.Repeat([]byte("x"), size))
			data, _ = wire.AppendPacket(data, next, nil)
			if _, err := c.conn.Write(data); err != nil {
				t.Fatal(err)
			}
			if got := c.read(t); got[0] != wire.HeaderOK {
				t.Errorf("%d bytes: %q", size, got)
			}
		}
		if got := c.text(t, "SELECT GROUP_CONCAT(LENGTH(t) ORDER BY 1) FROM shop.texts"); got != "16777214,16777215,16777216" {
			t.Errorf("lengths: %s", got)
		}
	})
}

func TestLoadDataLocalIsAVerbOfItsOwn(t *testing.T) {
	load(t, func(t *testing.T, _ *mysqltest.Server, g *guard) {
		c := login(t, g.addr, "other", mysql.CLIENT_LOCAL_FILES)
		if e := c.query(t, loadSessions); e == nil || e.Code != 1142 || !strings.Contains(e.Message, "LOAD DATA LOCAL") {
			t.Errorf("without its grant: %v", e)
		}
		if e := login(t, g.addr, "app").query(t, loadSessions); e == nil || e.Code != 3948 && e.Code != 4166 {
			t.Errorf("a client that does not offer it gets the server's own error: %v", e)
		}
	})
}
