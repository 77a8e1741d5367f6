package sqlparse_test

import (
	"testing"

	"guardrail/sqlparse"
)

func TestSQLModeNames(t *testing.T) {
	for m := range sqlparse.SQLMode(sqlparse.HighNotPrecedence << 1) {
		want := m
		if m&(sqlparse.Oracle|sqlparse.MSSQL) != 0 { // a combination stands for all it implies
			want |= sqlparse.ANSIQuotes | sqlparse.PipesAsConcat | sqlparse.IgnoreSpace
		}
		if got := sqlparse.ParseSQLMode(m.String()); got != want {
			t.Errorf("%d is %q, which reads as %d", m, m, got)
		}
	}
}
