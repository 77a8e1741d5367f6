package sqlparse_test

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

func TestTextPins(t *testing.T) {
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
		{"a = 'x' OR a = 0", ""},
		{"a IN (?, 'x', ?)", "a[0 1]"},
		{"a IN (" + strings.Repeat("?, ", 40) + "'x') AND b = ?", "a" + fmt.Sprint(upTo(40)) + " b[40]"},
		{"a IN (" + many + "'y')", "a[]"},
		{"a IN (" + many + "5)", ""},
		{"a IN (" + many + "?)", "a[0]"},
		{"a IN (" + many + "-'x')", ""},
		{"(a, b) IN (('x', 5), (6, 'y'))", ""},
		{"(a, b) IN (('x', 5), ('y', 'z'))", "a[]"},
		{"(a, b) IN (('x', 5), ('y', ?))", "a[]"},
		{"(a, b) IN ((?, 'x'), ('y', ?))", "a[0] b[1]"},
		{"(a, b) = (?, ?)", "a[0] b[1]"},
		{"c = POSITION(? IN ?) AND a = ?", "a[2]"},
		{"a = 0", ""},
		{"a = 1e0", ""},
		{"a = 0.0", ""},
		{"a = FALSE", ""},
		{"a = NULL", ""},
		{"a = -'x'", ""},
		{"a = -?", ""},
		{"a = @v", ""},
		{"a = @@sql_mode", ""},
		{"a = CAST('' AS SIGNED)", ""},
		{"a = CAST('x' AS JSON)", ""},
		{"a = CAST('x' AS DATETIME)", ""},
		{"a = DATE '2020-01-01'", ""},
		{"a = DATE(?)", ""},
		{"a = INET_ATON(?)", ""},
		{"a = JSON_EXTRACT(?, '$')", ""},
		{"a > 'x'", ""},
		{"a = 'x' ORDER BY b LIMIT ?", "a[]"},
	} {
		for head, before := range map[string]int{"DELETE FROM t WHERE ": 0, "UPDATE t SET c = ?, d = (SELECT 1 WHERE 1 = ?) WHERE ": 2, "WITH w AS (SELECT ? FROM t WHERE 1) DELETE FROM t WHERE ": 1} {
			var got []string
			for _, p := range reader.TextPins([]byte(head+row.where), mysql97, 0) {
				for i := range p.Parameters {
					p.Parameters[i] -= before
				}
				got = append(got, fmt.Sprint(p.Column, p.Parameters))
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

func TestTextPinsOfOddTexts(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for text, want := range map[string]string{
		"DELETE FROM t WHERE a = ? RETURNING *":                                "[{a [0]}]",
		"DELETE FROM t WHERE a = ? RETURNING a = ?":                            "[{a [0]}]",
		"SET STATEMENT max_statement_time = 1 FOR DELETE FROM t WHERE a = 'x'": "[{a []}]",
		"DELETE FROM t":                 "[]",
		"DELETE FROM t WHERE a = 'open": "[]",
		"DELETE FROM t WHERE":           "[]",
		"DELETE FROM t WHERE a = 'x' b": "[]",
		"DELETE FROM t WHERE a = " + strings.Repeat("(", 500) + "'x'" + strings.Repeat(")", 500): "[]",
		"": "[]",
	} {
		if got := fmt.Sprint(reader.TextPins([]byte(text), mariadb10, 0)); got != want {
			t.Errorf("%.60s: %s, want %s", text, got, want)
		}
	}
	two := []byte("DELETE FROM t WHERE a = 'x'; UPDATE t SET a = 5 WHERE b = 'x'")
	for i, want := range []string{"[{a []}]", "[{b []}]", "[]"} {
		if got := fmt.Sprint(reader.TextPins(two, mysql97, i)); got != want {
			t.Errorf("statement %d: %s", i, got)
		}
	}
}
