package sqlparse_test

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

func TestPins(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	many := strings.Repeat("'x', ", 40)
	for _, row := range []struct {
		where string
		want  string
	}{
		{"a = 'x'", "a[]"},
		{"'x' = A", "a[]"},
		{"a = N'x'", "a[]"},
		{"a = x'00'", "a[]"},
		{"a = 0x00", "a[]"},
		{"a = b'0'", "a[]"},
		{"a = _utf8mb4'x' COLLATE utf8mb4_bin", "a[]"},
		{"a = ('0')", "a[]"},
		{"a = UNHEX(?)", "a[]"},
		{"a = UUID_TO_BIN(?)", "a[]"},
		{"a = CAST(? AS CHAR(9)) AND b = BINARY ?", "a[] b[]"},
		{"a = ?", "a[0]"},
		{"c > ? AND a = ?", "a[1]"},
		{"a = ? AND a = 'x'", "a[]"},
		{"a = 0 AND a = 'x'", "a[]"},
		{"a = 0 AND a = ?", "a[0]"},
		{"a = ? OR a = ?", "a[0 1]"},
		{"a = 'x' OR a = ?", "a[0]"},
		{"a = 'x' OR a = 0", "a#[]"},
		{"a IN (?, 'x', ?)", "a[0 1]"},
		{"a IN (" + strings.Repeat("?, ", 40) + "'x') AND b = ?", "a" + fmt.Sprint(upTo(40)) + " b[40]"},
		{"a IN (" + many + "'y')", "a[]"},
		{"a IN (" + many + "5)", "a#[]"},
		{"a IN (" + many + "?)", "a[0]"},
		{"a IN (" + many + "-'x')", "a#[]"},
		{"(a, b) IN (('x', 5), (6, 'y'))", "a#[] b#[]"},
		{"(a, b) IN (('x', 5), ('y', 'z'))", "a[] b#[]"},
		{"(a, b) IN (('x', 5), ('y', ?))", "a[] b#[0]"},
		{"(a, b) IN ((?, 'x'), ('y', ?))", "a[0] b[1]"},
		{"(a, b) = (?, ?)", "a[0] b[1]"},
		{"c = POSITION(? IN ?) AND a = ?", "a[2]"},
		{"a = 0", "a#[]"},
		{"a = 1e0", "a#[]"},
		{"a = 0.0", "a#[]"},
		{"a = FALSE", "a#[]"},
		{"a = NULL", "a#[]"},
		{"a = -'x'", "a#[]"},
		{"a = -?", "a#[]"},
		{"a = @v", "a#[]"},
		{"a = @@sql_mode", "a#[]"},
		{"a = CAST('' AS SIGNED)", "a#[]"},
		{"a = CAST('x' AS JSON)", "a?[]"},
		{"a = CAST('x' AS DATETIME)", "a?[]"},
		{"a = DATE '2020-01-01'", "a?[]"},
		{"a = {ts '2020-01-01 00:00:00'}", "a?[]"},
		{"a = DATE(?)", "a?[]"},
		{"a = DATE('x') AND a = 5", "a#[]"},
		{"a = INET_ATON(?)", "a#[]"},
		{"a = JSON_EXTRACT(?, '$')", "a?[]"},
		{"a IN ('x', DATE('x'))", "a?[]"},
		{"a > 'x'", ""},
		{"a = 'x' ORDER BY b LIMIT ?", "a[]"},
	} {
		for head, before := range map[string]int{"DELETE FROM t WHERE ": 0, "UPDATE t SET c = ?, d = (SELECT 1 WHERE 1 = ?) WHERE ": 2, "WITH w AS (SELECT ? FROM t WHERE 1) DELETE FROM t WHERE ": 1} {
			var got []string
			for _, p := range reader.Pins([]byte(head+row.where), mysql97, 0) {
				for i := range p.Parameters {
					p.Parameters[i] -= before
				}
				got = append(got, p.Column+[]string{"?", "#", ""}[p.Values]+fmt.Sprint(p.Parameters))
			}
			if got := strings.Join(got, " "); got != row.want {
				t.Errorf("%s%s: %s, want %s", head, row.where, got, row.want)
			}
		}
	}
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestPinsOfOddTexts(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for text, want := range map[string]string{
		"DELETE FROM t WHERE a = ? RETURNING *":                                "[{a 2 [0]}]",
		"DELETE FROM t WHERE a = ? RETURNING a = ?":                            "[{a 2 [0]}]",
		"SET STATEMENT max_statement_time = 1 FOR DELETE FROM t WHERE a = 'x'": "[{a 2 []}]",
		"DELETE FROM t":                 "[]",
		"DELETE FROM t WHERE a = 'open": "[]",
		"DELETE FROM t WHERE":           "[]",
		"DELETE FROM t WHERE a = 'x' b": "[]",
		"DELETE FROM t WHERE a = " + strings.Repeat("(", 500) + "'x'" + strings.Repeat(")", 500): "[]",
		"": "[]",
	} {
		if got := fmt.Sprint(reader.Pins([]byte(text), mariadb10, 0)); got != want {
			t.Errorf("%.60s: %s, want %s", text, got, want)
		}
	}
	two := []byte("DELETE FROM t WHERE a = 'x'; UPDATE t SET a = 5 WHERE b = 'x'")
	for i, want := range []string{"[{a 2 []}]", "[{b 2 []}]", "[]"} {
		if got := fmt.Sprint(reader.Pins(two, mysql97, i)); got != want {
			t.Errorf("statement %d: %s", i, got)
		}
	}
}
