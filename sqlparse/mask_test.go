package sqlparse_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"guardrail/sqlparse"
)

func TestMask(t *testing.T) {
	ansi := mysql97
	ansi.SQLMode = sqlparse.ANSIQuotes
	noEscapes := mysql97
	noEscapes.SQLMode = sqlparse.NoBackslashEscapes
	for _, row := range []struct {
		name, text string
		mode       sqlparse.Mode
		want       string
	}{
		{"literals of every type", `SELECT 'a', "b", 1, 1.5, 1e3, x'41', 0b1, N'n', _latin1'x', NULL`, mysql97,
			"SELECT ?, ?, ?, ?, ?, ?, ?, ?, _latin1?, NULL"},
		{"names stay", "DELETE FROM `a b`.c WHERE c.id=5", mysql97, "DELETE FROM `a b`.c WHERE c.id=?"},
		{"comments go", "DROP/* hunter2 */TABLE t -- hunter2", mysql97, "DROP TABLE t"},
		{"what runs in a comment stays", "/*!50000 DROP TABLE t */", mysql97, "DROP TABLE t"},
		{"rows are one", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", mysql97, "INSERT INTO t VALUES (?, ?)"},
		{"double quotes by mode", `SELECT "b"`, ansi, `SELECT "b"`},
		{"escapes by mode", `SELECT 'a\', hunter2`, noEscapes, "SELECT ?, hunter2"},
		{"escapes", `SELECT 'a\', hunter2'`, mysql97, "SELECT ?"},
		{"an open string", "SELECT 1, 'hunter2", mysql97, "SELECT ?, …"},
		{"no server", "SELECT 'hunter2'", sqlparse.Mode{}, "…"},
		{"passwords", "ALTER USER 'u'@'h' IDENTIFIED BY 'hunter2'", mysql97, "ALTER USER ?@? IDENTIFIED BY ?"},
		{"nothing", "", mysql97, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := sqlparse.Mask([]byte(row.text), row.mode); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestMaskIsBoundedAndUTF8(t *testing.T) {
	for _, text := range []string{
		"SELECT " + strings.Repeat("abc,", 100000),
		"SELECT `" + strings.Repeat("é", 5000) + "`",
		"SELECT `\xff\xfe`, a",
	} {
		got := sqlparse.Mask([]byte(text), mysql97)
		if len(got) > 2048+len("…") || !utf8.ValidString(got) {
			t.Errorf("%d bytes, %.60q", len(got), got)
		}
	}
}
