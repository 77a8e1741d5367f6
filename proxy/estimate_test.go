package proxy_test

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	protocol "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// rowsPolicy bounds the rows of a statement that changes them.
const rowsPolicy = `
app: shop-web
accounts: [app]
environments: [production]
grants: ["ALL ON *.*"]
require:
  - ROWS <= 1000 FOR UPDATE, DELETE
`

// bigRows is how many rows the large table has.
const bigRows = 1_000_000

// bigShop makes a schema with a table of so many rows, whose column note has no
// index, and the account of these tests.
func bigShop(t *testing.T, s *mysqltest.Server, rows int) {
	t.Helper()
	shop(t, s)
	s.Exec(t, "CREATE TABLE shop.digits (d INT PRIMARY KEY)", "INSERT INTO shop.digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
		"CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, n INT, note VARCHAR(20), KEY (n))",
		fmt.Sprintf("INSERT INTO shop.big (n, note) SELECT a.d + 10 * b.d, 'note' FROM shop.digits a, shop.digits b, shop.digits c, shop.digits d, shop.digits e, shop.digits f LIMIT %d", rows),
		"ANALYZE TABLE shop.big")
}

// rowsRead is how many rows the server has read in a session, one after the other.
func rowsRead(t *testing.T, c *sql.Conn) (n int) {
	t.Helper()
	if err := c.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'").Scan(new(string), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func count(t *testing.T, c *sql.Conn, table string) int {
	t.Helper()
	return value[int](t, c, "SELECT COUNT(*) FROM "+table)
}

func TestAnUnindexedDeleteOfALargeTableIsStoppedBeforeItStarts(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		bigShop(t, s, bigRows)
		g := start(t, s.Addr(), rowsPolicy)
		for name, leg := range drivers {
			t.Run(name, func(t *testing.T) {
				c := one(t, g.open(t, "app", "shop", leg))
				check := func(t *testing.T) {
					began := time.Now()
					read := rowsRead(t, c)
					message := refused(t, c, 1104, "DELETE FROM big WHERE note = 'note'")
					if n := rowsRead(t, c) - read; n > bigRows/100 {
						t.Errorf("the server has read %d rows for it", n)
					}
					if !strings.Contains(message, "would touch about") || !strings.Contains(message, "the 1000 that are allowed") {
						t.Errorf("the message: %s", message)
					}
					refused(t, c, 1104, "UPDATE big SET n = 1 WHERE note = 'note'")
					refused(t, c, 1104, "DELETE big FROM big JOIN digits ON n = d")
					refused(t, c, 1104, "DELETE FROM big WHERE id IN (SELECT n + 0 FROM (SELECT DISTINCT n, note, id FROM big) x)")
					for _, arg := range []any{1, bigRows, 1} {
						_, err := c.ExecContext(t.Context(), "UPDATE big SET note = note WHERE id <= ?", arg)
						if want := map[any]int{1: 0, bigRows: 1104}[arg]; codeOf(err) != want {
							t.Errorf("prepared, id <= %v: %v, want error %d", arg, err, want)
						}
					}
					_, err := c.ExecContext(t.Context(), "DELETE FROM big WHERE note = ?", "note")
					if codeOf(err) != 1104 {
						t.Errorf("prepared, unindexed: %v", err)
					}
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("it took %v", took)
					}
					run(t, c, "UPDATE big SET note = note WHERE id = 5")
					run(t, c, "UPDATE big SET note = note WHERE note = 'note' LIMIT 10")
					run(t, c, "UPDATE big SET note = note WHERE id = 5 AND id = 6")
					refused(t, c, 1104, "UPDATE big SET note = note WHERE note = 'note' LIMIT 5000")
				}
				t.Run("outside a transaction", check)
				t.Run("inside a transaction", func(t *testing.T) {
					run(t, c, "START TRANSACTION")
					run(t, c, "DELETE FROM big WHERE id = 7")
					check(t)
					if got := count(t, c, "big"); got != bigRows-1 {
						t.Errorf("%d rows inside the transaction", got)
					}
					run(t, c, "ROLLBACK")
				})
				if got := count(t, c, "big"); got != bigRows {
					t.Errorf("%d rows are left of %d", got, bigRows)
				}
			})
		}
		if got := causes(g, audit.Refused); strings.Trim(got, "rows ") != "" || len(got) == 0 {
			t.Errorf("recorded: %s", got)
		}
	})
}

func TestTheServersOwnErrorComesInThePlaceOfAnEstimate(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g := start(t, s.Addr(), rowsPolicy)
		c := one(t, g.open(t, "app", "shop", leg))
		refused(t, c, 1146, "DELETE FROM no_such_table WHERE id = 1")
		refused(t, c, 1054, "DELETE FROM orders WHERE no_such_column = 1")
		run(t, c, "SET SESSION TRANSACTION READ ONLY")
		refused(t, c, 1792, "DELETE FROM orders WHERE id = 1")
		refused(t, c, 1792, "DELETE FROM orders WHERE id = ?", 1)
		if n := len(g.record.all()); n != 0 {
			t.Errorf("%d events", n)
		}
	})
}

