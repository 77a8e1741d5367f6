package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// An allowed EXECUTE changes nothing about what stands beside it in a text: that
// is refused where it is refused by itself.
func TestWhatStandsBesideAnExecute(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for name, tc := range map[string]struct {
			before  string
			text    string
			mariaDB bool
		}{
			"an UPDATE without WHERE": {"DO 1", "EXECUTE s; UPDATE shop.orders SET note = 'gone'", false},
			"the EXECUTE behind it":   {"DO 1", "UPDATE shop.orders SET note = 'gone'; EXECUTE s", false},
			"a RENAME":                {"DO 1", "EXECUTE s; RENAME TABLE shop.orders TO shop.away", false},
			"an ALTER":                {"DO 1", "EXECUTE s; ALTER TABLE shop.orders MODIFY note VARCHAR(60)", false},
			"a DROP unread":           {"SET @t = 'DROP TABLE shop.orders'", "EXECUTE s; PREPARE x FROM @t; EXECUTE x", false},
			"another EXECUTE":         {"PREPARE r FROM 'UPDATE shop.orders SET note = ''gone'' WHERE id > 5'", "EXECUTE s; EXECUTE r", false},
			"an UPDATE in a block":    {"DO 1", "BEGIN NOT ATOMIC EXECUTE s; UPDATE shop.orders SET note = 'gone'; END", true},
		} {
			if tc.mariaDB && s.Flavour() != "mariadb" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				s.Exec(t, "DROP DATABASE IF EXISTS shop")
				shop(t, s)
				g := start(t, s.Addr(), shopPolicy)
				c := one(t, g.open(t, "app", "shop", multi))
				run(t, c, tc.before)
				run(t, c, "PREPARE s FROM 'DELETE FROM shop.sessions WHERE id = 1'")
				if name == "another EXECUTE" { // granted when it was prepared
					g.swap(t, strings.Replace(shopPolicy, "INSERT, UPDATE", "INSERT", 1))
				}
				_, err := c.ExecContext(t.Context(), tc.text)
				if err == nil || !strings.Contains(err.Error(), "guardrail: ") {
					t.Errorf("not refused: %v", err)
				}
				var notes string
				if err := s.Admin().QueryRow("SELECT GROUP_CONCAT(note) FROM shop.orders").Scan(&notes); err != nil || notes != "one,two" {
					t.Errorf("afterwards: %q, %v", notes, err)
				}
			})
		}
	})
}

// Nor does one that is only observed, in an app that is enforced: what destroys
// beside it is on record, and what is refused is refused.
func TestWhatStandsBesideAnObservedExecute(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		until := time.Now().Add(time.Hour).Format(time.RFC3339)
		g := start(t, s.Addr(), strings.Replace(shopPolicy, "require:\n", "  - {rule: INSERT ON shop.orders, mode: observe, until: "+until+"}\nrequire:\n", 1))
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "PREPARE s FROM 'INSERT IGNORE INTO shop.orders VALUES (1, ''x'')'")
		refused(t, c, 1142, "EXECUTE s; DROP TABLE shop.orders")
		before := len(g.record.all())
		run(t, c, "EXECUTE s; DELETE FROM shop.sessions WHERE id = 1")
		var decisions []string
		for _, e := range g.record.all()[before:] {
			decisions = append(decisions, string(e.Decision)+" "+e.Kind)
		}
		if got := strings.Join(decisions, ", "); got != "would_refuse insert, allowed_destructive delete" {
			t.Errorf("recorded: %s", got)
		}
	})
}

