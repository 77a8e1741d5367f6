package proxy_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
	driver "github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// typedKeys makes tables whose keys are of every type, each with three rows: of
// texts, all of which equal the number 0, and of numbers and dates.
func typedKeys(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	shop(t, s)
	s.User(t, "control", "REFERENCES ON shop.*")
	for name, table := range map[string][2]string{
		"text":    {"VARCHAR(36) CHARACTER SET utf8mb4", "('a'), ('b'), ('c')"},
		"padded":  {"CHAR(36)", "('a'), ('b'), ('c')"},
		"raw":     {"BINARY(16)", "(UNHEX('61')), (UNHEX('62')), (UNHEX('63'))"},
		"word":    {"ENUM('a', 'b', 'c')", "('a'), ('b'), ('c')"},
		"set_of":  {"SET('a', 'b', 'c')", "('a'), ('b'), ('c')"},
		"number":  {"BIGINT", "(0), (1), (2)"},
		"money":   {"DECIMAL(9, 2)", "(0), (1), (2)"},
		"bits":    {"BIT(8)", "(0), (1), (2)"},
		"real_n":  {"DOUBLE", "(0), (1), (2)"},
		"year_of": {"YEAR", "(0), (2001), (2002)"},
		"day_of":  {"DATE", "('0000-00-00'), ('2020-01-01'), ('2020-01-02')"},
		"at_time": {"DATETIME", "('0000-00-00'), ('2020-01-01'), ('2020-01-01 10:00:00')"},
		"stamp":   {"TIMESTAMP", "('0000-00-00'), ('2020-01-01'), ('2020-01-01 10:00:00')"},
		"hour_of": {"TIME", "('00:00:00'), ('10:00:00'), ('11:00:00')"},
	} {
		s.Exec(t, fmt.Sprintf("CREATE TABLE shop.%s (id %s NOT NULL PRIMARY KEY, n INT)", name, table[0]))
		c := one(t, s.Admin())
		run(t, c, "SET sql_mode = ''")
		run(t, c, fmt.Sprintf("INSERT INTO shop.%s (id) VALUES %s", name, table[1]))
	}
}

// textKeys and exactKeys are the tables of typedKeys.
var (
	textKeys   = []string{"text", "padded", "raw", "word", "set_of"}
	numberKeys = []string{"number", "money", "bits", "real_n", "year_of"}
	exactKeys  = []string{"day_of", "at_time", "stamp", "hour_of"}
)

const primaryKeyPolicy = `
app: shop-web
accounts: [app]
environments: [production]
grants: ["ALL ON *.*"]
require:
  - PRIMARY KEY FOR UPDATE, DELETE
`

// changed counts the rows that a statement has changed, and undoes that.
func changed(t *testing.T, s *mysqltest.Server, table string) (n int) {
	t.Helper()
	if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop." + table + " WHERE n = 1").Scan(&n); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, "UPDATE shop."+table+" SET n = NULL")
	return n
}

// Sorts of values. A key takes its own and those before it.
const (
	ofText = iota
	ofNumber
	ofDate
)

// keyValues are values that keys are compared with.
var keyValues = []struct {
	sql  string
	sort int
	args []any
}{
	{"= 'a'", ofText, nil}, {"= 'zz'", ofText, nil}, {"= ''", ofText, nil}, {"= '0'", ofText, nil}, {"= N'a'", ofText, nil}, {"IN ('a', 'zz')", ofText, nil},
	{"= 0x61", ofText, nil}, {"= x'00'", ofText, nil}, {"= b'0'", ofText, nil}, {"= UNHEX('00')", ofText, nil}, {"= CAST(0 AS CHAR)", ofText, nil},
	{"= LOWER('A')", ofText, nil}, {"= ?", ofText, []any{"a"}}, {"= ?", ofText, []any{"0"}}, {"= ?", ofText, []any{[]byte("a")}}, {"= ?", ofText, []any{nil}},
	{"IN (?, ?)", ofText, []any{"a", "zz"}}, {"= UNHEX(?)", ofText, []any{"61"}},
	{"= 0", ofNumber, nil}, {"= 0.0", ofNumber, nil}, {"= 0e0", ofNumber, nil}, {"= FALSE", ofNumber, nil}, {"= -'x'", ofNumber, nil}, {"IN (0)", ofNumber, nil},
	{"IN ('zz', 0)", ofNumber, nil}, {"IN (" + strings.Repeat("'zz', ", 40) + "5)", ofNumber, nil}, {"= @zero", ofNumber, nil}, {"= CAST('' AS SIGNED)", ofNumber, nil},
	{"= TO_DAYS('0000-00-00')", ofNumber, nil}, {"= ?", ofNumber, []any{0}}, {"= ?", ofNumber, []any{0.0}}, {"IN (?, ?)", ofNumber, []any{"zz", 0}},
	{"= CAST('0000-00-00' AS DATETIME)", ofDate, nil}, {"= DATE '0000-00-00'", ofDate, nil}, {"IN (TIMESTAMP '0000-00-00 00:00:00', 'zz')", ofDate, nil},
	{"= CAST('00:00:00' AS TIME)", ofDate, nil}, {"IN (77, CAST('00:00:00' AS TIME))", ofDate, nil}, {"= DATE(?)", ofDate, []any{"0000-00-00"}},
}

