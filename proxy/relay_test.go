package proxy_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
)

// everything lets the accounts of these tests do what the server lets them.
const everything = `
app: any
accounts: [root, app]
environments: [production]
grants: ["ALL ON *.*"]
`

func TestResultsComeThroughAsTheServerSentThem(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		s.User(t, "app", "ALL ON shop.*")
		g := start(t, s.Addr(), everything)
		parse := func(c *mysql.Config) { c.ParseTime, c.MaxAllowedPacket = true, 64<<20 }
		for name, leg := range map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS} {
			t.Run(name, func(t *testing.T) {
				c := one(t, g.open(t, "app", "shop", parse, multi, leg))
				run(t, c, "DROP TABLE IF EXISTS t")
				run(t, c, "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), born DATETIME(6), body LONGBLOB, n DECIMAL(20,5))")
				run(t, c, "INSERT INTO t VALUES (1, NULL, '2024-02-29 12:34:56.789000', NULL, -1.5)")
				blob := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
				run(t, c, "INSERT INTO t VALUES (2, 'two', NULL, ?, NULL)", blob)

				var name sql.NullString
				var born time.Time
				row := c.QueryRowContext(t.Context(), "SELECT name, born FROM t WHERE id = ?", 1)
				if err := row.Scan(&name, &born); err != nil || name.Valid || !born.Equal(time.Date(2024, 2, 29, 12, 34, 56, 789000000, time.UTC)) {
					t.Errorf("NULL and date: %v, %v, %v", name, born, err)
				}
				if got := value[[]byte](t, c, "SELECT body FROM t WHERE id = 2"); !bytes.Equal(got, blob) {
					t.Errorf("a blob of 1 MiB came back as %d bytes", len(got))
				}
				twoResults(t, c)
				manyRows(t, c, 100_000)
			})
		}
	})
}

// twoResults reads two result sets of one text.
func twoResults(t *testing.T, c *sql.Conn) {
	t.Helper()
	rows, err := c.QueryContext(t.Context(), "SELECT id FROM t ORDER BY id; SELECT 'second'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
	}
	if err := rows.Err(); err != nil || strings.Join(got, " ") != "1 2 second" {
		t.Errorf("two results: %q, %v", got, err)
	}
}

// manyRows reads n rows, in the text protocol and in the binary one.
func manyRows(t *testing.T, c *sql.Conn, n int) {
	t.Helper()
	text := `SELECT a.n * 1000 + b.n + ?, REPEAT('x', 50) FROM
		(SELECT d.n * 100 + e.n * 10 + f.n AS n FROM digits d, digits e, digits f) a,
		(SELECT d.n * 100 + e.n * 10 + f.n AS n FROM digits d, digits e, digits f) b LIMIT %d`
	run(t, c, "CREATE TABLE IF NOT EXISTS digits (n INT PRIMARY KEY)")
	run(t, c, "REPLACE INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
	rows, err := c.QueryContext(t.Context(), fmt.Sprintf(text, n), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := map[int]bool{}
	for rows.Next() {
		var v int
		var p string
		if err := rows.Scan(&v, &p); err != nil || len(p) != 50 {
			t.Fatal(v, p, err)
		}
		seen[v] = true
	}
	if err := rows.Err(); err != nil || len(seen) != n {
		t.Errorf("%d different rows of %d, %v", len(seen), n, err)
	}
}

func TestMessagesOfManyPackets(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		s.User(t, "app", "ALL ON shop.*")
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "shop", func(c *mysql.Config) { c.MaxAllowedPacket = 64 << 20 }))
		const packet = 1<<24 - 1
		text := len("\x03SELECT LENGTH('')")
		for _, size := range []int{packet - 1, packet, packet + 1, 2 * packet} {
			n := size - text
			if got := value[int](t, c, "SELECT LENGTH('"+strings.Repeat("a", n)+"')"); got != n {
				t.Errorf("a command of %d bytes: length %d, want %d", size, got, n)
			}
		}
		for _, n := range []int{packet - 4, packet - 3, packet, packet + 1, 20 << 20} {
			if got := value[[]byte](t, c, fmt.Sprintf("SELECT REPEAT('b', %d)", n)); len(got) != n {
				t.Errorf("a row of %d bytes: %d", n, len(got))
			}
		}
		if got := value[int](t, c, "SELECT 1"); got != 1 {
			t.Errorf("after them: %d", got)
		}
	}, mysqltest.Args("--max-allowed-packet=64M"))
}

func TestASessionIsOneServerConnection(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		s.User(t, "app", "ALL ON shop.*")
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "shop"))
		id := value[int](t, c, "SELECT CONNECTION_ID()")
		run(t, c, "CREATE TEMPORARY TABLE mine (id INT)")
		run(t, c, "SET @v = 42")
		run(t, c, "INSERT INTO mine VALUES (1), (2)")
		if got := value[int](t, c, "SELECT COUNT(*) + @v FROM mine"); got != 44 {
			t.Errorf("temporary table and variable: %d", got)
		}
		if again := value[int](t, c, "SELECT CONNECTION_ID()"); again != id {
			t.Errorf("server connection %d, then %d", id, again)
		}
	})
}

func TestWarningsOfAStatementAreThereForTheNext(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "shop")
		s.User(t, "app", "ALL ON shop.*")
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "SET sql_mode = ''")
		run(t, c, "DROP TABLE IF EXISTS nowhere")
		rows, err := c.QueryContext(t.Context(), "SHOW WARNINGS")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if !rows.Next() {
			t.Error("SHOW WARNINGS is empty")
		}
	})
}
