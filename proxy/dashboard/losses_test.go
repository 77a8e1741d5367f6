package dashboard_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// What takes rows is told in statements and in rows, and what goes on only because
// its rule is observed apart from what policies allow.
func TestRowsAreCountedApartFromStatements(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	record := func(app string, rows int64, ago time.Duration, cause string) {
		e := sweep()
		e.App, e.Cause, e.Time, e.Environment, e.Backend = app, cause, time.Now().Add(-ago), "production", "main"
		e.Identify()
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
		e.Rows, e.Duration = rows, time.Millisecond
		p.book.Finished(&e)
	}
	record("shop", 2, 0, "")
	record("shop", 3, 0, "")
	record("denied", 0, 0, "")
	record("batch", 1, 0, "")
	record("jobs", 7, time.Hour, "")
	record("jobs", 1000, 0, "")
	record("payroll", 1, 0, audit.CauseObserved)
	p.settle(t)
	text := p.get(t, "/", 200)
	for _, want := range []string{
		"DELETE, REPLACE and UPDATE statements let through: <a", "shop 2</a>, 5 rows;", "denied 1</a>, no rows so far;", "batch 1</a>, 1 row;", "jobs 1</a>, 1,007 rows in all;",
		"payroll 1</a>, 1 row, only observed",
	} {
		if !strings.Contains(strings.ReplaceAll(text, "</p>", ";"), want) {
			t.Errorf("not told: %s", want)
		}
	}
	if text := p.get(t, p.issueOf(t, "DELETE FROM sessions"), 200); strings.Contains(text, " 1 rows") {
		t.Error("1 rows")
	}
}

// All that would have taken something away and was refused is told, whatever kind
// of statement it was; what only adds is not.
func TestEveryRefusedDropIsTold(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	for n, c := range []struct {
		kind, need, statement string
		told                  bool
	}{
		{"drop_view", "DROP VIEW ON shop.v", "DROP VIEW v", true},
		{"drop_user", "CREATE USER", "DROP USER app", true},
		{"drop_index", "INDEX ON shop.orders", "DROP INDEX i ON orders", true},
		{"alter_table", "DROP TABLE ON shop.orders", "ALTER TABLE orders /*", true},
		{"alter_table", "TRUNCATE ON shop.orders", "", true},
		{"alter_table", "ALTER ON shop.orders", "alter table orders drop column total", true},
		{"alter_tablespace", "CREATE TABLESPACE", "DROP TABLESPACE t", true},
		{"alter_table", "ALTER ON shop.orders", "ALTER TABLE orders ADD COLUMN dropped_at DATETIME", false},
		{"delete", "DELETE ON shop.orders", "DELETE FROM orders", false},
		{"create_table", "CREATE ON shop.orders", "CREATE TABLE orders (id INT)", false},
	} {
		t.Run(fmt.Sprint(c.kind, n), func(t *testing.T) {
			p := newPage(t, dashboard.Access{})
			e := resetScript()
			e.Time, e.Environment, e.Kind, e.Need, e.Statement = time.Now(), "production", c.kind, c.need, c.statement
			if err := p.book.Record(e); err != nil {
				t.Fatal(err)
			}
			p.settle(t)
			if told := strings.Contains(p.get(t, "/", 200), "<p>Refused: <a"); told != c.told {
				t.Errorf("told: %v", told)
			}
		})
		e := resetScript()
		e.Time, e.Environment, e.Kind, e.Need, e.Statement, e.Shape = time.Now(), "production", c.kind, c.need, c.statement, fmt.Sprint(n)
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	if text := p.get(t, "/", 200); !strings.Contains(text, "; and 4 more</p>") {
		t.Error("of 7 more than 3 are told, or not how many more there are")
	}
}
