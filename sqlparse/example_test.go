package sqlparse_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

func TestExample(t *testing.T) {
	ansi, escapes, sjis := mysql97, mysql97, mysql97
	ansi.SQLMode = sqlparse.ANSIQuotes
	escapes.SQLMode = sqlparse.NoBackslashEscapes
	sjis.Charset = sqlparse.CharsetSJIS
	for _, row := range []struct {
		name, text string
		mode       sqlparse.Mode
		want       string // empty: there is none
	}{
		{"literals of every type", `SELECT 'a', "b", 12, 1.5, 1e3, x'41', 0x41, 0b1, N'n', _latin1'x', NULL, ?`, mysql97,
			`SELECT 'm', 'm', 7, 7.0, 1e0, x'00', 0x00, 0b0, N'm', _latin1 'm', NULL, ?`},
		{"a literal beside a word", `SELECT x"0", "a"'b'`, mysql97, "SELECT x 'm', 'm' 'm'"},
		{"a WHERE keeps its weight", "DELETE FROM t WHERE id > 0 AND id < 2147483647 AND n LIKE '%' AND a = 5 AND b > '2100-01-01'", mysql97,
			"DELETE FROM t WHERE id > 0 AND id < 9223372036854775807 AND n LIKE '' AND a = 7 AND b > 'z'"},
		{"decimals", "DELETE FROM t WHERE id > 0.0 AND id < 0.5", mysql97, "DELETE FROM t WHERE id > 0.0 AND id < 1.0"},
		{"what cannot be weighed", `DELETE FROM t WHERE a LIKE '\x%'`, mysql97, `DELETE FROM t WHERE a LIKE '\\m'`},
		{"the same without escapes", `DELETE FROM t WHERE a LIKE '\x%'`, escapes, `DELETE FROM t WHERE a LIKE '\\m'`},
		{"comments go", "SELECT/* hunter2 */1 -- hunter2", mysql97, "SELECT 7"},
		{"what runs in a comment stays", "/*!50000 DROP TABLE t */", mysql97, "DROP TABLE t"},
		{"rows are one", "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')", mysql97, "INSERT INTO t VALUES (7, 'm')"},
		{"names stay", "SELECT `a b`.c FROM `a b`", mysql97, "SELECT `a b`.c FROM `a b`"},
		{"double quotes by mode", `SELECT "b" FROM "t"`, ansi, `SELECT "b" FROM "t"`},
		{"names become UTF-8", "SELECT 1 FROM \x83e\x81[\x83u\x83\x8b", sjis, "SELECT 7 FROM `テーブル`"},
		{"hints that set variables", "SELECT /*+ NO_ICP(t) SET_VAR(a=5) MAX_EXECUTION_TIME(99) */ 1", mysql97,
			"SELECT /*+ SET_VAR(a=1) */ /*+ MAX_EXECUTION_TIME(1) */ 7"},
		{"a call that is none", "SELECT COUNT (1), NOW/**/()", mysql97, "SELECT COUNT/**/(7), NOW/**/()"},
		{"several", "SELECT 1; SELECT 'a'; /* x */", mysql97, "SELECT 7; SELECT 'm'; /**/"},
		{"SET", "SET NAMES 'utf8', @a = 'hunter2', sql_mode = 'ANSI'", mysql97, "SET NAMES 'm', @a = 'm', sql_mode = 'm'"},
		{"accounts", "CREATE USER 'u'@'h' IDENTIFIED BY 'hunter2'", mysql97, "CREATE USER 'm'@'m' IDENTIFIED BY 'm'"},
		{"a text inside", `PREPARE s FROM 'DELETE FROM t WHERE a = "x\'y" AND b > 0'`, mysql97, `PREPARE s FROM 'DELETE FROM t WHERE a = ''m'' AND b > 0'`},
		{"an open string", "SELECT 'hunter2", mysql97, ""},
		{"no server", "SELECT 'hunter2'", sqlparse.Mode{}, ""},
		{"too long", "SELECT 1" + strings.Repeat(", a", 10000), mysql97, ""},
		{"nothing", "", mysql97, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			reader := sqlparse.NewReader(sqlparse.Options{})
			got, ok := reader.Example([]byte(row.text), row.mode)
			if got != row.want || !ok && row.want != "" {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

// neutral are the literals that an example may hold.
var neutral = []string{"'m'", "''", "0", "1", "7", "2000000", "9223372036854775807", "1e0", "'1900-01-01'", "'z'", "'m.*'", "'z.*'", `'\\m'`,
	"0.0", "1.0", "7.0", "2000000.0", "9223372036854775807.0", "x'00'", "0x00", "b'0'", "0b0", "N'm'", "N''", "$$m$$"}

// TestExamplesReadAlike holds over the corpus that an example reads as its
// original does, and holds no literal of it.
func TestExamplesReadAlike(t *testing.T) {
	for _, row := range []struct {
		files  []string
		server sqlparse.Server
	}{
		{[]string{"mysql", "adversarial-mysql"}, mysql97.Server},
		{[]string{"mariadb", "adversarial-mariadb"}, mariadb10.Server},
	} {
		t.Run(row.server.String(), func(t *testing.T) {
			t.Parallel()
			reader := sqlparse.NewReader(sqlparse.Options{})
			texts, without, number := 0, 0, 0
			missing := map[sqlparse.Kind]int{}
			for _, name := range row.files {
				readCorpus(t, name, func(c corpusLine) {
					if number++; number%7 != 0 {
						return
					}
					mode := c.mode(row.server)
					reading := reader.Read(c.text(t), mode)
					if _, unknown := reading.Unknown(); unknown {
						return
					}
					texts++
					example, ok := reader.Example(c.text(t), mode)
					if !ok {
						without++
						missing[reading.Statements[0].Kind]++
						return
					}
					plain := mode
					plain.Charset = sqlparse.CharsetUTF8
					if again := reader.Read([]byte(example), plain); !reflect.DeepEqual(again.Statements, reading.Statements) {
						t.Errorf("%q reads otherwise than %q", example, c.SQL)
					}
					checkNeutral(t, example, plain)
				})
			}
			t.Logf("%d texts, %d without an example (%.2f %%): %v", texts, without, 100*float64(without)/float64(texts), missing)
			if without*100 > texts {
				t.Errorf("%d of %d texts have no example, at most 1 %% may be without", without, texts)
			}
		})
	}
}

// runsText tells the statements that are given a text to run.
var runsText = regexp.MustCompile(`(?i)^\s*(PREPARE\s|EXECUTE\s+IMMEDIATE|CALL\s.*execute_prepared_stmt)`)

// checkNeutral holds that every literal of an example is a neutral one.
func checkNeutral(t *testing.T, example string, m sqlparse.Mode) {
	t.Helper()
	lexed := sqlparse.Lex([]byte(example), m, &sqlparse.Tokens{})
	for _, token := range lexed.Tokens {
		switch token.Type {
		case sqlparse.TokenString, sqlparse.TokenNational, sqlparse.TokenDollar, sqlparse.TokenHex, sqlparse.TokenBit,
			sqlparse.TokenInteger, sqlparse.TokenDecimal, sqlparse.TokenFloat:
			text := string(lexed.Text[token.Start:token.End])
			switch {
			case slices.Contains(neutral, text):
			case runsText.MatchString(example): // it is an example itself
				checkNeutral(t, strings.ReplaceAll(strings.ReplaceAll(text[1:len(text)-1], "''", "'"), `\\`, `\`), m)
			default:
				t.Errorf("%s stays in %q", text, example)
			}
		}
	}
}

// FuzzExample holds that an example, where there is one, has one itself, unless
// nobody can read it.
func FuzzExample(f *testing.F) {
	for _, text := range []string{
		"SELECT 'a', \"b\", 12, 1.5, 1e3, x'41', 0b1, N'n', _latin1'x', NULL, ?, $$d$$",
		"DELETE FROM t WHERE id > 0 AND n LIKE '%\\_' LIMIT 5; UPDATE `t` SET a.b = -1 WHERE (a, b) IN ((1, 2), (3, 4))",
		"SELECT /*+ SET_VAR(a=5) */ NOW (), @v, @@x, COUNT/**/(*) /*!50000 FROM t */; -- x",
		"PREPARE s FROM 'DELETE FROM t WHERE a = ''x'''", "SET NAMES gbk, @a = 'x'", "INSERT INTO t VALUES (1), (2), (3)",
	} {
		f.Add([]byte(text), uint16(0), false)
		f.Add([]byte(text), uint16(sqlparse.ANSIQuotes|sqlparse.NoBackslashEscapes), true)
	}
	reader := sqlparse.NewReader(sqlparse.Options{})
	f.Fuzz(func(t *testing.T, text []byte, mode uint16, mariadb bool) {
		m := mysql97
		if mariadb {
			m = mariadb10
		}
		m.SQLMode = sqlparse.SQLMode(mode)
		example, ok := reader.Example(text, m)
		if _, unknown := reader.Read(text, m).Unknown(); !ok || unknown {
			return
		}
		if _, ok := reader.Example([]byte(example), m); !ok {
			t.Errorf("%q has the example %q, and that has none", text, example)
		}
	})
}