func TestAQuestionLeavesNoTraceInTheSession(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		s.Exec(t, "CREATE TABLE shop.numbered (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL)")
		g := start(t, s.Addr(), rowsPolicy)
		direct := mysql.NewConfig()
		direct.User, direct.Passwd, direct.Net, direct.Addr, direct.DBName = "app", mysqltest.Password, "tcp", s.Addr(), "shop"
		connector, err := mysql.NewConnector(direct)
		if err != nil {
			t.Fatal(err)
		}
		pool := sql.OpenDB(connector)
		defer pool.Close()
		// The same conversation with the server itself and through the proxy.
		said := func(c *sql.Conn) (out []string) {
			run(t, c, "TRUNCATE numbered")
			run(t, c, "INSERT INTO numbered (v) VALUES (10), (20)")
			run(t, c, "UPDATE numbered SET v = v + LAST_INSERT_ID() WHERE id = LAST_INSERT_ID()")
			ask := func(text string) { out = append(out, text+": "+value[string](t, c, text)) }
			ask("SELECT LAST_INSERT_ID()")
			run(t, c, "UPDATE numbered SET v = v + 1 WHERE id <= 2")
			ask("SELECT ROW_COUNT()")
			result, err := c.ExecContext(t.Context(), "UPDATE numbered SET v = 21 WHERE id <= ?", 2)
			if err != nil {
				t.Fatal(err)
			}
			n, _ := result.RowsAffected()
			out = append(out, fmt.Sprint("affected: ", n))
			run(t, c, "SET SESSION sql_mode = ''")
			run(t, c, "UPDATE numbered SET v = 'no number' WHERE id = 1")
			ask("SELECT @@warning_count")
			run(t, c, "SET SESSION sql_mode = DEFAULT")
			run(t, c, "SET autocommit = 0")
			run(t, c, "UPDATE numbered SET v = 99 WHERE id = 1")
			run(t, c, "ROLLBACK")
			run(t, c, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
			run(t, c, "UPDATE numbered SET v = v WHERE id = 1")
			run(t, c, "COMMIT")
			run(t, c, "SET autocommit = 1")
			ask("SELECT GROUP_CONCAT(v) FROM numbered")
			return out
		}
		want, got := said(one(t, pool)), said(one(t, g.open(t, "app", "shop", leg)))
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("through the proxy\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestObservedQuestionsAreRecordedAndNeverBlock(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		s.Exec(t, "INSERT INTO shop.sessions SELECT 10 + o.id * 100 + p.id FROM shop.orders o, shop.orders p")
		g := start(t, s.Addr(), observed(strings.Replace(rowsPolicy, "1000", "2", 1)))
		c := one(t, g.open(t, "app", "shop", leg))
		refused(t, c, 1146, "DELETE FROM no_such_table WHERE id = 1")
		run(t, c, "UPDATE sessions SET id = id + 1000 WHERE id > ? - 1", 1)
		run(t, c, "DELETE FROM orders WHERE id = 1")
		run(t, c, "DELETE FROM sessions WHERE id > 1")
		if got := causes(g, audit.WouldRefuse); got != "rows rows" {
			t.Errorf("recorded: %q", got)
		}
		// The DELETE takes rows away like any other: before it is forwarded, that is on record too.
		if got := causes(g, audit.AllowedDestructive); !strings.HasSuffix(got, audit.CauseObserved) || strings.Count(got, audit.CauseObserved) != 1 {
			t.Errorf("recorded of what destroys: %q", got)
		}
	})
}

// executeWith is a COM_STMT_EXECUTE with one integer; its type is left out
// where the server is to know it from the last execution.
func executeWith(id uint32, n uint32, typed bool) []byte {
	body := command(0x17, id, 0, 1, 0, 0, 0, 0, 0)
	if typed {
		body = append(body[:len(body)-1], 1, 0x03, 0)
	}
	return binary.LittleEndian.AppendUint32(body, n)
}

// answerCode reads an OK or ERR packet and returns the error's number.
func (c *rawClient) answerCode(t testing.TB) int {
	t.Helper()
	got := c.read(t)
	if got[0] != 0xff {
		return 0
	}
	return int(binary.LittleEndian.Uint16(got[1:]))
}

func TestAPreparedStatementMeetsARowLimitThatCameLater(t *testing.T) {
	without := strings.Split(rowsPolicy, "require:")[0]
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		bigShop(t, s, 200_000)
		g := start(t, s.Addr(), without)
		c := login(t, g.addr, "app", protocol.CLIENT_SESSION_TRACK)
		id := c.prepare(t, "UPDATE shop.big SET note = 'new' WHERE id <= ?")
		for _, row := range []struct {
			name   string
			policy string
			n      uint32
			typed  bool
			code   int
		}{
			{"without a rule", "", 1, true, 0},
			{"with a rule, few rows, types as before", rowsPolicy, 10, false, 0},
			{"many rows", "", 5000, false, 1104},
			{"few rows with types", "", 11, true, 0},
			{"many rows with types", "", 5000, true, 1104},
			{"without the rule again", without, 1200, false, 0},
			{"with it again", rowsPolicy, 5000, false, 1104},
		} {
			if row.policy != "" {
				g.swap(t, row.policy)
			}
			c.send(t, 0, executeWith(id, row.n, row.typed)...)
			if got := c.answerCode(t); got != row.code {
				t.Errorf("%s: error %d, want %d", row.name, got, row.code)
			}
		}
		c.send(t, 0, command(0x19, id)...)
		if got := c.text(t, "SELECT COUNT(*) FROM shop.big WHERE note = 'new'"); got != "1200" {
			t.Errorf("%s rows were changed", got)
		}
		if got := c.text(t, "SELECT VARIABLE_VALUE FROM "+statusTable(s)+" WHERE VARIABLE_NAME = 'Prepared_stmt_count'"); got != "0" {
			t.Errorf("%s statements are still prepared", got)
		}
	})
}