func TestAKeyIsHeldByItsType(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		typedKeys(t, s)
		g := start(t, s.Addr(), primaryKeyPolicy, controlled)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "SET sql_mode = '', @zero = 0")
		kinds := map[int][]string{ofText: textKeys, ofNumber: numberKeys, ofDate: exactKeys}
		for kind, tables := range kinds {
			for _, table := range tables {
				for _, v := range keyValues {
					_, err := c.ExecContext(t.Context(), "UPDATE "+table+" SET n = 1 WHERE id "+v.sql, v.args...)
					if n := changed(t, s, table); n > 1 && !strings.HasPrefix(v.sql, "IN") || n > 2 {
						t.Errorf("%s %s %v: %d rows are changed", table, v.sql, v.args, n)
					}
					if refused := codeOf(err) == 1175; refused != (v.sort > kind) {
						t.Errorf("%s %s %v: %v", table, v.sql, v.args, err)
					}
				}
			}
		}
	})
}

// TestAKeyIsHeldInEveryForm holds that texts pass however a statement comes.
func TestAKeyIsHeldInEveryForm(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*driver.Config)) {
		typedKeys(t, s)
		g := start(t, s.Addr(), primaryKeyPolicy, controlled)
		c := one(t, g.open(t, "app", "shop", multi, leg))
		run(t, c, "UPDATE text SET n = 1 WHERE id = 'a'; DELETE FROM text WHERE id = 'zz'")
		refused(t, c, 1175, "UPDATE text SET n = 1 WHERE id = 'a'; DELETE FROM text WHERE id = 0")
		run(t, c, "UPDATE text SET n = ? WHERE id = ?", 1, "a")
		refused(t, c, 1175, "UPDATE text SET n = ? WHERE id = ?", "a", 1)
		run(t, c, "UPDATE text SET n = ? WHERE n = ? AND id IN ("+strings.Repeat("?, ", 40)+"?)", append([]any{1, 2}, repeated("x", 41)...)...)
		refused(t, c, 1175, "UPDATE text SET n = ? WHERE n = ? AND id IN ("+strings.Repeat("?, ", 40)+"?)", append([]any{1, 2}, append(repeated("x", 40), 0)...)...)
		refused(t, c, 1175, "PREPARE s FROM 'DELETE FROM text WHERE id = ?'")
		run(t, c, "EXPLAIN DELETE FROM text WHERE id = 0")
		run(t, c, "DELETE FROM number WHERE id = 0")
		message := refused(t, c, 1175, "DELETE FROM text WHERE id = ?", 0)
		if !strings.Contains(message, "something else than a text") {
			t.Errorf("the message: %s", message)
		}
		run(t, c, "ALTER TABLE number MODIFY id VARCHAR(20) NOT NULL")
		refused(t, c, 1175, "DELETE FROM number WHERE id = 0")
		if n := count(t, c, "text"); n != 3 {
			t.Errorf("%d rows", n)
		}
	})
}

func repeated(value any, n int) (list []any) {
	for range n {
		list = append(list, value)
	}
	return list
}

