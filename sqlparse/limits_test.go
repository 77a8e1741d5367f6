package sqlparse_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"guardrail/sqlparse"
)

// hostile are texts that cost a parser much more than their length, or its life.
var hostile = map[string]func() string{
	"empty comments":    func() string { return strings.Repeat("/**/", 4<<20) + "SELECT 1" },
	"version comments":  func() string { return "SELECT " + strings.Repeat("/*!50000 1+*/", 1<<19) + "1" },
	"skipped comments":  func() string { return "SELECT " + strings.Repeat("/*!99999 /* */ */", 1<<19) + "1" },
	"unclosed comments": func() string { return "SELECT 1 " + strings.Repeat("/*!99999 /*", 1<<18) },
	"parentheses":       func() string { return "SELECT " + strings.Repeat("(", 1<<20) + "1" + strings.Repeat(")", 1<<20) },
	"sub-queries":       func() string { return strings.Repeat("(SELECT ", 200000) + "1" + strings.Repeat(")", 200000) },
	"shallow parentheses": func() string {
		return "SELECT " + strings.Repeat("("+strings.Repeat("(", 90)+"1"+strings.Repeat(")", 90)+")+", 20000) + "1"
	},
	"joins":                 func() string { return "SELECT * FROM t" + strings.Repeat(" JOIN t", 20000) },
	"comma joins":           func() string { return "SELECT * FROM t" + strings.Repeat(", t", 200000) },
	"joins below the limit": func() string { return "SELECT * FROM t" + strings.Repeat(" JOIN t", 999) },
	"a long decimal":        func() string { return "SELECT 0." + strings.Repeat("0", 6<<20) + "1" },
	"a long integer":        func() string { return "SELECT " + strings.Repeat("9", 6<<20) },
	"decimals":              func() string { return "SELECT " + strings.Repeat("0."+strings.Repeat("7", 90)+"+", 60000) + "1" },
	"sums":                  func() string { return "SELECT " + strings.Repeat("1+", 3<<20) + "1" },
	"ORs":                   func() string { return "SELECT 1 WHERE " + strings.Repeat("a=1 OR ", 1<<20) + "1" },
	"ORs in a DELETE":       func() string { return "DELETE FROM t WHERE " + strings.Repeat("a=1 OR ", 1<<16) + "a=2" },
	"exclamation marks":     func() string { return "SELECT " + strings.Repeat("!", 8<<20) + "1" },
	"NOTs":                  func() string { return "SELECT " + strings.Repeat("NOT ", 2<<20) + "1" },
	"minuses":               func() string { return "SELECT " + strings.Repeat("- ", 4<<20) + "1" },
	"CASEs": func() string {
		return "SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 1<<18) + "1" + strings.Repeat(" END", 1<<18)
	},
	"UNIONs": func() string { return "SELECT 1" + strings.Repeat(" UNION SELECT 1", 1<<18) },
	"WITHs": func() string {
		return "WITH a AS (SELECT 1)" + strings.Repeat(", a AS (SELECT * FROM a)", 1<<16) + " SELECT * FROM a"
	},
	"statements":             func() string { return strings.Repeat("SELECT 1;", 1<<19) },
	"tables to drop":         func() string { return "DROP TABLE a" + strings.Repeat(", a", 1<<20) },
	"different tables":       func() string { return "SELECT 1 FROM " + numbered("t", 30000) },
	"different routines":     func() string { return "SELECT 1 " + strings.ReplaceAll(numbered("+f", 50000), ",", "()") + "()" },
	"names":                  func() string { return "SELECT " + strings.Repeat("a.b.c,", 1<<20) + "d" },
	"one name":               func() string { return "SELECT " + strings.Repeat("a", 8<<20) },
	"backquotes":             func() string { return "SELECT `" + strings.Repeat("``", 4<<20) + "`" },
	"one string":             func() string { return "SELECT '" + strings.Repeat("''", 4<<20) + "'" },
	"strings":                func() string { return "SELECT " + strings.Repeat("'a' ", 2<<20) },
	"IN list":                func() string { return "SELECT 1 FROM t WHERE a IN (" + strings.Repeat("1,", 4<<20) + "1)" },
	"IN list of expressions": func() string { return "SELECT 1 FROM t WHERE a IN (" + strings.Repeat("1+a,", 1<<20) + "1)" },
	"a body":                 func() string { return "CREATE PROCEDURE p() BEGIN " + strings.Repeat("SELECT 1; ", 1<<17) + "END" },
	"nested blocks": func() string {
		return "CREATE PROCEDURE p() " + strings.Repeat("BEGIN ", 1<<19) + strings.Repeat("END; ", 1<<19)
	},
	"IFs": func() string {
		return "CREATE PROCEDURE p() BEGIN " + strings.Repeat("IF 1 THEN ", 1<<18) + "SELECT 1; " + strings.Repeat("END IF; ", 1<<18) + "END"
	},
	"settings":             func() string { return "SET @a=1" + strings.Repeat(", @a=1", 1<<18) },
	"prepared in prepared": func() string { return "PREPARE s FROM '" + strings.Repeat("PREPARE s FROM ", 1<<18) + "'" },
	"braces":               func() string { return "SELECT * FROM " + strings.Repeat("{ OJ ", 1<<19) },
	"dollar quotes":        func() string { return strings.Repeat("$a", 4<<20) },
	"at signs":             func() string { return "SELECT " + strings.Repeat("@", 8<<20) },
	"alterations":          func() string { return "ALTER TABLE t" + strings.Repeat(" ADD a INT,", 1<<18) + " ADD b INT" },
	"columns":              func() string { return "CREATE TABLE t (" + strings.Repeat("a INT, ", 1<<18) + "b INT)" },
	"unary in a condition": func() string { return "DELETE FROM t WHERE id > " + strings.Repeat("- ", 1<<18) + "a" },
	"NOTs in a condition":  func() string { return "DELETE FROM t WHERE " + strings.Repeat("NOT ", 1<<17) + "a = 1" },
	"a sum in a condition": func() string { return "DELETE FROM t WHERE id > " + strings.Repeat("1+", 1<<17) + "1" },
	"a sum of columns":     func() string { return "DELETE FROM t WHERE id > " + strings.Repeat("a+", 1<<17) + "1" },
	"many equalities": func() string {
		return "DELETE FROM t WHERE " + strings.ReplaceAll(numbered("a", 30000), ",", "=1 AND ") + "=1"
	},
	"either of many": func() string {
		return "DELETE FROM t WHERE " + strings.ReplaceAll(numbered("a", 30000), ",", "=1 OR ") + "=1"
	},
	"concatenated pattern": func() string {
		return "DELETE FROM t WHERE a LIKE " + strings.Repeat("CONCAT(", 190) + "'%'" + strings.Repeat(")", 190)
	},
	"tables and settings": func() string {
		return "UPDATE " + numbered("t", 20000) + " SET " + strings.Repeat("a=b,", 20000) + "a=1"
	},
	"tables and qualified": func() string {
		return "UPDATE " + numbered("t", 20000) + " SET " + strings.Repeat("t.a=u.b,", 20000) + "t.a=1"
	},
	"tables to delete from": func() string { return "DELETE " + numbered("t", 20000) + " FROM " + numbered("t", 20000) },
	"columns of one table": func() string {
		return "UPDATE t SET " + strings.Repeat("a=b.c+d,", 30000) + "a=1 WHERE b=1 RETURNING 1"
	},
	"calls named against": func() string { return "SELECT 1 WHERE " + strings.Repeat("against(a),", 1<<16) + "1 SOUNDS LIKE 2" },
	"calls in calls": func() string {
		return "SELECT 1 SOUNDS LIKE 2," + strings.Repeat(strings.Repeat("point(a,", 150)+"1"+strings.Repeat(")", 150)+",", 500) + "1"
	},
	"hints":               func() string { return "SELECT /*+ " + strings.Repeat("SET_VAR(a=1) ", 1<<18) + "*/ 1" },
	"hints in statements": func() string { return strings.Repeat("SELECT /*+ SET_VAR(a=1) */ 1;", 50000) },
	"variables":           func() string { return "SET " + strings.ReplaceAll(numbered("a", 50000), ",", "=1,") + "=1" },
	"CTEs": func() string {
		return "WITH " + strings.ReplaceAll(numbered("a", 20000), ",", " AS (SELECT * FROM b),") + " AS (SELECT 1) SELECT * FROM " + numbered("a", 20000)
	},
	"foreign keys": func() string {
		return "CREATE TABLE t (a INT" + strings.ReplaceAll(","+numbered("b", 20000), ",", ", b INT REFERENCES ") + ")"
	},
	"triggers": func() string {
		return strings.Repeat("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SELECT 1;", 20000)
	},
	"functions": func() string { return strings.Repeat("CREATE FUNCTION f() RETURNS INT RETURN 1;", 20000) },
	"events":    func() string { return strings.Repeat("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;", 20000) },
	"texts in a body": func() string {
		return "CREATE PROCEDURE p() BEGIN " + strings.Repeat("PREPARE s FROM 'SELECT 1'; ", 20000) + "END"
	},
	"cursors": func() string {
		return "CREATE PROCEDURE p() BEGIN " + strings.ReplaceAll(numbered("a", 20000), ",", "; ") + "; END"
	},
	"types":   func() string { return "BEGIN NOT ATOMIC " + strings.Repeat("DECLARE x TYPE OF t.a; ", 20000) + "END" },
	"shows":   func() string { return "SHOW TABLES WHERE " + strings.Repeat("a=1 OR ", 1<<17) + "1" },
	"windows": func() string { return "SELECT 1" + strings.Repeat(", SUM(a) OVER (PARTITION BY b)", 30000) },
	"JSON tables": func() string {
		return "SELECT 1 FROM " + strings.Repeat("JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) x,", 20000) + "t"
	},
	"EXISTS": func() string {
		return "DELETE FROM t WHERE " + strings.Repeat("EXISTS (SELECT 1 FROM u WHERE u.a = t.a) OR ", 10000) + "a=1"
	},
	"nested EXISTS": func() string {
		return "DELETE FROM t WHERE " + strings.Repeat("a IN (SELECT 1 FROM u WHERE ", 190) + "a=1" + strings.Repeat(")", 190)
	},
	"locked tables": func() string {
		return "LOCK TABLES " + strings.ReplaceAll(numbered("t", 50000), ",", " READ,") + " READ"
	},
	"renames": func() string {
		return "RENAME TABLE " + strings.ReplaceAll(numbered("t", 30000), ",", " TO a,") + " TO b"
	},
	"merged tables": func() string { return "CREATE TABLE t (a INT) UNION=(" + numbered("t", 50000) + ")" },
	"grants":        func() string { return "GRANT " + strings.Repeat("SELECT, ", 1<<18) + "INSERT ON *.* TO a" },
}

