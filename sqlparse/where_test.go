package sqlparse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// picking are conditions that pick rows by a column.
var picking = []string{
	"id = 5", "5 = id", "id <=> 5", "id IN (5, 6)", "id BETWEEN 5 AND 9", "id > 100", "id < 10", "100 < id", "id = 5 AND 1 = 1", "1 = 1 AND id = 5",
	"id = 5 OR id = 6", "(id = 5 OR name = 'x') AND 1", "NOT id <> 5", "NOT id > 5", "NOT (id <> 5 OR 1 = 2)", "(id, name) = (5, 'x')", "(id, name) IN ((5, 'x'))",
	"id + 1 = 6", "id = @v", "id = '5'", "id = ABS(-5)", "name = 'x'", "name = 'X' COLLATE utf8mb4_bin", "LOWER(name) = 'x'", "name LIKE 'x%'",
	"name LIKE '%x%'", "name LIKE CONCAT('x', '%')", "name REGEXP 'xyz'", "name IS NULL", "NOT name IS NOT NULL", "FIND_IN_SET('x', name)", "made = '2020-01-01'",
	"made = DATE '2020-01-01'", "made < '2020-01-01'", "made >= DATE '2020-01-01'", "made < {ts '2020-01-01 00:00:00'}", "made < NOW() - INTERVAL 1 YEAR",
	"made < DATE('2020-01-01')", "made >= STR_TO_DATE('2020-01-01', '%Y-%m-%d')", "made < FROM_UNIXTIME(1577836800)",
	"made >= CAST('2020-01-01' AS DATETIME)", "made > '2020-01-01' - INTERVAL 1 MONTH", "DATE(made) = '2020-01-01'", "YEAR(made) = 2020", "id IN (SELECT id FROM u WHERE name = 'x')", "id = (SELECT MAX(id) FROM u)",
	"EXISTS (SELECT 1 FROM u WHERE u.id = t.id)", "t.id = 5", "id = 5 AND id > 0", "CAST(id AS CHAR) = '5'",
	"id = 0x05", "0x05 = id", "name = x'78'", "name = _utf8mb4 x'78'", "name = N'x'", "name IN (x'78', 0x58)", "(id, name) IN ((0x5, x'78'))", "id = b'101'", "name <=> x''", "id = 0x00",
	"name = 0x00", "name = x''", "name IN (x'', 'q')", "name = _binary 0x00", "id BETWEEN 0x00 AND 10", "id BETWEEN 10 AND 0xFFFF", "name = 'a' 'bc'", "name IN ('a' 'bc', 'x')",
}

