package policytest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"guardrail/policy"
	"guardrail/policy/policytest"
)

// TestByNamesAnyRuleThatRefuses holds that tests mean the same in any order of lines.
func TestByNamesAnyRuleThatRefuses(t *testing.T) {
	rules := []string{"ROWS <= 10 FOR DELETE", "PRIMARY KEY FOR DELETE", "WHERE FOR DELETE", "LIMIT FOR DELETE"}
	for range len(rules) {
		rules = append(rules[1:], rules[0])
		text := "app: shop\naccounts: [shop]\nenvironments: [production]\ngrants: [ALL ON shop.*]\nrequire:\n"
		for _, r := range rules {
			text += "  - " + r + "\n"
		}
		text += "tests:\n"
		bys := []string{"ROWS", "PRIMARY KEY", "WHERE", "LIMIT", "where", "UPDATE"}
		for _, by := range bys {
			text += fmt.Sprintf("  - {sql: DELETE FROM shop.t, rows: 11, primary_key: [id], expect: deny, by: %s}\n", by)
		}
		p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range policytest.Run(p, options()) {
			if passed := r.Failure == ""; passed != (bys[i] != "UPDATE") {
				t.Errorf("%v, by %s: %s", rules, bys[i], r.Failure)
			}
			if r.Decision.Cause != policy.ByWhere {
				t.Errorf("%v: the client is told %s", rules, r.Decision.Cause)
			}
			if want := "ROWS"; bys[i] == want && !strings.HasPrefix(rules[r.Rules[0].Line-6], want) {
				t.Errorf("%v: %s is shown by line %d", rules, want, r.Rules[0].Line)
			}
		}
	}
}

func TestDeclared(t *testing.T) {
	const file = `
app: shop
accounts: [shop]
environments: [production, staging]
require: [DECLARED ENVIRONMENT]
limits: {max_user_connections: 10, sql_safe_updates: true}
tests:
`
	for test, want := range map[string]string{
		"{login: shop@10.1.2.3, declared: production, expect: allow}":                          "",
		"{login: shop@10.1.2.3, declared: staging, environment: staging, expect: allow}":       "",
		"{login: shop@10.1.2.3, declared: staging, expect: deny, by: declared}":                "",
		"{login: shop@10.1.2.3, expect: deny, by: DECLARED ENVIRONMENT}":                       "",
		"{login: shop@10.1.2.3, expect: deny, by: a.yaml:5}":                                   "",
		"{login: shop@10.1.2.3, expect: allow}":                                                "expected allow, but it is refused by a.yaml:5; no declared: given",
		"{login: shop@10.1.2.3, declared: staging, expect: allow}":                             "expected allow, but it is refused by declared (a.yaml:2)",
		"{login: shop@10.1.2.3, declared: production, expect: deny, by: DECLARED ENVIRONMENT}": "expected deny, but it is allowed",
	} {
		p, err := policy.Parse([]policy.Source{{File: "a.yaml", Text: []byte(file + "  - " + test + "\n")}})
		if err != nil {
			t.Fatal(err)
		}
		results := policytest.Run(p, options())
		if got := results[0].Failure; got != want {
			t.Errorf("%s\n got %q\nwant %q", test, got, want)
		}
		shown := !slices.ContainsFunc(policytest.Untested(p, results), func(l policy.RuleLine) bool { return l.AtLogin })
		if wanted := want == "" && (strings.Contains(test, "DECLARED") || strings.Contains(test, "a.yaml")); shown != wanted {
			t.Errorf("%s: shows the line to work: %t", test, shown)
		}
		if u := policytest.Untestable(p); len(u) != 1 || u[0].Text != "max_user_connections: 10" {
			t.Errorf("untestable: %v", u)
		}
	}
}
