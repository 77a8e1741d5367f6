package proxy_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// A USE with a comment behind it is followed: what stands behind it is judged there.
func TestAUseBehindWhichAComment(t *testing.T) {
	s := mysqltest.MariaDB(t)
	shop(t, s)
	s.Database(t, "other")
	s.Exec(t, "CREATE TABLE other.sessions (id INT PRIMARY KEY)", "INSERT INTO other.sessions VALUES (1), (2)")
	g := start(t, s.Addr(), strings.Replace(shopPolicy, "grants:\n", "grants:\n  - SELECT ON other.*\n", 1))
	c := one(t, g.open(t, "app", "shop", multi))
	refused(t, c, 1142, "EXECUTE IMMEDIATE 'USE other; /**/'; DELETE FROM sessions WHERE id = 1")
}

// Names that are not plain are given up, and prepared again, as others are.
func TestNamesThatAreNotPlain(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "PREPARE `a-b` FROM 'DELETE FROM sessions WHERE id = 100'")
		run(t, c, "DEALLOCATE PREPARE `a-b`")
		for range 4200 {
			run(t, c, "PREPARE `a-b` FROM 'DO 1'")
		}
		run(t, c, "EXECUTE `a-b`")
		if events := g.record.all(); len(events) != 0 {
			t.Errorf("recorded %+v", events)
		}
	})
}

// A PREPARE of a CALL runs nothing, and EXECUTE IMMEDIATE executes no name.
func TestACallByName(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE PROCEDURE shop.p() SELECT 1")
		g := start(t, s.Addr(), strings.Replace(shopPolicy, "grants:\n", "grants:\n  - EXECUTE ON shop.*\n", 1))
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "PREPARE a FROM 'CALL p()'")
		run(t, c, "EXECUTE a")
		if s.Flavour() == "mariadb" {
			run(t, c, "EXECUTE IMMEDIATE 'CALL p()'")
			run(t, c, "EXECUTE IMMEDIATE 'DO 1'")
		}
	})
}

// What ran behind a PREPARE in its text may have prepared the name anew, where
// nobody saw it.
func TestNamesThatArePreparedAnewUnseen(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE PROCEDURE shop.p() PREPARE b FROM 'DELETE FROM shop.sessions WHERE id > 0'")
		g := start(t, s.Addr(), unparsedPolicy)
		for _, texts := range [][]string{
			{"SET @t = 'CALL p()'", "PREPARE x FROM @t", "PREPARE b FROM 'SELECT 1'; EXECUTE x"},
			{"PREPARE b FROM 'SELECT 1'", "PREPARE a FROM 'SELECT 1'; CALL p(); SELECT " + deep("1")},
		} {
			c := one(t, g.open(t, "app", "shop", multi))
			for _, text := range texts {
				run(t, c, text)
			}
			before := len(g.record.all())
			run(t, c, "EXECUTE b")
			if events := g.record.all(); len(events) != before+1 || !strings.Contains(events[before].Reason, "prepared by a routine") {
				t.Errorf("%q: recorded %+v", texts, events[before:])
			}
		}
	})
}

// What stands beside a PREPARE has run with it, and not with each EXECUTE.
func TestWhatStandsBesideAPrepare(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "DELETE FROM sessions WHERE id = 100; PREPARE s FROM 'SELECT 1'; PREPARE d FROM 'DELETE FROM sessions WHERE id = 101'")
		before := len(g.record.all())
		run(t, c, "EXECUTE s")
		run(t, c, "EXECUTE d")
		if events := g.record.all(); len(events) != before+1 || events[before].Kind != "delete" {
			t.Errorf("recorded %+v", events[before:])
		}
	})
}

// A text of many EXECUTEs costs what it is long, and so does a name that may stand
// for many others.
func TestManyNamesInOneText(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	for name, texts := range map[string][2]string{
		"executions": {"DO 1", "PREPARE a FROM 'DO 1';" + strings.Repeat("EXECUTE a;", 3000)},
		"names":      {prepares(1500), "EXECUTE `a-b`"},
	} {
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, texts[0])
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = c.ExecContext(t.Context(), texts[1])
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 256 {
			t.Errorf("%s: %d MiB", name, took)
		}
	}
}

// prepares is a text that prepares n names.
func prepares(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "PREPARE a%d FROM 'DO 1';", i)
	}
	return text.String()
}
