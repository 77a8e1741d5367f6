package proxy_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// prepares prepares a text and returns its id.
func (c *rawClient) prepares(t testing.TB, text string) uint32 {
	t.Helper()
	c.send(t, 0, append([]byte{mysql.COM_STMT_PREPARE}, text...)...)
	first := c.read(t)
	p, err := wire.DecodePrepareOK(first)
	if err != nil {
		t.Fatalf("%s: %q", text, first)
	}
	c.definitions(t, p)
	return p.StatementID
}

// onStatement is a command on a statement, with what follows its id.
func onStatement(code byte, id uint32, rest ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{code}, id), rest...)
}

// executes executes a statement whose flags, parameters and all else behind its id are given.
func (c *rawClient) executes(t testing.TB, id uint32, rest ...byte) string {
	t.Helper()
	c.send(t, 0, onStatement(mysql.COM_STMT_EXECUTE, id, rest...)...)
	return c.outcome(t, true)
}

// number is the parameters of a statement that has one, an integer: with its type or as an execution before had it.
func number(n uint32, typed bool) []byte {
	p := []byte{0, 1, 0, 0, 0, 0} // flags, iterations, a bitmap of NULLs
	if typed {
		p = append(p, 1, 3, 0)
	} else {
		p = append(p, 0)
	}
	return binary.LittleEndian.AppendUint32(p, n)
}

func TestThousandsOfOpenStatements(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		c := login(t, start(t, s.Addr(), shopPolicy).addr, "app")
		const n = 3000
		ids := make([]uint32, n)
		for i := range ids {
			ids[i] = c.prepares(t, fmt.Sprintf("SELECT CAST(%d + ? AS SIGNED)", i))
		}
		for i := n - 1; i >= 0; i -= 7 {
			if got, want := c.executes(t, ids[i], number(1, true)...), fmt.Sprintf("rows %d", i+1); got != want {
				t.Fatalf("statement %d: %s, want %s", i, got, want)
			}
		}
		for i := 0; i < n; i += 2 {
			c.send(t, 0, onStatement(mysql.COM_STMT_CLOSE, ids[i])...)
		}
		for i, want := range map[int]string{0: "error 1243", 1: "rows 6", n - 2: "error 1243", n - 1: fmt.Sprintf("rows %d", n+4)} {
			if got := c.executes(t, ids[i], number(5, true)...); got != want {
				t.Errorf("statement %d, half of them closed: %s, want %s", i, got, want)
			}
		}
		c.send(t, 0, mysql.COM_RESET_CONNECTION)
		c.read(t)
		if got := c.executes(t, ids[1], number(5, true)...); got != "error 1243" {
			t.Errorf("after a reset: %s", got)
		}
	})
}

func TestAStatementIsExecutedAgainWithoutTypes(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		c := login(t, start(t, s.Addr(), shopPolicy).addr, "app")
		id := c.prepares(t, "SELECT CAST(? AS SIGNED)")
		for i, typed := range []bool{true, false, false, true, false} {
			if got, want := c.executes(t, id, number(uint32(i), typed)...), fmt.Sprintf("rows %d", i); got != want {
				t.Errorf("execution %d: %s, want %s", i, got, want)
			}
			c.send(t, 0, append([]byte{mysql.COM_QUERY}, "TRUNCATE shop.orders"...)...)
			if e := c.err(t); e.Code != 1142 {
				t.Errorf("in between: %d", e.Code)
			}
		}
	})
}

func TestACursorIsFetchedFrom(t *testing.T) {
	const lastRowSent = 0x80
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "INSERT INTO shop.sessions SELECT 10 + help_category_id FROM mysql.help_category ORDER BY 1 LIMIT 20",
			"DELETE FROM shop.sessions WHERE id > 20")
		g := start(t, s.Addr(), shopPolicy)
		for name, capabilities := range map[string]wire.Capability{"EOF": 0, "no EOF": mysql.CLIENT_DEPRECATE_EOF} {
			t.Run(name, func(t *testing.T) {
				c := login(t, g.addr, "app", capabilities)
				c.send(t, 0, append([]byte{mysql.COM_STMT_PREPARE}, "SELECT id FROM shop.sessions ORDER BY id"...)...)
				p, err := wire.DecodePrepareOK(c.read(t))
				if err != nil {
					t.Fatal(err)
				}
				c.read(t)
				if capabilities == 0 {
					c.read(t)
				}
				c.send(t, 0, onStatement(mysql.COM_STMT_EXECUTE, p.StatementID, 1, 1, 0, 0, 0)...)
				c.read(t) // the number of columns
				c.read(t) // the column
				if end := c.read(t); end[0] != wire.HeaderEOF {
					t.Fatalf("no end behind the column: %q", end)
				}
				rows, fetches := 0, 0
				for status := uint16(0); status&lastRowSent == 0; fetches++ {
					if e := c.query(t, "DROP TABLE shop.sessions"); e == nil || e.Code != 1142 {
						t.Fatalf("while a cursor is open: %v", e)
					}
					c.send(t, 0, onStatement(mysql.COM_STMT_FETCH, p.StatementID, 3, 0, 0, 0)...)
					row := c.read(t)
					for ; row[0] == 0; row = c.read(t) {
						rows++
					}
					status = endStatus(t, row, capabilities)
				}
				var want int
				if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop.sessions").Scan(&want); err != nil {
					t.Fatal(err)
				}
				if rows != want || fetches < 3 {
					t.Errorf("%d rows of %d in %d fetches", rows, want, fetches)
				}
				c.send(t, 0, onStatement(mysql.COM_STMT_FETCH, 4711, 3, 0, 0, 0)...)
				if e := c.err(t); e.Code != 1243 {
					t.Errorf("a statement unheard of: %d", e.Code)
				}
			})
		}
	})
}

