package proxy_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

func TestCommandsThatAreNeverForwarded(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), everythingPolicy)
		raw := login(t, g.addr, "app")
		handled := map[int]bool{0x01: true, 0x02: true, 0x03: true, 0x04: true, 0x05: true, 0x06: true, 0x07: true, 0x08: true, 0x09: true,
			0x0a: true, 0x0c: true, 0x0d: true, 0x0e: true, 0x11: true, 0x12: true, 0x15: true, 0x16: true, 0x17: true, 0x18: true, 0x19: true,
			0x1a: true, 0x1b: true, 0x1c: true, 0x1e: true, 0x1f: true}
		for code := range 256 {
			if handled[code] {
				continue
			}
			raw.send(t, 0, byte(code), 1, 0, 0, 0)
			if e := raw.err(t); e.Code != 1047 {
				t.Errorf("command 0x%02x: error %d %s", code, e.Code, e.Message)
			}
		}
		raw.send(t, 0)
		if e := raw.err(t); e.Code != 1047 {
			t.Errorf("an empty packet: error %d %s", e.Code, e.Message)
		}
		raw.send(t, 0, 0x0e)
		if got := raw.read(t); got[0] != 0 {
			t.Errorf("PING afterwards: % x", got)
		}
		raw.send(t, 5, 0x0e)
		if e := raw.err(t); e.Code != 1156 {
			t.Errorf("sequence id 5: error %d %s", e.Code, e.Message)
		}
	})
}

// everythingPolicy lets an account do whatever the server lets it do.
const everythingPolicy = `
app: everything
accounts: [app, other]
environments: [production]
grants: [ALL ON *.*, UNPARSED ON *.*]
`

func TestCommandsAreJudgedAsTheStatementsTheyStandFor(t *testing.T) {
	const policy = `
app: shop-web
accounts: [app]
environments: [production]
grants: [SELECT ON shop.orders]
deny: [{id: no-drop-database, rule: DROP DATABASE ON *.*}]
`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), policy)
		raw := login(t, g.addr, "app")
		raw.send(t, 0, append([]byte{mysql.COM_INIT_DB}, "shop"...)...)
		raw.read(t)
		for _, row := range []struct {
			name string
			body string
			code uint16
			kind string
		}{
			{"COM_FIELD_LIST", "\x04sessions\x00%", 1142, "show_fields"},
			{"COM_FIELD_LIST of a name with quotes", "\x04orders`; DROP TABLE orders; -- \x00", 1142, "show_fields"},
			{"COM_CREATE_DB", "\x05other", 1044, "create_db"},
			{"COM_DROP_DB", "\x06shop", 1044, "drop_db"},
			{"COM_REFRESH of tables", "\x07\x04", 1227, "flush"},
			{"COM_REFRESH of the replica", "\x07\x40", 1227, "reset"},
			{"COM_REFRESH without its byte", "\x07", 1835, ""},
			{"COM_SHUTDOWN", "\x08", 1227, "shutdown"},
			{"COM_PROCESS_KILL", "\x0c\x01\x00\x00\x00", 1227, "kill"},
			{"COM_PROCESS_KILL without an id", "\x0c\x01", 1835, ""},
			{"COM_DEBUG", "\x0d", 1227, "debug"},
			{"COM_BINLOG_DUMP", "\x12\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00", 1227, "binlog_dump"},
			{"COM_REGISTER_SLAVE", "\x15\x01\x00\x00\x00", 1227, "register_slave"},
			{"COM_BINLOG_DUMP_GTID", "\x1e\x00\x00", 1227, "binlog_dump"},
			{"COM_SET_OPTION of one byte", "\x1b\x00", 1835, ""},
			{"COM_CHANGE_USER cut short", "\x11app", 1835, ""},
		} {
			before := len(g.record.all())
			raw.send(t, 0, []byte(row.body)...)
			if e := raw.err(t); e.Code != row.code {
				t.Errorf("%s: error %d %s, want %d", row.name, e.Code, e.Message, row.code)
			}
			events := g.record.all()[before:]
			if row.kind == "" && len(events) == 0 {
				continue
			}
			if len(events) != 1 || events[0].Kind != row.kind || events[0].Decision != audit.Refused {
				t.Errorf("%s: recorded %+v", row.name, events)
			}
		}
		raw.send(t, 0, []byte("\x04orders\x00%")...)
		for column := range 2 {
			if got := raw.read(t); len(got) < 4 || string(got[1:4]) != "def" {
				t.Errorf("COM_FIELD_LIST, column %d: %q", column, got)
			}
		}
		if got := raw.read(t); got[0] != wire.HeaderEOF {
			t.Errorf("the end of COM_FIELD_LIST: % x", got)
		}
		raw.send(t, 0, mysql.COM_STATISTICS)
		if got := raw.read(t); string(got[:6]) != "Uptime" {
			t.Errorf("COM_STATISTICS: %q", got)
		}
		raw.send(t, 0, mysql.COM_PING)
		if got := raw.read(t); got[0] != wire.HeaderOK {
			t.Errorf("COM_PING: % x", got)
		}
	})
}

