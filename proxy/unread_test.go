package proxy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// deep is an operand behind more parentheses than are read.
func deep(operand string) string {
	return strings.Repeat("(", 300) + operand + strings.Repeat(")", 300)
}

var unparsedPolicy = strings.Replace(everything, "grants: [", "grants: [\"UNPARSED ON *.*\", ", 1)

// What nobody could read may take anything away: where a policy lets it through,
// it is on record before it is forwarded, as it runs and not as it is prepared.
func TestWhatNobodyCouldReadIsNotForwardedUnrecorded(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), unparsedPolicy)
		c := one(t, g.open(t, "app", "shop"))
		unread := func() int { return len(strings.Split(reasons(g, audit.AllowedUnread), "\n")) }
		run(t, c, "DELETE FROM sessions WHERE id = "+deep("1"))
		if got := reasons(g, audit.AllowedUnread); got != "parentheses are nested too deep" {
			t.Fatalf("recorded %q", got)
		}
		prepared, err := c.PrepareContext(t.Context(), "DELETE FROM sessions WHERE id = "+deep("?"))
		if err != nil {
			t.Fatal(err)
		}
		if n := unread(); n != 1 {
			t.Errorf("%d recorded once it is prepared", n)
		}
		if _, err := prepared.Exec(2); err != nil {
			t.Fatal(err)
		}
		if n := unread(); n != 2 {
			t.Errorf("%d recorded once it is executed", n)
		}
		run(t, c, "SET @t = 'DELETE FROM sessions WHERE id = 3'")
		run(t, c, "PREPARE s FROM @t")
		before := unread()
		run(t, c, "EXECUTE s")
		if n := unread(); n != before+1 {
			t.Errorf("%d recorded, %d before EXECUTE", n, before)
		}
		if e := g.record.all()[0]; e.Kind != "" || e.Code != 0 || !strings.HasPrefix(e.Statement, "DELETE FROM sessions WHERE id = (") || strings.Contains(e.Statement, "1") {
			t.Errorf("%+v", e)
		}
		g.record.fail(errors.New("disk full"))
		refused(t, c, 1105, "DELETE FROM sessions WHERE id = "+deep("4"))
		refused(t, c, 1105, "EXECUTE s")
		_, err = prepared.Exec(4)
		if code := codeOf(err); code != 1105 {
			t.Errorf("the prepared one: %v", err)
		}
		run(t, c, "SELECT 1")
	})
}

// Both statements of a text stand in one event: the one that is known to destroy.
func TestWhatDestroysIsToldBeforeWhatIsUnread(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), unparsedPolicy)
		c := one(t, g.open(t, "app", "shop", func(c *mysql.Config) { c.MultiStatements = true }))
		run(t, c, "SET @t = 'SELECT 1'; PREPARE s FROM @t; DELETE FROM sessions WHERE id = 1")
		if events := g.record.all(); len(events) != 1 || events[0].Decision != audit.AllowedDestructive || events[0].Kind != "delete" {
			t.Errorf("recorded %+v", events)
		}
	})
}

// Where it is only observed that nobody could read it, it runs as well.
func TestObservedAndUnread(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), observed(everything))
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "DELETE FROM sessions WHERE id = "+deep("1"))
		if would, allowed := causes(g, audit.WouldRefuse), causes(g, audit.AllowedUnread); would != "unparsed" || allowed != audit.CauseObserved {
			t.Errorf("recorded %q and %q", would, allowed)
		}
	})
}

// reasons say why the events of a decision could not be read, a line each.
func reasons(g *guard, what audit.Decision) string {
	var all []string
	for _, e := range g.record.all() {
		if e.Decision == what {
			all = append(all, e.Reason)
		}
	}
	return strings.Join(all, "\n")
}

