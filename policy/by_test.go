package policy_test

import (
	"os"
	"regexp"
	"testing"

	"guardrail/policy"
)

func TestWarningsOfMisnamedRefusals(t *testing.T) {
	const lines = "grants: [DELETE ON a.t]\ndeny:\n  - {id: no-drop, rule: DROP TABLE ON a.*}\nrequire: [WHERE FOR DELETE]\n"
	for by, want := range map[string]string{
		"WHERE": "", "where": "", "no-drop": "", "a.yaml:7": "", "drop table": "", "DROP TABLE": "", "PRIMARY KEY": "", "not-granted": "", "variable": "", "a.yaml:1": "",
		"WEHRE":     "a.yaml:8:49: nothing that refuses is called WEHRE; did you mean WHERE?",
		"no-dorp":   "a.yaml:8:49: nothing that refuses is called no-dorp; did you mean no-drop?",
		"a.yaml:70": "a.yaml:8:49: nothing that refuses is called a.yaml:70; did you mean a.yaml:7?",
		"account":   "a.yaml:8:49: nothing that refuses is called account; did you mean no-account?",
		"nonsense":  "a.yaml:8:49: nothing that refuses is called nonsense; write the id or the place of a rule, the verb that is missing, or a word as WHERE, PRIMARY KEY, variable or multiple",
	} {
		p, err := policy.Parse(sources(app(lines + "tests: [{sql: DROP TABLE a.t, expect: deny, by: " + by + "}]\n")))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Warnings(noon).Error(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", by, got, want)
		}
	}
}

// TestEveryCauseIsAName holds that a test may name each cause of a refusal.
func TestEveryCauseIsAName(t *testing.T) {
	text, err := os.ReadFile("decision.go")
	if err != nil {
		t.Fatal(err)
	}
	causes := regexp.MustCompile(`(?m)^\tBy\w+ +Cause = "([a-z-]+)"`).FindAllSubmatch(text, -1)
	if len(causes) < 20 {
		t.Fatalf("%d causes", len(causes))
	}
	for _, c := range causes {
		p, err := policy.Parse(sources(app("grants: [SELECT ON a.t]\ntests: [{sql: DROP TABLE a.t, expect: deny, by: " + string(c[1]) + "}]\n")))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Warnings(noon).Error(); got != "" && string(c[1]) != string(policy.ByException) {
			t.Errorf("%s: %s", c[1], got)
		}
	}
}