// constant are conditions that are true for every row, or could be.
var constant = []string{
	"1", "TRUE", "'1'", "0x31", "1 = 1", "1 <> 2", "'a' = 'a'", "'a' LIKE '%'", "NOT 0", "NOT 1 = 2", "!0", "NULL IS NULL", "1 IN (1)", "1 BETWEEN 0 AND 2", "(1, 2) = (1, 2)",
	"id = id", "id <=> id", "t.id = id", "id = id + 0", "id - id = 0", "id * 0 = 0", "id <> -1", "id != 0", "NOT id = -5", "id > 0", "id >= 0", "0 < id", "id > -1", "id > 0.5",
	"id < 9999999999", "id BETWEEN 0 AND 99999999", "id NOT IN (-1)", "id NOT BETWEEN -5 AND -4", "id IS NOT NULL", "NOT id IS NULL", "id IS NULL OR id IS NOT NULL",
	"id = 5 OR 1", "id = 5 OR 1 = 1", "id = 5 OR id = id", "id = 5 OR NOT id = 5", "id > 0 OR name = 'x'", "id XOR 0", "id", "name LIKE '%'", "name LIKE '%%'", "name LIKE '_%' OR name LIKE ''",
	"name >= ''", "name <= 'zzzz'", "name NOT LIKE 'q'", "LENGTH(name) >= 0", "COALESCE(id, 1)", "IFNULL(NULL, 1)", "IF(1, 1, 0)", "CASE WHEN 1 THEN 1 END", "name REGEXP '.*'", "name REGEXP ''",
	"made > '1970-01-01'", "made > DATE '1000-01-01'", "made >= {ts '1000-01-01 00:00:00'}", "made < '9999-12-31'", "made < TIMESTAMP '9999-12-31 00:00:00'", "made > DATE('1000-01-01')", "made >= STR_TO_DATE('1970-01-01', '%Y-%m-%d')",
	"made > FROM_UNIXTIME(0)", "id >= ABS(0)", "id > CAST('0' AS SIGNED)", "id > COALESCE(NULL, 0)", "id > LEAST(0, 5)", "id > IF(1, 0, 5)", "id > CASE WHEN 1 THEN 0 END", "id > 5 - 5",
	"name >= LEFT('m', 0)", "id >= (SELECT 0)", "id > JSON_EXTRACT('0', '$')", "RAND() < 2", "(@v := 1)", "SLEEP(0) = 0",
	"id > 0x0", "name >= x''", "id BETWEEN (0x0) AND (0xFFFFFFFF)", "id BETWEEN 0 AND 0xFFFFFFFF",
	"id BETWEEN 0x0 AND 99999999", "NOT id < 0x0", "x'00' <= id", "(id) >= ((x'00'))", "id >= _binary 0x00", "name >= _utf8mb4 x''", "name >= N''", "name >= BINARY x''", "id >= CAST(0x0 AS SIGNED)",
	"name >= x'' COLLATE utf8mb4_bin", "id >= -0x0", "id >= ABS(0x0)", "id >= 0x0 + 0", "name LIKE x'25'", "name LIKE 0x25", "name REGEXP x'2e2a'", "LEFT(name, 0) = x''", "made > DATE(x'31393030')",
	"made > '19' '00-01-01'", "made < '21' '00-01-01'", "name LIKE '' '%'", "name REGEXP ('m' '|')", "made > ('19' '70-01-01')",
	"EXISTS (SELECT 1)", "EXISTS (SELECT 1 FROM u)", "id IN (SELECT id FROM t AS x)", "id IN (SELECT id FROM u) OR 1", "(SELECT 1)", "(SELECT COUNT(*) FROM u) >= 0", "f(id)",
}

// every are conditions that are true for every row of TestWhereOnServers.
var every = []string{"id >= 0x0", "id >= x'00'", "id >= X'00'", "id <= 0xFFFFFFFF", "id >= b'0'", "id >= 0b0", "id BETWEEN 0x0 AND 0xFFFFFFFF", "id >= (0x0)", "0x0 <= id", "id >= (-5)"}

// TestWhere tells conditions that pick rows from those that could be true for all.
func TestWhere(t *testing.T) {
	for want, conditions := range map[sqlparse.Where][]string{sqlparse.WhereColumn: picking, sqlparse.WhereConstant: slices.Concat(constant, every)} {
		for _, condition := range conditions {
			for _, m := range []sqlparse.Mode{mysql97, mariadb10} {
				for _, head := range []string{"DELETE FROM t WHERE ", "UPDATE t SET a = 1 WHERE ", "DELETE t FROM t JOIN w ON 1 WHERE "} {
					if st := readOne(t, head+condition, m); st.Where != want {
						t.Errorf("%s: %s%s: %s %s, want %s", m.Server, head, condition, st.Where, st.Reason, want)
					}
				}
			}
		}
	}
	for _, sql := range []string{"DELETE FROM t", "DELETE FROM t ORDER BY id LIMIT 1", "UPDATE t SET a = 1", "DELETE t FROM t JOIN w ON t.id = w.id"} {
		if st := readOne(t, sql, mysql97); st.Where != sqlparse.WhereNone {
			t.Errorf("%s: %s, want none", sql, st.Where)
		}
	}
}