// The tag is guarded behind an EXECUTE too, where the text cannot be read.
func TestTheTagBehindAnExecute(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Database(t, "guardrail")
		s.Exec(t, "CREATE TABLE guardrail.environment (id INT PRIMARY KEY, environment VARCHAR(20))", "INSERT INTO guardrail.environment VALUES (1, 'production')")
		g := start(t, s.Addr(), unparsedPolicy)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, "PREPARE s FROM 'DELETE FROM shop.sessions WHERE id = 1'")
		if _, err := c.ExecContext(t.Context(), "EXECUTE s; UPDATE guardrail.environment SET environment = 'staging' WHERE id = "+deep("1")); err == nil {
			t.Error("not refused")
		}
		var tag string
		if err := s.Admin().QueryRow("SELECT environment FROM guardrail.environment").Scan(&tag); err != nil || tag != "production" {
			t.Errorf("the tag is %q, %v", tag, err)
		}
	})
}

// What a routine has prepared nobody saw: its EXECUTE needs UNPARSED, also under a
// name that was the client's own, until the client prepares it again.
func TestAProcedureThatPrepares(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE PROCEDURE shop.p() PREPARE s FROM 'DELETE FROM shop.orders'")
		policy := strings.Replace(shopPolicy, "SELECT, INSERT", "EXECUTE, SELECT, INSERT", 1)
		g := start(t, s.Addr(), policy)
		for _, before := range []string{"DO 1", "PREPARE s FROM 'SELECT 1'"} {
			c := one(t, g.open(t, "app", "shop", multi))
			run(t, c, before)
			refused(t, c, 1235, "CALL p(); EXECUTE s")
			run(t, c, "CALL p()")
			refused(t, c, 1235, "EXECUTE s")
			run(t, c, "PREPARE s FROM 'SELECT 2'")
			run(t, c, "EXECUTE s")
		}
		c := one(t, g.open(t, "app", "shop"))
		refused(t, c, 1243, "EXECUTE s") // there was no CALL: the server says what is wrong
		unparsed := start(t, s.Addr(), strings.Replace(policy, "grants:\n", "grants:\n  - UNPARSED ON *.*\n", 1))
		c = one(t, unparsed.open(t, "app", "shop"))
		run(t, c, "CALL p()")
		run(t, c, "EXECUTE s")
		if got := reasons(unparsed, audit.AllowedUnread); !strings.Contains(got, "prepared by a routine") {
			t.Errorf("recorded %q", got)
		}
	})
}

// A text that is prepared and has more than one meaning is executed under the
// mode of now: where the rest of the text may change that, it is not.
func TestAModeThatMovesInFrontOfAnExecute(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop", multi))
		run(t, c, `PREPARE s FROM 'DELETE FROM shop.sessions WHERE name = "name"'`)
		run(t, c, `PREPARE m FROM 'SET sql_mode = ''ANSI_QUOTES'''`)
		run(t, c, "PREPARE plain FROM 'SELECT 1'")
		s.Exec(t, "ALTER TABLE shop.sessions COMMENT 'x'", "FLUSH TABLES") // MySQL reads it anew
		refused(t, c, 1615, "SET sql_mode = 'ANSI_QUOTES'; EXECUTE s")
		refused(t, c, 1615, "EXECUTE m; EXECUTE s")
		run(t, c, "SET @a = 1; EXECUTE s")
		run(t, c, "EXECUTE m; EXECUTE plain")
		if n := rows(t, s); n != 2 {
			t.Errorf("%d rows are left, want 2", n)
		}
	})
}

// A refused EXECUTE counts as one of what it would have run.
func TestARefusedExecuteCountsAsWhatItRuns(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "PREPARE s FROM 'DELETE FROM shop.sessions WHERE id = 1'")
		g.swap(t, strings.Replace(shopPolicy, "DELETE ON shop.sessions", "SELECT ON shop.sessions", 1))
		refused(t, c, 1142, "EXECUTE s")
		families, err := g.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range families {
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					labels = append(labels, l.GetValue())
				}
				if f.GetName() == "guardrail_statements_total" && slices.Contains(labels, "refused") {
					got = append(got, fmt.Sprintf("%s %v", strings.Join(labels, " "), m.GetCounter().GetValue()))
				}
			}
		}
		want := []string{"shop-web refused true production delete 1", "shop-web refused false production execute_sql 1"}
		if slices.Sort(got); !slices.Equal(got, []string{want[1], want[0]}) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