// What may have been prepared under a name, where nobody could read it or its
// PREPARE may not have been reached, is judged with what is known of the name.
func TestNamesThatNobodyCouldRead(t *testing.T) {
	const deletes = "PREPARE s FROM 'DELETE FROM sessions WHERE id = 1'"
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		for name, tc := range map[string]struct {
			texts   []string // the last one executes it
			mariaDB bool
			want    audit.Decision
		}{
			"a PREPARE that was not reached":       {[]string{deletes, "SELECT * FROM no_such_table; PREPARE s FROM 'SELECT 1'", "EXECUTE s"}, false, audit.AllowedDestructive},
			"a DEALLOCATE that was not reached":    {[]string{deletes, "SELECT * FROM no_such_table; DEALLOCATE PREPARE s", "EXECUTE s"}, false, audit.AllowedDestructive},
			"prepared in the same text":            {[]string{deletes + "; EXECUTE s"}, false, audit.AllowedDestructive},
			"and in the same text, among others":   {[]string{deletes + "; EXECUTE s; EXECUTE IMMEDIATE 'SELECT 1'"}, true, audit.AllowedDestructive},
			"a column with the name":               {[]string{deletes, "PREPARE q FROM 'SELECT 1'; SELECT prepare s FROM (SELECT 1 AS prepare) t", "EXECUTE s"}, false, audit.AllowedDestructive},
			"a PREPARE in a branch":                {[]string{deletes, "BEGIN NOT ATOMIC IF 0 THEN PREPARE s FROM 'SELECT 1'; END IF; EXECUTE s; END"}, true, audit.AllowedDestructive},
			"by the protocol":                      {[]string{deletes, "prepared: BEGIN NOT ATOMIC EXECUTE s; END"}, true, audit.AllowedDestructive},
			"in a text inside":                     {[]string{deletes, "EXECUTE IMMEDIATE 'BEGIN NOT ATOMIC EXECUTE s; END'"}, true, audit.AllowedUnread},
			"in a text inside, prepared":           {[]string{deletes, "PREPARE x FROM 'BEGIN NOT ATOMIC EXECUTE s; END'", "EXECUTE x"}, true, audit.AllowedUnread},
			"under a name that an unread text has": {[]string{"SET @t = 'BEGIN NOT ATOMIC PREPARE s FROM ''DELETE FROM sessions''; END'", "EXECUTE IMMEDIATE @t", "EXECUTE s"}, true, audit.AllowedUnread},
			"under a name that a prepared one has": {[]string{"SET @t = 'BEGIN NOT ATOMIC PREPARE s FROM ''DELETE FROM sessions''; END'", "PREPARE x FROM @t", "EXECUTE x", "EXECUTE s"}, true, audit.AllowedUnread},
		} {
			if tc.mariaDB && s.Flavour() != "mariadb" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				g := start(t, s.Addr(), unparsedPolicy)
				c := one(t, g.open(t, "app", "shop", multi))
				before := 0
				for i, text := range tc.texts {
					before = len(g.record.all())
					protocol, ok := strings.CutPrefix(text, "prepared: ")
					var err error
					if ok {
						st, prepareErr := c.PrepareContext(t.Context(), protocol)
						if prepareErr != nil {
							t.Fatal(prepareErr)
						}
						before = len(g.record.all())
						_, err = st.Exec()
					} else {
						_, err = c.ExecContext(t.Context(), text)
					}
					if code := codeOf(err); code != 0 && (code != 1146 || i == len(tc.texts)-1) {
						t.Fatalf("%s: %v", text, err)
					}
				}
				if events := g.record.all(); len(events) != before+1 || events[before].Decision != tc.want {
					t.Errorf("recorded of the last one: %+v", events[before:])
				}
			})
		}
	})
}

// What has succeeded is definite: a name stands for nothing else, however often
// it is prepared anew.
func TestNamesAreForgottenOnceOthersHaveRun(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "PREPARE s FROM 'DELETE FROM sessions WHERE id = 1'")
		run(t, c, "SET @id = 1; PREPARE s FROM 'SELECT ?'")
		run(t, c, "EXECUTE s USING @id; DO 1")
		if events := g.record.all(); len(events) != 0 {
			t.Errorf("recorded %+v", events)
		}
		for i := range 5000 {
			run(t, c, fmt.Sprintf("DO 1; PREPARE s FROM 'SELECT %d'; EXECUTE s; DEALLOCATE PREPARE s", i))
		}
	})
}

// A rule that asks the server how many rows there are holds for what is executed
// by name, too, where it came after the PREPARE.
func TestARuleOfRowsMeetsNamesPreparedBefore(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "PREPARE u FROM 'UPDATE sessions SET id = id + 1000'")
		run(t, c, "PREPARE d FROM 'DELETE FROM sessions'")
		g.swap(t, everything+"require: [{rule: ROWS <= 1 FOR UPDATE}, {rule: ROWS <= 1 FOR DELETE}]\n")
		refused(t, c, 1104, "EXECUTE u")
		refused(t, c, 1104, "EXECUTE d")
		refused(t, c, 1104, "PREPARE u FROM 'UPDATE sessions SET id = id + 1000'")
	})
}
