package proxy_test

import (
	"bytes"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

func TestTheServersMaxAllowedPacketHolds(t *testing.T) {
	const limit = 20 << 20
	for _, server := range []func(testing.TB, ...mysqltest.Option) *mysqltest.Server{mysqltest.MySQL, mysqltest.MariaDB} {
		s := server(t, mysqltest.Args("--max-allowed-packet=20M"))
		t.Run(s.Flavour(), func(t *testing.T) {
			shop(t, s)
			g := start(t, s.Addr(), shopPolicy)
			text := func(size int) []byte { // ends in what must be judged
				const end = "*/ 1"
				payload := append([]byte{mysql.COM_QUERY}, "DO /*"...)
				payload = append(payload, bytes.Repeat([]byte("x"), size-len(payload)-len(end))...)
				return append(payload, end...)
			}
			for _, size := range []int{wire.MaxPayload - 1, wire.MaxPayload, wire.MaxPayload + 1, limit - 1} {
				c := login(t, g.addr, "app")
				c.send(t, 0, text(size)...)
				if got := c.read(t); got[0] != wire.HeaderOK {
					t.Errorf("%d bytes: %q", size, got)
				}
			}
			for _, size := range []int{limit, limit + 1, 2 * limit} {
				c := login(t, g.addr, "app")
				c.send(t, 0, text(size)...)
				if e := c.err(t); e.Code != 1153 || e.Message != "Got a packet bigger than 'max_allowed_packet' bytes" {
					t.Errorf("%d bytes: error %d %s", size, e.Code, e.Message)
				}
				c.gone(t)
			}
			c := login(t, g.addr, "app")
			destructive := bytes.Replace(text(limit-1), []byte("*/ 1"), []byte("*/ 1"), 1)
			copy(destructive[len(destructive)-40:], "*/1; DROP TABLE shop.orders; DO /* */ 1 ")
			c.send(t, 0, destructive...)
			if e := c.err(t); e.Code != 1142 {
				t.Errorf("DROP TABLE at the end of %d bytes: error %d %s", limit-1, e.Code, e.Message)
			}
		})
	}
}

func TestAnExpiredPasswordIsChangedThroughTheProxy(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), everythingPolicy)
		s.User(t, "other", "ALL ON *.*")
		s.Exec(t, "ALTER USER other PASSWORD EXPIRE")
		c := login(t, g.addr, "other", mysql.CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS)
		if e := c.query(t, "INSERT INTO shop.orders VALUES (3, 'three')"); e == nil || e.Code != 1820 {
			t.Fatalf("before the password is changed: %v", e)
		}
		if e := c.query(t, `DO "\"`); e == nil || e.Code != 1820 {
			t.Errorf("a text that reads differently in another mode: %v", e)
		}
		if e := c.query(t, "SET PASSWORD = PASSWORD('"+mysqltest.Password+"')"); s.Flavour() == "mariadb" && e != nil {
			t.Fatalf("SET PASSWORD: %v", e)
		}
		if e := c.query(t, "ALTER USER other IDENTIFIED BY '"+mysqltest.Password+"'"); e != nil {
			t.Fatalf("ALTER USER: %v", e)
		}
		if e := c.query(t, "INSERT INTO shop.orders VALUES (3, 'three')"); e != nil {
			t.Errorf("afterwards: %v", e)
		}
		if got := c.text(t, `SELECT "a\"b"`); got != `a"b` {
			t.Errorf("afterwards the mode is known: %s", got)
		}
	})
}