// TestAKeyIsHeldByTypesThatAreNotSentAgain executes a statement without types,
// and in bulk.
func TestAKeyIsHeldByTypesThatAreNotSentAgain(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		typedKeys(t, s)
		g := start(t, s.Addr(), primaryKeyPolicy, controlled)
		c := loginAs(t, g.addr, wire.HandshakeResponse{User: "app", Capabilities: oldest &^ mysql.CLIENT_LONG_PASSWORD, MariaDBCapabilities: wire.MariaDBBulkOperations}, nil)
		id := c.prepares(t, "UPDATE shop.text SET n = 1 WHERE id = ?")
		text := []byte{0, 1, 0, 0, 0, 0, 1, 0xfe, 0, 1, 'a'}
		again := append(text[:6:6], 0, 4, 0, 0, 0, 0) // a text of four zeros
		for _, step := range []struct {
			name string
			body []byte
			want string
		}{
			{"a text", text, "ok"},
			{"as before", again, "ok"},
			{"a number", number(0, true), "error 1175"},
			{"a number, as before", number(0, false), "error 1175"},
			{"a text again", text, "ok"},
		} {
			if got := c.executes(t, id, step.body...); got != step.want {
				t.Errorf("%s: %s, want %s", step.name, got, step.want)
			}
		}
		if s.Flavour() == "mariadb" {
			bulk := func(body ...byte) string {
				c.send(t, 0, onStatement(0xfa, id, body...)...)
				return c.outcome(t, false)
			}
			if got := bulk(0x80, 0, 0xfe, 0, 0, 1, 'a', 0, 1, 'z'); got != "ok" {
				t.Errorf("texts in bulk: %s", got)
			}
			if got := bulk(binary.LittleEndian.AppendUint32([]byte{0x80, 0, 3, 0, 0}, 0)...); got != "error 1175" {
				t.Errorf("numbers in bulk: %s", got)
			}
			if got := c.executes(t, id, number(0, false)...); got != "error 1175" {
				t.Errorf("a number, as before: %s", got)
			}
		}
		if n := changed(t, s, "text"); n != 1 {
			t.Errorf("%d rows are changed", n)
		}
		id = c.prepares(t, "UPDATE shop.money SET n = 1 WHERE id = ?")
		if got := c.executes(t, id, 0, 1, 0, 0, 0, 0, 1, 0x0c, 0, 0); got != "error 1175" {
			t.Errorf("a number that is compared with a date: %s", got)
		}
		if got := c.executes(t, id, number(0, true)...); got != "ok" {
			t.Errorf("a number: %s", got)
		}
		if n := changed(t, s, "money"); n != 1 {
			t.Errorf("%d numbers are changed", n)
		}
	})
}

// TestParametersOfAnotherForm counts those of MariaDB's ORACLE mode.
func TestParametersOfAnotherForm(t *testing.T) {
	s := mysqltest.MariaDB(t)
	typedKeys(t, s)
	g := start(t, s.Addr(), primaryKeyPolicy+"  - LIMIT FOR DELETE ON shop.sessions\n", controlled)
	c := one(t, g.open(t, "app", "shop"))
	run(t, c, "SET sql_mode = 'ORACLE'")
	run(t, c, "UPDATE text SET n = ? WHERE id = ?", "1", "a")
	run(t, c, "UPDATE text SET n = :1 WHERE id = 'a'", "1")
	refused(t, c, 1175, "UPDATE text SET n = :1 WHERE id = ?", "1", 0)
	refused(t, c, 1175, "DELETE FROM sessions LIMIT ? RETURNING :1", 9000000, 1)
	refused(t, c, 1175, "DELETE FROM sessions LIMIT :1", 9000000)
	if n := changed(t, s, "text"); n != 1 {
		t.Errorf("%d rows are changed", n)
	}
}

// A collation in the WHERE makes a key's value name many rows.
func TestACollationMayNameMoreRows(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "control", "REFERENCES ON shop.*")
		s.Exec(t, "CREATE TABLE shop.words (id VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, n INT)",
			"INSERT INTO shop.words (id) VALUES ('a'), ('A')")
		g := start(t, s.Addr(), primaryKeyPolicy, controlled)
		c := one(t, g.open(t, "app", "shop"))
		refused(t, c, 1175, "UPDATE words SET n = 1 WHERE id = 'a' COLLATE utf8mb4_general_ci")
		refused(t, c, 1175, "UPDATE words SET n = 1 WHERE id = LOWER('a' COLLATE utf8mb4_general_ci)")
		run(t, c, "UPDATE words SET n = 1 WHERE id = 'a' COLLATE utf8mb4_bin")
	})
}
