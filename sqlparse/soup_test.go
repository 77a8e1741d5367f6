package sqlparse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// soup makes texts whose lexing is hard: statements with quotes, comments,
// versions and odd bytes thrown in.
type soup struct{ *rand.Rand }

func (s soup) pick(list []string) string { return list[s.IntN(len(list))] }

// mode is a random sql_mode and character set.
func (s soup) mode(server sqlparse.Server) soupMode {
	m := soupMode{mode: sqlparse.Mode{Server: server}, charset: s.pick(charsetNames)}
	var names []string
	for bit, name := range modeNames {
		if s.IntN(4) == 0 {
			m.mode.SQLMode |= bit
			names = append(names, name)
		}
	}
	slices.Sort(names)
	m.sqlMode = strings.Join(names, ",")
	m.mode.Charset = sqlparse.ParseCharset(m.charset)
	return m
}

var soupStatements = []string{
	"SELECT 1", "SELECT a FROM t", "SELECT 'x'", "DROP TABLE t", "DELETE FROM t WHERE id=1", "UPDATE t SET a=1 WHERE b='x'",
	"INSERT INTO t VALUES (1,'a')", "SELECT \"x\" AS a", "SELECT `a` FROM `t`", "TRUNCATE t", "SELECT count(*) FROM t",
	"SELECT now()", "SELECT @a, @@version", "SELECT 1.5e1", "SELECT t.1a FROM t", "SELECT 0x41, x'41', b'1'", "CREATE TABLE t (a INT)",
	"SELECT N'x', _utf8'x'", "SELECT a||b FROM t", "SELECT 10--1", "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1",
	"CREATE PROCEDURE p() BEGIN SELECT 1; DROP TABLE t; END", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a=1",
	"BEGIN", "COMMIT", "EXPLAIN DELETE FROM t", "DO 1", "CALL p()", "USE d", "SHOW TABLES", "ALTER TABLE t DROP COLUMN a",
	"SELECT CASE WHEN 1 THEN 2 END", "SELECT -1", "WITH c AS (SELECT 1) SELECT * FROM c", "(SELECT 1) UNION (SELECT 2)",
	"CREATE FUNCTION f() RETURNS INT RETURN 1", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", "LOCK TABLES t READ", "XA RECOVER",
}

var soupPieces = []string{
	"/*!", "/*!50000 ", "/*!50700", "/*!90704 ", "/*!90705 ", "/*!99999 ", "/*!100000 ", "/*!101119 ", "/*!101120 ", "/*!500001 ",
	"/*!050000 ", "/*!100100", "/*!999999 ", "/*!0 ", "/*!5070", "/*M!", "/*M!100000 ", "/*M!50700 ", "/*M!101120 ", "/*T! ", "/*+ ", "/*", "*/", " */ ", "/**/", "/* x */",
	"-- ", "--", "--\n", "--\t", "--\x01", "--\x7f", "--\xa0", "--\x85", "#", "\n", "\r", "\t", "\v", "\f", " ", "  ", "\x00", "\x1a", "\xa0", "\x85",
	"'", "''", "\"", "\"\"", "`", "``", "\\", "\\'", "\\\"", "\\\\", "\\`", "'\\'", "'x'", "\"x\"", "`x`",
	";", "; ", ";;", "; DROP TABLE t", "; SELECT 2", "; DELETE FROM t",
	"\x81", "\x83\x5c", "\x95\x5c", "\xbf\x5c", "\xbf\x27", "\xbf\x60", "\xa1\x5c", "\x81\x30\x81\x30", "\x8f\xa1\xa1", "\x8e\xa1", "\xe3\x81\x82", "\xc3\xa9", "\xff", "\x80", "\xb1", "\xe0\x5c", "\xfc\x5c", "\xfe\x5c",
	"1.e", "1.e(", "1e", "1e5x", ".1", "1.", "0x", "0xg", "x'4'", "b'2'", "0b1", "1a", "a.1b", ".5.", "..", "1..2",
	"@", "@@", "@a", "@`a`", "@'a'", "@@a", "@@global.a", ":=", "->", "->>", "<=>", "||", "&&", "!", "!=", "<>", "<<", ">>", "~", "^", "|", "&", "%", "{", "}", "[", "]", "?",
	"$", "$$", "$a$", "$$ x $$", "_utf8", "_utf8'x'", "_latin1 'x'", "_x", "N'x'", "n'", "\\N", "NULL", "AS b", "AS 'b'", "AS \"b\"", "AS `b`", ", 2", "+ 1", "- 1", "OR 1", "count (*)", "now ()", "WHERE 1=1", "LIMIT 1",
	"END", "BEGIN", "IF", "(", ")", ",", "=", "*", ".", "/", "-",
}

// text is one text.
func (s soup) text() string {
	var b strings.Builder
	for n := 1 + s.IntN(2); n > 0; n-- {
		b.WriteString(s.pick(soupStatements))
		if n > 1 {
			b.WriteString("; ")
		}
	}
	text := b.String()
	for n := 1 + s.IntN(4); n > 0; n-- {
		at := s.place(text)
		text = text[:at] + s.piece() + text[at:]
	}
	return text
}

// place is where a piece goes: mostly between words, often at the end.
func (s soup) place(text string) int {
	switch s.IntN(4) {
	case 0:
		return s.IntN(len(text) + 1)
	case 1:
		return len(text)
	}
	var spaces []int
	for i := range len(text) {
		if text[i] == ' ' {
			spaces = append(spaces, i)
		}
	}
	if len(spaces) == 0 {
		return len(text)
	}
	return spaces[s.IntN(len(spaces))]
}

// piece is one piece, or a comment or quotes around one or two.
func (s soup) piece() string {
	switch s.IntN(6) {
	case 0:
		return fmt.Sprintf("/*!%s%s*/", s.pick([]string{"", "50000 ", "99999 ", "90704 ", "101119 ", "50700 ", "500001", "100000 "}), s.pick(soupPieces))
	case 1:
		return "/*" + s.pick(soupPieces) + "*/"
	case 2:
		q := s.pick([]string{"'", "\"", "`"})
		return " AS " + q + s.pick(soupPieces) + q
	case 3:
		return s.pick(soupPieces) + s.pick(soupPieces)
	}
	return s.pick(soupPieces)
}
