package sqlparse_test

import (
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
