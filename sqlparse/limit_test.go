package sqlparse_test

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

func TestRowLimit(t *testing.T) {
	for _, row := range []struct {
		sql  string
		rows uint64
		ok   bool
	}{
		{"DELETE FROM t WHERE a = 1 LIMIT 1000", 1000, true},
		{"DELETE FROM t LIMIT 1000;", 1000, true},
		{"UPDATE t SET a = 1 ORDER BY b LIMIT 0", 0, true},
		{"DELETE FROM t LIMIT 18446744073709551615", 18446744073709551615, true},
		{"DELETE FROM t LIMIT 18446744073709551616", 0, false},
		{"DELETE FROM t LIMIT 5 RETURNING a", 5, true},
		{"DELETE FROM t LIMIT ?", 0, false},
		{"DELETE FROM t LIMIT 5, 10", 0, false},
		{"DELETE FROM t WHERE a IN (SELECT b FROM u LIMIT 5)", 0, false},
		{"DELETE FROM t WHERE a = 'LIMIT 5'", 0, false},
		{"DELETE FROM t WHERE `LIMIT` = 5", 0, false},
		{"DELETE FROM t", 0, false},
		{"DELETE FROM t LIMIT 5; DELETE FROM t", 0, false},
		{"SELECT 1 LIMIT 5", 0, false},
		{"DELETE FROM t LIMIT 5 'open", 0, false},
		{"", 0, false},
	} {
		if rows, ok := sqlparse.RowLimit([]byte(row.sql), mysql97); rows != row.rows || ok != row.ok {
			t.Errorf("%s: %d, %v", row.sql, rows, ok)
		}
	}
}

func TestSmallLimit(t *testing.T) {
	for n, want := range map[uint64]bool{
		0: true, 1: true, 9999: true, 99998: true, 99999: false, 999998: true, 999999: false, 1000000: false,
		9223372036854775807: false, 18446744073709551615: false,
	} {
		if got := sqlparse.SmallLimit(n); got != want {
			t.Errorf("%d: %v", n, got)
		}
		// The literal is read by the same rule, in a text whose shape weighs it and in one whose shape holds it.
		for _, head := range []string{"DELETE FROM t LIMIT ", "EXPLAIN DELETE FROM t LIMIT ", "PREPARE s FROM 'DELETE FROM t LIMIT "} {
			text := fmt.Sprint(head, n)
			if strings.Contains(head, "'") {
				text += "'"
			}
			st := readOne(t, text, mysql97)
			if len(st.Inner) > 0 {
				st = st.Inner[0]
			}
			if (st.Limit == sqlparse.LimitSmall) != want {
				t.Errorf("%s: %v", text, st.Limit)
			}
		}
	}
}

func TestLimitIsLastParameter(t *testing.T) {
	for sql, want := range map[string]bool{
		"DELETE FROM t LIMIT ?":                               true,
		"DELETE FROM t WHERE a IN (?, ?) LIMIT ?;":            true,
		"UPDATE t SET a = ? WHERE b = ? ORDER BY b LIMIT ?":   true,
		"DELETE FROM t LIMIT ? RETURNING a":                   true,
		"DELETE FROM t LIMIT ? RETURNING a + ?":               false,
		"DELETE FROM t LIMIT ?, ?":                            false,
		"DELETE FROM t LIMIT 5":                               false,
		"DELETE FROM t WHERE a = ?":                           false,
		"DELETE FROM t WHERE a IN (SELECT b FROM u LIMIT ?)":  false,
		"DELETE FROM t LIMIT ?; DELETE FROM t":                false,
		"SELECT 1 LIMIT ?":                                    false,
		"PREPARE s FROM 'DELETE FROM t LIMIT ?'":              false,
		"BEGIN NOT ATOMIC DELETE FROM t WHERE a = ?; END":     false,
		"DELETE FROM t WHERE a = '?' LIMIT /*! ? */":          true,
		"DELETE FROM t WHERE a = ? LIMIT 5 /* LIMIT ? */ -- ": false,
	} {
		if got := sqlparse.LimitIsLastParameter([]byte(sql), mysql97); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}