// endStatus is the status in a packet that ends rows.
func endStatus(t *testing.T, end []byte, capabilities wire.Capability) uint16 {
	t.Helper()
	if capabilities&mysql.CLIENT_DEPRECATE_EOF != 0 {
		ok, err := wire.DecodeOK(end, capabilities)
		if err != nil {
			t.Fatalf("%q: %v", end, err)
		}
		return ok.Status
	}
	e, err := wire.DecodeEOF(end)
	if err != nil {
		t.Fatalf("%q: %v", end, err)
	}
	return e.Status
}

func TestLongDataIsNoText(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE TABLE shop.texts (t LONGTEXT)")
		c := login(t, start(t, s.Addr(), shopPolicy).addr, "app")
		id := c.prepares(t, "INSERT INTO shop.texts VALUES (?)")
		pieces := []string{"\x03DROP TABLE shop.orders", strings.Repeat("x", 100_000), "", "'; DROP DATABASE shop; -- "}
		for range 2 { // the pieces of the first execution are not there at the second
			for _, piece := range pieces {
				c.queue(0, onStatement(mysql.COM_STMT_SEND_LONG_DATA, id, append([]byte{0, 0}, piece...)...)...)
			}
			c.flush(t)
			if got := c.executes(t, id, 0, 1, 0, 0, 0, 0, 1, 0xfc, 0); got != "ok" {
				t.Fatalf("executed: %s", got)
			}
		}
		c.send(t, 0, onStatement(mysql.COM_STMT_SEND_LONG_DATA, id, 0, 0, 'x')...)
		c.send(t, 0, onStatement(mysql.COM_STMT_RESET, id)...)
		c.read(t)
		c.send(t, 0, onStatement(mysql.COM_STMT_SEND_LONG_DATA, 4711, 0, 0, 'x')...) // nobody answers
		want := strings.Join(pieces, "")
		if got := c.text(t, "SELECT GROUP_CONCAT(LENGTH(t) ORDER BY 1) FROM shop.texts"); got != fmt.Sprintf("%d,%d", len(want), len(want)) {
			t.Errorf("lengths %s", got)
		}
		if got := c.text(t, "SELECT t FROM shop.texts LIMIT 1"); got != want {
			t.Errorf("the text is another one: %.60q", got)
		}
	})
}

func TestBulkExecutionIsJudged(t *testing.T) {
	s := mysqltest.MariaDB(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	bulk := loginAs(t, g.addr, wire.HandshakeResponse{
		User: "app", Capabilities: oldest &^ mysql.CLIENT_LONG_PASSWORD, MariaDBCapabilities: wire.MariaDBBulkOperations,
	}, nil)
	rows := func(ids ...uint32) []byte { // their types, then an indicator and a value for each
		p := []byte{0x80, 0, 3, 0}
		for _, id := range ids {
			p = binary.LittleEndian.AppendUint32(append(p, 0), id)
		}
		return p
	}
	executes := func(c *rawClient, id uint32, ids ...uint32) string {
		c.send(t, 0, onStatement(0xfa, id, rows(ids...)...)...)
		return c.outcome(t, false)
	}
	insert := bulk.prepares(t, "INSERT INTO shop.sessions VALUES (?)")
	if got := executes(bulk, insert, 100, 101, 102); got != "ok" {
		t.Errorf("INSERT: %s", got)
	}
	remove := bulk.prepares(t, "DELETE FROM shop.sessions WHERE id = ?")
	if got := executes(bulk, remove, 100, 101); got != "ok" {
		t.Errorf("DELETE: %s", got)
	}
	if got := executes(bulk, 0xffffffff, 102); got != "ok" {
		t.Errorf("DELETE, the one prepared last: %s", got)
	}
	g.swap(t, strings.Replace(shopPolicy, "  - DELETE ON shop.sessions\n", "", 1))
	if got := executes(bulk, remove, 1, 2); got != "error 1142" {
		t.Errorf("DELETE, not granted any more: %s", got)
	}
	if got := executes(bulk, 0xffffffff, 1, 2); got != "error 1142" {
		t.Errorf("the same as the one prepared last: %s", got)
	}
	if got := executes(bulk, 4711, 1); got != "error 1243" {
		t.Errorf("a statement unheard of: %s", got)
	}
	other := login(t, g.addr, "app")
	if got := executes(other, other.prepares(t, "INSERT INTO shop.sessions VALUES (?)"), 200); got != "error 1047" {
		t.Errorf("from a client that did not negotiate it: %s", got)
	}
	if got := other.text(t, "SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.sessions"); got != "1,2" {
		t.Errorf("sessions %s", got)
	}
	if events := g.record.all(); !strings.HasPrefix(events[len(events)-1].Statement, "DELETE") {
		t.Errorf("the record does not name the statement: %+v", events)
	}
}
