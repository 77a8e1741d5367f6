// Package examples_test holds that the example policies load and pass their tests.
package examples_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/sqlparse"
)

func TestExamples(t *testing.T) {
	sources, err := policy.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"accounting-web", "bank-sync", "closing-batch", "dba-destructive", "developers", "expenses", "identity", "insight",
		"job-worker", "migrator", "mobile-api", "payroll-web"}
	if got := p.Apps(); !slices.Equal(got, want) {
		t.Errorf("apps %v, want %v", got, want)
	}
	if len(sources) != len(want)+1 {
		t.Errorf("%d files, want one for each app and everyone.yaml", len(sources))
	}
	week := time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC)
	for _, server := range []sqlparse.Server{{Flavour: sqlparse.MySQL, Version: 90704}, {Flavour: sqlparse.MariaDB, Version: 101119}} {
		t.Run(server.String(), func(t *testing.T) {
			passes(t, p, server, time.Now())
			for hour := range 7 * 24 {
				passes(t, p, server, week.Add(time.Duration(hour)*time.Hour))
			}
		})
	}
}

// passes runs the tests as one server reads, and holds that they show every
// line to work. They must not hang on when they are run.
func passes(t *testing.T, p *policy.Policy, server sqlparse.Server, now time.Time) {
	results := policytest.Run(p, policytest.Options{
		Reader: sqlparse.NewReader(sqlparse.Options{}),
		Mode:   sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8},
		Now:    now,
	})
	for _, r := range results {
		if r.Failure != "" {
			t.Errorf("%s:%d at %v: %s\n%s%s", r.Test.File, r.Test.Line, now, r.Failure, r.Test.SQL, r.Test.Account)
		}
	}
	for _, l := range policytest.Untested(p, results) {
		t.Errorf("%s:%d at %v: no test shows that this %s works", l.File, l.Line, now, l.Effect)
	}
}

// TestIncident holds what the company of the story wants above all.
func TestIncident(t *testing.T) {
	s, err := policy.Load(".", "production")
	if err != nil {
		t.Fatal(err)
	}
	drop := sqlparse.Statement{Kind: "drop_db", Destructive: true, Needs: []sqlparse.Need{{
		Privilege: sqlparse.DropDatabase, Object: sqlparse.Object{Type: sqlparse.Schema, Schema: "freee_production"},
	}}}
	for _, a := range s.Apps() {
		if a.Here() && a.Decide(policy.Request{Statements: []sqlparse.Statement{drop}, Now: time.Now()}).Allowed() {
			t.Errorf("%s may drop the production database", a.Name())
		}
	}
}

func TestConfigurationIsNoPolicy(t *testing.T) {
	if _, err := os.Stat("guardrail.yaml"); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Load(".", "production"); err != nil {
		t.Error(err)
	}
}

// TestReadme holds that the policies of the README's first steps load together,
// pass their tests, and have a test for each line.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, chapter, _ := strings.Cut(string(text), "\n## Policies\n")
	var sources []policy.Source
	for _, m := range regexp.MustCompile("(?s)```yaml\n(# policies/(\\S+).*?)```").FindAllStringSubmatch(chapter, -1) {
		sources = append(sources, policy.Source{File: m[2], Text: []byte(m[1])})
	}
	if len(sources) != 3 {
		t.Fatalf("%d policy files in the chapter", len(sources))
	}
	p, err := policy.Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	passes(t, p, sqlparse.Server{Flavour: sqlparse.MySQL, Version: 80407}, time.Now())
	if w := p.Warnings(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)); len(w) > 0 {
		t.Error(w)
	}
}
