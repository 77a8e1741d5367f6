package main

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

var eventID = regexp.MustCompile(`event ([0-9A-Z]{26})`)

// issueOf is the page about the issue of a statement that is refused.
func (s served) issueOf(db *sql.DB, text string) string {
	s.t.Helper()
	_, err := db.ExecContext(s.t.Context(), text)
	if err == nil {
		s.t.Fatalf("%s: not refused", text)
	}
	id := eventID.FindStringSubmatch(err.Error())
	if id == nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	var issue []string
	s.until("the event is stored", func() bool {
		issue = regexp.MustCompile(`href="(/issues/[0-9a-f]+)"`).FindStringSubmatch(s.get("/events/" + id[1]))
		return issue != nil
	})
	return s.get(issue[1])
}

// The page of an issue says what the one decided who refused it, and offers what
// lifts that, or nothing.
func TestThePageOfAnIssueTellsWhatItKnows(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	s := serve(t, server.Addr())
	db := s.open("accounting_web")
	db.SetMaxOpenConns(1)

	s.write("tests.yaml", "tests:\n  - {app: accounting-web, sql: DROP DATABASE accounting, expect: deny}\n")
	if page := s.issueOf(db, "DROP DATABASE accounting"); !strings.Contains(page, "#   tests.yaml:2\n") || !strings.Contains(page, "exceptions:") {
		t.Errorf("the test that fails while the exception holds is not named: %s", page)
	}

	declared := s.issueOf(db, "/*environment='development'*/ DROP DATABASE accounting")
	for _, want := range []string{"The client says that it belongs to &#34;development&#34;.", "DROP DATABASE on accounting.*"} {
		if !strings.Contains(declared, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if strings.Contains(declared, "exceptions:") || strings.Contains(declared, "verdict:") {
		t.Errorf("the page lifts a rule that did not refuse it: %s", declared)
	}
	if text := s.get("/metrics"); !regexp.MustCompile(`guardrail_statements_total{app="accounting-web",decision="refused",destructive="true",environment="production",kind="drop_db"} 2\n`).MatchString(text) {
		t.Errorf("the alert on destructive statements does not see it: %s", regexp.MustCompile(`guardrail_statements_total.*\n`).FindAllString(text, -1))
	}

	if page := s.issueOf(db, "SELECT 'x FROM y"); strings.Contains(page, "verdict: forwarded") || !strings.Contains(page, "cannot be read with certainty") {
		t.Errorf("what cannot be read is told to be forwarded: %s", page)
	}
}
