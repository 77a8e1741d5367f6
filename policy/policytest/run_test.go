package policytest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/sqlparse"
)

func options() policytest.Options {
	return policytest.Options{
		Reader: sqlparse.NewReader(sqlparse.Options{}),
		Mode:   sqlparse.Mode{Server: sqlparse.Server{Flavour: sqlparse.MySQL, Version: 90704}, Charset: sqlparse.CharsetUTF8},
		Now:    time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
}

// A test of an app in an environment that it does not belong to is refused, as
// the app is there.
func TestAnAppElsewhere(t *testing.T) {
	p, err := policy.Parse([]policy.Source{
		{File: "web.yaml", Text: []byte("app: web\naccounts: [web]\nenvironments: [production]\n")},
		{File: "reset.yaml", Text: []byte("app: reset\naccounts: [reset]\nenvironments: [development]\ngrants: [ALL ON shop.*]\ntests:\n" +
			"  - {sql: DROP TABLE shop.t, expect: allow}\n" +
			"  - {sql: DROP TABLE shop.t, expect: allow, environment: production}\n" +
			"  - {sql: DROP TABLE shop.t, expect: deny, by: environment, environment: production}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range policytest.Run(p, options()) {
		got = append(got, r.Failure)
	}
	if want := []string{"", "expected allow, but it is refused by environment (reset.yaml:1)", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestRun(t *testing.T) {
	const file = `
app: shop
accounts: [shop@10.0.0.0/8]
environments: [production, staging]
grants:
  - SELECT, DELETE ON shop.*
  - {allow: DROP TABLE ON shop.*, environments: [staging]}
require: [{id: rows, rule: WHERE FOR DELETE}]
tests:
`
	tests := []struct {
		name, test string
		want       string // the failure
	}{
		{"allow", "{sql: SELECT 1 FROM t, db: shop, expect: allow}", ""},
		{"deny", "{sql: DROP TABLE t, db: shop, expect: deny}", ""},
		{"by verb", "{sql: DROP TABLE t, db: shop, expect: deny, by: drop table}", ""},
		{"by cause", "{sql: DROP TABLE t, db: shop, expect: deny, by: not-granted}", ""},
		{"by WHERE", "{sql: DELETE FROM t WHERE 1=1, db: shop, expect: deny, by: WHERE}", ""},
		{"by id", "{sql: DELETE FROM t, db: shop, expect: deny, by: rows}", ""},
		{"by the place of a rule with an id", "{sql: DELETE FROM t, db: shop, expect: deny, by: a.yaml:8}", ""},
		{"by the place of another", "{sql: DELETE FROM t, db: shop, expect: deny, by: a.yaml:7}", "expected deny by a.yaml:7, but it is refused by rows (a.yaml:8); write by: rows"},
		{"by the place of the app", "{sql: DROP TABLE t, db: shop, expect: deny, by: a.yaml:2}", ""},
		{"by the place of the account", "{login: shop@192.168.0.1, expect: deny, by: a.yaml:3}", ""},
		{"other environment", "{sql: DROP TABLE t, db: shop, expect: allow, environment: staging}", ""},
		{"login", "{login: shop@10.1.2.3, expect: allow}", ""},
		{"login from elsewhere", "{login: shop@192.168.0.1, expect: deny, by: network}", ""},
		{"login into a database", "{login: shop@10.1.2.3, db: shop, expect: allow}", ""},
		{"login into another database", "{login: shop@10.1.2.3, db: other, expect: deny, by: not-granted}", ""},
		{"login into one in other letters", "{login: shop@10.1.2.3, db: Shop, expect: deny, by: not-granted}", ""},
		{"login into one in other letters, without case", "{login: shop@10.1.2.3, db: Shop, lower_case_table_names: 1, expect: allow}", ""},
		{"login from elsewhere into another database", "{login: shop@192.168.0.1, db: other, expect: deny, by: network}", ""},
		{"wrong: login into another database", "{login: shop@10.1.2.3, db: a`b, expect: allow}", "expected allow, but it is refused by not-granted (a.yaml:2), any privilege ON a`b.*"},
		{"wrong: by in a login", "{login: shop@10.1.2.3, db: other, expect: deny, by: network}", "expected deny by network, but it is refused by not-granted (a.yaml:2), any privilege ON other.*; write by: not-granted"},
		{"login of nobody", "{login: root@10.1.2.3, expect: deny, by: no-account}", ""},
		{"wrong: login", "{login: shop@192.168.0.1, expect: allow}", "expected allow, but it is refused by network (a.yaml:3)"},
		{"wrong: allow", "{sql: DROP TABLE t, db: shop, expect: allow}", "expected allow, but it is refused by not-granted (a.yaml:2), DROP TABLE ON shop.t"},
		{"wrong: deny", "{sql: SELECT 1 FROM t, db: shop, expect: deny}", "expected deny, but it is allowed"},
		{"wrong: by", "{sql: DROP TABLE t, db: shop, expect: deny, by: WHERE}", "expected deny by WHERE, but it is refused by not-granted (a.yaml:2), DROP TABLE ON shop.t; write by: DROP TABLE"},
		{"wrong: unreadable", "{sql: PREPARE s FROM @v, db: shop, expect: allow}", "expected allow, but it is refused by unparsed (a.yaml:2), UNPARSED ON *.*: the statement cannot be read: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(file + "  - " + tt.test + "\n")}})
			if err != nil {
				t.Fatal(err)
			}
			results := policytest.Run(p, options())
			if len(results) != 1 {
				t.Fatalf("%d results", len(results))
			}
			if got := results[0].Failure; got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestObservedCountsAsRefused(t *testing.T) {
	p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(`
app: shop
accounts: [shop]
environments: [production]
mode: observe
until: 2030-01-01T00:00:00Z
tests: [{sql: DROP TABLE shop.t, expect: deny, by: DROP TABLE}]
`)}})
	if err != nil {
		t.Fatal(err)
	}
	if r := policytest.Run(p, options())[0]; r.Failure != "" {
		t.Error(r.Failure)
	}
}

// TestObservedLogin holds that a login which all but observe mode refuses for
// its database is told as such.
func TestObservedLogin(t *testing.T) {
	p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(`
app: shop
accounts: [shop]
environments: [production]
grants: [SELECT ON shop.*]
mode: observe
until: 2030-01-01T00:00:00Z
tests:
  - {login: shop@10.1.2.3, db: shop, expect: allow}
  - {login: shop@10.1.2.3, db: other, expect: observe, by: not-granted}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	results := policytest.Run(p, options())
	for _, r := range results {
		if r.Failure != "" {
			t.Error(r.Failure)
		}
	}
	if untested := policytest.Untested(p, results); len(untested) > 0 {
		t.Errorf("untested: %v", untested)
	}
}

func TestUntested(t *testing.T) {
	p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(`
app: shop
accounts: [shop]
environments: [production, staging]
grants:
  - SELECT ON shop.*
  - INSERT ON shop.*
  - {allow: DROP TABLE ON shop.*, environments: [staging]}
deny:
  - SELECT ON shop.secrets
  - INSERT ON shop.secrets
require: [WHERE FOR DELETE]
tests:
  - {sql: SELECT 1 FROM t, db: shop, expect: allow}
  - {sql: SELECT 1 FROM secrets, db: shop, expect: deny}
  - {sql: INSERT INTO t SELECT * FROM secrets, db: shop, expect: deny}
  - {sql: DROP TABLE t, db: shop, expect: allow, environment: staging}
`)}})
	if err != nil {
		t.Fatal(err)
	}
	results := policytest.Run(p, options())
	var got []string
	for _, l := range policytest.Untested(p, results) {
		got = append(got, fmt.Sprintf("%d %s %s", l.Line, l.Effect, l.Text))
	}
	want := []string{"7 grant INSERT ON shop.*", "11 deny INSERT ON shop.secrets", "12 require WHERE FOR DELETE"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheck(t *testing.T) {
	text := "app: shop\naccounts: [shop]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\ntests:\n  - {sql: SELECT 1 FROM shop.t, expect: %s}\n"
	for expect, want := range map[string]string{"allow": "", "deny": "a.yaml:6:5: this test fails: expected deny, but it is allowed"} {
		p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: fmt.Appendf(nil, text, expect)}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := policytest.Check(p, options()); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", expect, got, want)
		}
	}
}

// TestAnswers holds what tests say in the server's place.
func TestAnswers(t *testing.T) {
	const file = `
app: shop
accounts: [shop]
environments: [production]
grants: [ALL ON shop.*]
require: [ROWS <= 10 FOR DELETE, PRIMARY KEY FOR UPDATE, LIMIT FOR DELETE ON shop.queue]
limits: {sql_safe_updates: true}
tests:
`
	for test, want := range map[string]string{
		"{sql: DELETE FROM shop.t, rows: 10, expect: allow}":                                           "",
		"{sql: DELETE FROM shop.t, rows: 11, expect: deny, by: ROWS}":                                  "",
		"{sql: DELETE FROM shop.t, expect: deny, by: rows}":                                            "",
		"{sql: DELETE FROM shop.queue, rows: 1, expect: deny, by: LIMIT}":                              "",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = 5, primary_key: [id], expect: allow}":                "",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = 5, unique_key: [id], expect: deny, by: PRIMARY KEY}": "",
		"{sql: UPDATE shop.t SET a = 1 WHERE b = 5, primary_key: [id], expect: deny, by: key}":         "",
		"{sql: SET sql_safe_updates = 0, expect: deny, by: variable}":                                  "",
		"{sql: DELETE FROM shop.t, rows: 11, expect: deny, by: LIMIT}":                                 "expected deny by LIMIT, but it is refused by a.yaml:6; write by: ROWS",
		"{sql: DELETE FROM shop.t, expect: allow}":                                                     "expected allow, but it is refused by a.yaml:6; no rows: given",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = 5, expect: allow}":                                   "expected allow, but it is refused by a.yaml:6; no primary_key: or unique_key: given",
		"{sql: DELETE FROM shop.t LIMIT 10, rows: 900000, expect: allow}":                              "",
		"{sql: DELETE FROM shop.t ORDER BY id LIMIT 10, rows: 900000, expect: allow}":                  "",
		"{sql: DELETE FROM shop.t LIMIT 11, rows: 900000, expect: deny, by: ROWS}":                     "",
		"{sql: DELETE FROM shop.t LIMIT 10, expect: allow}":                                            "",
		"{sql: DELETE FROM shop.t LIMIT 11, expect: allow}":                                            "expected allow, but it is refused by a.yaml:6; no rows: given",
		"{sql: DELETE FROM shop.t LIMIT 11, rows: 10, expect: allow}":                                  "",
		"{sql: DELETE FROM shop.queue LIMIT 5, rows: 9, expect: allow}":                                "",
		"{sql: DELETE FROM shop.queue LIMIT 99999, rows: 9, expect: deny, by: LIMIT}":                  "",
		"{sql: DELETE FROM shop.queue LIMIT ?, rows: 9, expect: deny, by: LIMIT}":                      "",
		"{sql: DELETE FROM shop.queue LIMIT ?, rows: 9, expect: allow}":                                "expected allow, but it is refused by a.yaml:6; it hangs on the value of the parameter in its LIMIT: write a number there",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = 0, primary_key: [id], expect: allow}":                "",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = ?, primary_key: [id], expect: allow}":                "",
		"{sql: SET sql_safe_updates = 0, expect: deny, by: a.yaml:7}":                                  "",
		"{sql: SET sql_safe_updates = 0, expect: deny, by: WHERE}":                                     "expected deny by WHERE, but it is refused by a.yaml:7; write by: variable",
		"{sql: UPDATE shop.t SET a = 1 WHERE id = 5, primary_key: [a, id], expect: allow}":             "expected allow, but it is refused by a.yaml:6",
	} {
		p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(file + "  - " + test + "\n")}})
		if err != nil {
			t.Fatal(err)
		}
		if got := policytest.Run(p, options())[0].Failure; got != want {
			t.Errorf("%s\n got %q\nwant %q", test, got, want)
		}
	}
}