func statusTable(s *mysqltest.Server) string {
	if s.Flavour() == "mariadb" {
		return "information_schema.global_status"
	}
	return "performance_schema.global_status"
}

func TestLongDataIsEstimatedToo(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		bigShop(t, s, 200_000)
		s.Exec(t, "ALTER TABLE shop.big ADD KEY (note)", "UPDATE shop.big SET note = 'rare' WHERE id <= 5", "ANALYZE TABLE shop.big")
		g := start(t, s.Addr(), rowsPolicy)
		c := login(t, g.addr, "app")
		id := c.prepare(t, "UPDATE shop.big SET n = 1000 WHERE note = ?")
		other := c.prepare(t, "UPDATE shop.big SET n = 1000 WHERE note = ?")
		piece := func(of uint32, text string) {
			c.send(t, 0, append(command(0x18, of, 0, 0), text...)...)
		}
		execute := func(of uint32) int {
			c.send(t, 0, command(0x17, of, 0, 1, 0, 0, 0, 0, 1, 0xfe, 0)...)
			return c.answerCode(t)
		}
		piece(id, "ra")
		piece(id, "re")
		if got := execute(id); got != 0 {
			t.Errorf("rare: error %d", got)
		}
		piece(id, "no")
		piece(id, "te")
		if got := execute(id); got != 1104 {
			t.Errorf("note: error %d", got)
		}
		piece(id, "no")
		c.send(t, 0, command(0x1a, id)...)
		c.read(t)
		piece(other, "rare")
		piece(id, "rare")
		if got := execute(id); got != 0 {
			t.Errorf("rare after COM_STMT_RESET: error %d", got)
		}
		if got := execute(other); got != 0 {
			t.Errorf("rare of another statement: error %d", got)
		}
	})
}

func TestTheOnePreparedLastIsTheClients(t *testing.T) {
	s := mysqltest.MariaDB(t)
	bigShop(t, s, 200_000)
	g := start(t, s.Addr(), rowsPolicy)
	c := login(t, g.addr, "app")
	const last = 0xffffffff
	c.prepare(t, "UPDATE shop.big SET n = 1000 WHERE id <= ?")
	for range 2 {
		c.send(t, 0, executeWith(last, 3, true)...)
		if got := c.answerCode(t); got != 0 {
			t.Fatalf("error %d", got)
		}
	}
	if got := c.text(t, "SELECT COUNT(*) FROM shop.big WHERE n = 1000"); got != "3" {
		t.Errorf("%s rows were changed", got)
	}
	c.send(t, 0, append([]byte{0x16}, "SELECT no_such_column FROM shop.big WHERE id = ?"...)...)
	if got := c.answerCode(t); got != 1054 {
		t.Fatalf("a prepare that fails: error %d", got)
	}
	c.send(t, 0, executeWith(last, 3, true)...)
	if got := c.answerCode(t); got != 1243 {
		t.Errorf("after a prepare that failed: error %d", got)
	}
}

func TestQueryAttributesAreExplainedToo(t *testing.T) {
	s := mysqltest.MySQL(t)
	bigShop(t, s, 200_000)
	g := start(t, s.Addr(), rowsPolicy)
	c := login(t, g.addr, "app", protocol.CLIENT_QUERY_ATTRIBUTES)
	say := func(text string) int {
		c.send(t, 0, append([]byte("\x03\x01\x01\x00\x01\xfd\x00\x04from\x05value"), text...)...)
		return c.answerCode(t)
	}
	if got := say("UPDATE shop.big SET n = 1 WHERE note = 'note'"); got != 1104 {
		t.Errorf("unindexed: error %d", got)
	}
	if got := say("UPDATE shop.big SET n = 1 WHERE id = 1"); got != 0 {
		t.Errorf("by key: error %d", got)
	}
}

func TestAnExplainThatWouldBeTooLongIsNotSent(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), rowsPolicy)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "SET sql_mode = ''") // the session goes on
		size := value[int](t, c, "SELECT @@max_allowed_packet")
		text := func(size int) string {
			const head = "UPDATE orders SET note = '' WHERE id = 1 /*"
			return head + strings.Repeat("x", size-len(head)-2) + "*/"
		}
		refused(t, c, 1104, text(size-100))
		run(t, c, "DO 1")
	}, mysqltest.Args("--max-allowed-packet=1M"))
}
