package audit_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// views ask a store what the page's views do, each in turn.
func views(t *testing.T, s *audit.Store, view func(name string, ask func() error)) {
	now := time.Now()
	found, _, err := s.Issues(t.Context(), audit.Filter{}, audit.ByCount, 50, 0)
	if err != nil || len(found) == 0 {
		t.Fatalf("%d issues, %v", len(found), err)
	}
	issue := found[0].ID
	kept, err := s.EventsOf(t.Context(), issue, "", 1)
	if err != nil || len(kept) == 0 {
		t.Fatalf("%d events, %v", len(kept), err)
	}
	all := audit.Filter{From: now.Add(-3 * time.Hour)}
	past := audit.Filter{From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour)}
	filters := map[string]audit.Filter{
		"all": all, "past": past, "month": {From: now.Add(-30 * 24 * time.Hour)}, "ever": {}, "app": all.With("app", "app-3"), "rule": all.With("rule", "rule-3"),
		"kind": past.With("kind", "drop_db"), "client": all.With("client", "10.0.0.3"), "rare": all.With("app", "app-none"),
		"refused": {From: all.From, Decisions: []audit.Decision{audit.Refused}}, "losses": {From: now.Add(-15 * time.Minute), Decisions: []audit.Decision{audit.AllowedDestructive}},
		"not a client": {From: all.From, Conditions: []audit.Condition{{Field: "client", Value: "10.0.0.3", Not: true}}},
		"not an app":   {From: all.From, Conditions: []audit.Condition{{Field: "app", Value: "app-3", Not: true}}},
		"open":         {From: all.From, Acknowledged: new(bool)},
	}
	for name, f := range filters {
		for _, order := range []audit.Order{audit.ByFirst, audit.ByLast, audit.ByCount} {
			view("issues "+name+" "+string(order), func() error {
				_, _, err := s.Issues(t.Context(), f, order, 50, 0)
				return err
			})
		}
		view("series "+name, func() error { _, _, err := s.Series(t.Context(), f); return err })
		view("events "+name, func() error { _, err := s.Events(t.Context(), f, "", 101); return err })
		view("older events "+name, func() error { _, err := s.Events(t.Context(), f, kept[0].ID, 101); return err })
		view("trends "+name, func() error { _, _, err := s.Trends(t.Context(), f, []audit.IssueID{issue}, 30); return err })
	}
	view("issue", func() error { _, err := s.Issue(t.Context(), issue); return err })
	view("notes", func() error { _, err := s.Notes(t.Context(), issue); return err })
	view("events of an issue", func() error { _, err := s.EventsOf(t.Context(), issue, kept[0].ID, 51); return err })
	view("event", func() error { _, err := s.Event(t.Context(), kept[0].ID); return err })
	view("event that is not kept", func() error {
		if _, err := s.Event(t.Context(), audit.NewID(now)); err == nil {
			return fmt.Errorf("it is kept")
		}
		return nil
	})
	view("menus", func() error { _, err := s.Values(t.Context(), all.From, 200); return err })
	view("news", func() error { _, err := s.Version(t.Context()); return err })
	view("size", func() error { _, err := s.Size(t.Context()); return err })
}

// crowded records issues, each with so many kept events of the last minutes.
func crowded(t *testing.T, s *audit.Store, issues, minutes int) {
	t.Helper()
	k := keep(t, s, func(o *audit.Options) { o.CommitTimeout = time.Minute })
	now := time.Now()
	for m := minutes - 1; m >= 0; m-- {
		for i := range issues {
			for range 5 {
				e := drop(now.Add(-time.Duration(m) * time.Minute))
				e.App, e.Rule, e.Shape = fmt.Sprintf("app-%d", i%7), fmt.Sprintf("rule-%d", i%5), fmt.Sprint(i)
				e.Client = fmt.Sprintf("10.0.0.%d", i%11)
				if err := k.Record(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := k.Record(loss(now.Add(-time.Duration(m) * time.Minute))); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
}

// scans are the ways of SQLite to read a whole table of those that grow.
var scans = regexp.MustCompile(`^SCAN (e|i|x|k|c|events|issues|texts|clients|counts|series)\b`)

// No view reads a whole table.
func TestNoViewScansATable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	crowded(t, s, 30, 5)
	asked := audit.Watch(t, s)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	views(t, s, func(name string, ask func() error) {
		asked.Queries, asked.Args = nil, nil
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(asked.Queries) == 0 && name != "events rare" && name != "older events rare" {
			t.Errorf("%s asks nothing", name)
		}
		for i, query := range asked.Queries {
			inOrder := strings.HasSuffix(query, "ORDER BY e.id DESC LIMIT ?") // a walk along the key, which ends at the limit
			for _, step := range plan(t, db, query, asked.Args[i]) {
				if !inOrder && scans.MatchString(step) {
					t.Errorf("%s: %s\n%s", name, step, query)
				}
			}
		}
	})
	if got := plan(t, db, "SELECT COUNT(*) FROM events WHERE account = ?", []any{"x"}); len(got) != 1 || !scans.MatchString(got[0]) {
		t.Errorf("a scan is not seen: %v", got)
	}
}

func plan(t *testing.T, db *sql.DB, query string, args []any) (steps []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// No view reads more than a part of the events: the servers count the rows that
// they hand out.
func TestViewsReadFewRows(t *testing.T) {
	const issues, minutes, most = 40, 30, 4000 // of 6,000 events
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Exec(t, "CREATE DATABASE crowded")
		s := open(t, mysqlName(server, "crowded"), mysqltest.Password)
		crowded(t, s, issues, minutes)
		server.Exec(t, "ANALYZE TABLE crowded.events, crowded.issues, crowded.counts, crowded.clients, crowded.series")
		views(t, s, func(view string, ask func() error) {
			before := handed(t, server)
			if err := ask(); err != nil {
				t.Errorf("%s: %v", view, err)
			}
			if n := handed(t, server) - before; n > most {
				t.Errorf("%s reads %d rows", view, n)
			}
		})
		before := handed(t, server)
		server.Exec(t, "SELECT SUM(rule_line) FROM crowded.events")
		if n := handed(t, server) - before; n <= most {
			t.Errorf("reading all events is %d rows", n)
		}
	}, mysqltest.Own())
}

// handed is how many rows a server's tables have handed out.
func handed(t *testing.T, server *mysqltest.Server) (n int) {
	t.Helper()
	rows, err := server.Admin().QueryContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Handler_read%'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value int
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		n += value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}