func TestSeveralStatementsAreTurnedOnInMidSession(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		raw := loginWith(t, g.addr, "app", oldest&^mysql.CLIENT_MULTI_STATEMENTS)
		two := append([]byte{mysql.COM_QUERY}, "DO 1; DO 2"...)
		raw.send(t, 0, two...)
		if e := raw.err(t); e.Code != 1064 {
			t.Errorf("before: error %d %s", e.Code, e.Message)
		}
		raw.send(t, 0, mysql.COM_SET_OPTION, 0, 0)
		if got := raw.read(t); got[0] != wire.HeaderEOF {
			t.Fatalf("COM_SET_OPTION: % x", got)
		}
		raw.send(t, 0, two...)
		for range 2 {
			if got := raw.read(t); got[0] != wire.HeaderOK {
				t.Errorf("afterwards: % x", got)
			}
		}
		raw.send(t, 0, append([]byte{mysql.COM_QUERY}, "DO 1; DROP DATABASE shop"...)...)
		if e := raw.err(t); e.Code != 1044 {
			t.Errorf("a second statement that is denied: error %d %s", e.Code, e.Message)
		}
	})
}

func TestKillReachesTheRightConnection(t *testing.T) {
	const policy = `
app: shop-web
accounts: [app]
environments: [production]
grants: [SELECT ON shop.*]
=====
app: other
accounts: [other]
environments: [production]
grants: [SELECT ON shop.*]
`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "other", "ALL ON *.*")
		g := start(t, s.Addr(), policy)
		killer := one(t, g.open(t, "app", "shop"))
		stranger := one(t, g.open(t, "other", "shop"))
		for name, id := range map[string]func(*rawClient) uint32{
			"the id in the greeting": func(c *rawClient) uint32 { return c.greeting.ThreadID },
			"the server's own id":    func(c *rawClient) uint32 { return c.connectionID(t) },
		} {
			victim := login(t, g.addr, "app")
			target := id(victim)
			refused(t, stranger, 1227, fmt.Sprintf("KILL %d", target))
			done := make(chan struct{})
			victim.send(t, 0, append([]byte{mysql.COM_QUERY}, "SELECT SLEEP(60)"...)...)
			go func() { defer close(done); victim.answered() }()
			killUntil(t, killer, fmt.Sprintf("KILL QUERY %d", target), done)
			if _, err := killer.ExecContext(t.Context(), fmt.Sprintf("KILL /* all of it */ %d", target)); err != nil {
				t.Errorf("%s: KILL: %v", name, err)
			}
			victim.gone(t)
		}
		victim := login(t, g.addr, "app")
		raw := login(t, g.addr, "app")
		raw.send(t, 0, binary.LittleEndian.AppendUint32([]byte{mysql.COM_PROCESS_KILL}, victim.greeting.ThreadID)...)
		if got := raw.read(t); got[0] != wire.HeaderOK {
			t.Errorf("COM_PROCESS_KILL: %q", got)
		}
		victim.gone(t)
		refused(t, killer, 1227, "KILL 1")
		refused(t, killer, 1227, "KILL 1 + 1")
	})
}

// killUntil kills a query until it has ended: it may not have begun yet.
func killUntil(t *testing.T, killer *sql.Conn, text string, done <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if _, err := killer.ExecContext(ctx, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s ended nothing", text)
		}
	}
}

// attributed is a COM_QUERY that carries one attribute.
func attributed(text string) []byte {
	payload := []byte{mysql.COM_QUERY, 1, 1, 0, 1, 0xfd, 0, 1, 'a', 5, 'v', 'a', 'l', 'u', 'e'}
	return append(payload, text...)
}

func TestTheTextStandsBehindTheQueryAttributes(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	c := login(t, g.addr, "app", mysql.CLIENT_QUERY_ATTRIBUTES)
	c.send(t, 0, attributed("DO 1")...)
	if got := c.read(t); got[0] != wire.HeaderOK {
		t.Errorf("DO: %q", got)
	}
	c.send(t, 0, attributed("DROP TABLE shop.orders")...)
	if e := c.err(t); e.Code != 1142 {
		t.Errorf("DROP TABLE: error %d %s", e.Code, e.Message)
	}
	// 35 attributes: their count is a '#', and one of their names would end a
	// comment and begin a harmless text.
	hidden := []byte{mysql.COM_QUERY, '#', 1, 0, 0, 0, 0, 0, 1}
	for range 35 {
		hidden = append(hidden, 0xfd, 0, 0)
	}
	hidden = append(hidden, "\x0f\nSELECT 1 -- \n."...)
	hidden = append(hidden, make([]byte, 34)...)
	c.send(t, 0, append(hidden, "DROP TABLE shop.orders"...)...)
	if e := c.err(t); e.Code != 1142 {
		t.Errorf("a text hidden behind attributes: error %d %s", e.Code, e.Message)
	}
	for name, payload := range map[string][]byte{
		"no attributes at all": []byte("\x03SELECT 1"),
		"two sets":             {mysql.COM_QUERY, 0, 2, 'D', 'O', ' ', '1'},
		"a type unheard of":    append([]byte{mysql.COM_QUERY, 1, 1, 0, 1, 0xf0, 0, 0, 1}, "DO 1"...),
		"a value cut short":    {mysql.COM_QUERY, 1, 1, 0, 1, 0xfd, 0, 0, 9, 'x'},
		"types not sent":       append([]byte{mysql.COM_QUERY, 1, 1, 0, 0}, "DO 1"...),
	} {
		c.send(t, 0, payload...)
		if e := c.err(t); e.Code != 1835 {
			t.Errorf("%s: error %d %s", name, e.Code, e.Message)
		}
	}
}