// TestWhereOnServers lets the servers count: of a table with rows of every
// sort, what is read as picking rows picks some.
func TestWhereOnServers(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "rows")
		conn, err := s.Admin().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var values []string
		for i, name := range []string{"NULL", "''", "'x'", "'X'", "'0'", "'abc'", "'%'", "'zzz'"} {
			for j, made := range []string{"NULL", "'1000-01-01'", "'1971-02-03'", "'2019-05-06'", "'2020-01-01'", "'2024-07-08'", "'9999-12-30'"} {
				values = append(values, fmt.Sprintf("(%d, %s, %s)", 7*i+j, name, made))
			}
		}
		for _, text := range []string{"USE `rows`", "CREATE TABLE t (id INT, name VARCHAR(9), made DATETIME)", "CREATE TABLE u LIKE t",
			"INSERT INTO t VALUES " + strings.Join(values, ", "), "INSERT INTO u SELECT * FROM t WHERE id < 20", "SET @v = 5"} {
			if _, err := conn.ExecContext(t.Context(), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		for _, condition := range picking {
			var n int
			if err := conn.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t WHERE "+condition).Scan(&n); err != nil || n == len(values) {
				t.Errorf("%s: %d of %d rows, %v", condition, n, len(values), err)
			}
		}
		for _, condition := range every {
			var n int
			if err := conn.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t WHERE "+condition).Scan(&n); err != nil || n != len(values) {
				t.Errorf("%s: %d of %d rows, %v", condition, n, len(values), err)
			}
		}
	})
}

// TestWhereOfOneShape reads pairs of which only one picks rows: one shape would
// have the reading of the other.
func TestWhereOfOneShape(t *testing.T) {
	shape := func(condition string) string {
		return string(sqlparse.Lex([]byte("DELETE FROM t WHERE "+condition), mysql97, &sqlparse.Tokens{}).Shape)
	}
	for picks, constant := range map[string]string{
		"made > STR_TO_DATE('2020-01-01', '%Y-%m-%d')":        "made > STR_TO_DATE('1900-01-01', '%Y-%m-%d')",
		"made < STR_TO_DATE('2020-01-01', '%Y-%m-%d')":        "made < STR_TO_DATE('9999-01-01', '%Y-%m-%d')",
		"made > CONVERT_TZ('2020-01-01', '+00:00', '+01:00')": "made > CONVERT_TZ('1900-01-01', '+00:00', '+01:00')",
		"made > CONVERT_TZ('2020-01-01', 0x0, '+01:00')":      "made > CONVERT_TZ(0x0, '2020-01-01', '+01:00')",
		"id > UNIX_TIMESTAMP(5, -5)":                          "id > UNIX_TIMESTAMP(-5, 5)",
		"id > (+5)":                                           "id > (-5)",
		"id > (5)":                                            "id > (0x0)",
		"(LEFT(name, 0), 1) IN (('m', ?))":                    "(LEFT(name, 0), 1) IN ((?, 'm'))",
		"(LEFT(name, 0), 1) IN (('m', 'm'), ('m', 'm'))":      "(LEFT(name, 0), 1) IN (('m', 'm'), (?, ?))",
		"(LEFT(name, 0), 1) IN (('m', x'01'))":                "(LEFT(name, 0), 1) IN ((x'', 'm'))",
	} {
		for condition, want := range map[string]sqlparse.Where{picks: sqlparse.WhereColumn, constant: sqlparse.WhereConstant} {
			if st := readOne(t, "DELETE FROM t WHERE "+condition, mysql97); st.Where != want {
				t.Errorf("%s: %s %s, want %s", condition, st.Where, st.Reason, want)
			}
		}
		if shape(picks) == shape(constant) {
			t.Errorf("one shape: %s and %s", picks, constant)
		}
	}
	for a, b := range map[string]string{"id IN (5, 6)": "id IN (7, 1, 2000000)", "(id, name) IN ((5, 'm'))": "(id, name) IN ((1, 'z'), (6, 'm'))", "id = ABS(5)": "id = ABS(6)"} {
		if shape(a) != shape(b) {
			t.Errorf("two shapes: %s and %s", a, b)
		}
	}
}