// numbered is n names that all differ.
func numbered(prefix string, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(prefix)
		for ; i > 0; i /= 26 {
			b.WriteByte(byte('a' + i%26))
		}
	}
	return b.String()
}

// cost is what reading a text took.
type cost struct {
	time  time.Duration
	bytes uint64 // allocated in all, which is more than was held at once
}

func costOf(read func()) cost {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	read()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return cost{took, after.TotalAlloc - before.TotalAlloc}
}

// TestHostile reads texts that are made to be dear: in time and memory that
// follow from their length. The bounds are generous, for busy machines; what
// is quadratic takes minutes.
func TestHostile(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for name, make := range hostile {
		t.Run(name, func(t *testing.T) {
			text := []byte(make())
			for _, m := range []sqlparse.Mode{mysql97, mariadb10} {
				c := costOf(func() { reader.Read(text, m) })
				const base, perByte = 15 * time.Second, 2 * time.Microsecond
				if most := base + perByte*time.Duration(len(text)); c.time > most {
					t.Errorf("%s: %d bytes took %v, at most %v", m.Server, len(text), c.time, most)
				}
				if most := uint64(1000*min(len(text), 2<<20) + 64<<20); c.bytes > most {
					t.Errorf("%s: %d bytes took %d MB, at most %d MB", m.Server, len(text), c.bytes>>20, most>>20)
				}
			}
		})
	}
}

// TestLargeInsert reads an INSERT of 64 MiB in little memory: rows of literals
// after the first are not kept.
func TestLargeInsert(t *testing.T) {
	const row = "(12345,'Lorem ipsum dolor sit amet',1.5,NULL,x'4142',-7),"
	text := []byte("INSERT INTO t VALUES " + strings.Repeat(row, 64<<20/len(row)) + "(1,'',0,NULL,x'',0)")
	reader := sqlparse.NewReader(sqlparse.Options{})
	var reading sqlparse.Reading
	c := costOf(func() { reading = reader.Read(text, mysql97) })
	if st := reading.Statements[0]; st.Kind != "insert" || needs(st) != "INSERT t" {
		t.Errorf("read as %q %q (%s)", st.Kind, needs(st), st.Reason)
	}
	t.Logf("%d MiB read in %v with %d KiB", len(text)>>20, c.time.Round(time.Millisecond), c.bytes>>10)
	if c.bytes > 4<<20 {
		t.Errorf("%d KiB were allocated", c.bytes>>10)
	}
}
