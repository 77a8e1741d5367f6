package proxy_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// oneRowPolicy lets a statement change one row.
var oneRowPolicy = strings.Replace(rowsPolicy, "1000", "1", 1)

// sixSessions makes two schemas with a table of one name: six rows in shop, one in other.
func sixSessions(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	for _, d := range []string{"shop", "other"} {
		s.Exec(t, "DROP DATABASE IF EXISTS "+d)
	}
	stateShop(t, s)
	s.Exec(t, "INSERT INTO shop.sessions VALUES (3, 'x'), (4, 'x'), (5, 'x'), (6, 'x')", "INSERT INTO other.sessions VALUES (1, 'x')",
		"ANALYZE TABLE shop.sessions, other.sessions")
}

func TestAStatementIsExplainedAsTheServerReadsIt(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for name, tc := range map[string]struct {
			text   string
			before string // the execution
			arg    int
			code   int
		}{
			"here":              {"DELETE FROM sessions WHERE id >= ?", "DO 1", 0, 1104},
			"here, one row":     {"DELETE FROM sessions WHERE id >= ?", "DO 1", 6, 0},
			"in another schema": {"DELETE FROM sessions WHERE id >= ?", "USE other", 0, 1104},
			"in another mode":   {"DELETE FROM sessions WHERE id < ? AND (id = 1 || 5)", "SET sql_mode = 'PIPES_AS_CONCAT'", 7, 1104},
		} {
			t.Run(name, func(t *testing.T) {
				sixSessions(t, s)
				g := start(t, s.Addr(), oneRowPolicy)
				c := one(t, g.open(t, "app", "shop", multi))
				run(t, c, "SET sql_mode = ''")
				st, err := c.PrepareContext(t.Context(), tc.text)
				if err != nil {
					t.Fatal(err)
				}
				run(t, c, tc.before)
				if _, err = st.Exec(tc.arg); codeOf(err) != tc.code {
					t.Errorf("%v, want error %d", err, tc.code)
				}
				if n := rows(t, s); tc.code != 0 && n != 6 {
					t.Errorf("%d of 6 left", n)
				}
			})
		}
	})
}

// TestTypesAreThoseThatTheClientSentLast leaves the types of the parameters out,
// where the execution that had them was refused.
func TestTypesAreThoseThatTheClientSentLast(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		sixSessions(t, s)
		g := start(t, s.Addr(), oneRowPolicy)
		c := login(t, g.addr, "app")
		id := c.prepares(t, "DELETE FROM shop.sessions WHERE id >= ?")
		untyped := func(n uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{0, 1, 0, 0, 0, 0, 0}, n) }
		for _, row := range []struct {
			name string
			body []byte
			want string
			left int
		}{
			{"four bytes, no row", number(0x7fffffff, true), "ok", 6},
			{"eight bytes, every row", append([]byte{0, 1, 0, 0, 0, 0, 1, 8, 0}, make([]byte, 8)...), "error 1104", 6},
			{"as before, which four bytes are zero of", untyped(0x7f << 56), "ok", 6},
			{"as before, every row", untyped(0), "error 1104", 6},
			{"as before, one row", untyped(6), "ok", 5},
		} {
			if got := c.executes(t, id, row.body...); got != row.want {
				t.Errorf("%s: %s, want %s", row.name, got, row.want)
			}
			if n := rows(t, s); n != row.left {
				t.Errorf("%s: %d left, want %d", row.name, n, row.left)
			}
		}
	})
}

func TestABulkExecutionLeavesItsTypesToTheNext(t *testing.T) {
	s := mysqltest.MariaDB(t)
	sixSessions(t, s)
	g := start(t, s.Addr(), strings.Split(rowsPolicy, "require:")[0])
	c := loginAs(t, g.addr, wire.HandshakeResponse{
		User: "app", Capabilities: oldest &^ mysql.CLIENT_LONG_PASSWORD, MariaDBCapabilities: wire.MariaDBBulkOperations,
	}, nil)
	id := c.prepares(t, "DELETE FROM shop.sessions WHERE id >= ?")
	if got := c.executes(t, id, number(0x7fffffff, true)...); got != "ok" {
		t.Fatal(got)
	}
	c.send(t, 0, onStatement(0xfa, id, 0x80, 0, 8, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0)...) // eight bytes, no row
	if got := c.outcome(t, false); got != "ok" {
		t.Fatal(got)
	}
	g.swap(t, oneRowPolicy)
	for n, want := range map[uint64]string{0x7f << 56: "ok", 0: "error 1104"} {
		if got := c.executes(t, id, binary.LittleEndian.AppendUint64([]byte{0, 1, 0, 0, 0, 0, 0}, n)...); got != want {
			t.Errorf("%x: %s, want %s", n, got, want)
		}
	}
	if n := rows(t, s); n != 6 {
		t.Errorf("%d of 6 left", n)
	}
}

// TestAPieceOfNothingCounts sends long data without a byte before there is a rule
// that asks for an EXPLAIN: the value is not in the execution then, and what stands
// there is the next parameter's.
func TestAPieceOfNothingCounts(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		sixSessions(t, s)
		g := start(t, s.Addr(), strings.Split(oneRowPolicy, "require:")[0])
		c := login(t, g.addr, "app")
		id := c.prepares(t, "DELETE FROM shop.sessions WHERE name <> ? AND id >= ?")
		c.send(t, 0, onStatement(mysql.COM_STMT_SEND_LONG_DATA, id, 0, 0)...)
		if got := c.text(t, "SELECT 1"); got != "1" { // the piece has come
			t.Fatal(got)
		}
		g.swap(t, oneRowPolicy)
		typed := []byte{0, 1, 0, 0, 0, 0, 1, 0xfe, 0, 3, 0}
		if got := c.executes(t, id, append(typed, 0, 0, 0, 0, 0x7f)...); got != "error 1104" {
			t.Errorf("every row to the server, none to who takes the piece for no value: %s", got)
		}
		c.send(t, 0, onStatement(mysql.COM_STMT_SEND_LONG_DATA, id, 0, 0)...)
		if got := c.executes(t, id, append(typed, 6, 0, 0, 0)...); got != "ok" {
			t.Errorf("one row: %s", got)
		}
		if n := rows(t, s); n != 5 {
			t.Errorf("%d left", n)
		}
	})
}
