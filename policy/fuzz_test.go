package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"guardrail/policy"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// FuzzLoadPolicy holds that no text panics, and that a text either loads whole
// or not at all, with mistakes that have places.
func FuzzLoadPolicy(f *testing.F) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no corpus", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(app("grants: [SELECT ON `a``b*`.*, ALL ON *.*]\ndeny: [{rule: ALL ON *.t, because: x}]\n")))
	f.Add([]byte(app(demanding)))
	f.Add([]byte(app(limited)))
	f.Add([]byte(app("during: [Mon-Fri 09:00-18:00 Asia/Tokyo, 22:00-06:00 +09:00]\ntests: [{sql: SELECT 1, rows: 5, primary_key: [id], expect: deny, by: ROWS}]\n")))
	f.Add([]byte("deny: [{id: x, rule: DDL ON *.*, during: Fri 17:00-24:00 UTC}]\nexceptions: [{app: q, lift: x, from: 2026-11-22T11:00:00Z, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse([]policy.Source{{File: "p.yaml", Text: text}, {File: "q.yaml", Text: []byte("app: q\naccounts: [qqq]\nenvironments: [q]\n")}})
		if err != nil {
			checkMistakes(t, p, err)
			return
		}
		for _, e := range p.Environments() {
			s, err := p.Compile(e)
			if err != nil {
				t.Fatalf("a policy that parses does not compile: %v", err)
			}
			for _, a := range s.Apps() {
				if a.Decide(policy.Request{}).Allowed() && a.Mode(noon) == policy.Enforce {
					t.Error("an empty request is allowed")
				}
				ask(a, need("select", "SELECT", table("a", "b")), need("delete", "DELETE", table("a", "b")), sqlparse.Statement{})
				if until := a.HoldsUntil(noon); !until.IsZero() && !until.After(noon) {
					t.Errorf("a decision at %v holds until %v", noon, until)
				}
				a.SessionStatement(sqlparse.MySQL)
			}
		}
	})
}

func checkMistakes(t *testing.T, p *policy.Policy, err error) {
	t.Helper()
	var ms strictyaml.Mistakes
	if p != nil || !errors.As(err, &ms) || len(ms) == 0 {
		t.Fatalf("half-loaded: %v, %v", p, err)
	}
	for _, m := range ms {
		if m.Pos.File != "p.yaml" && m.Pos.File != "q.yaml" || m.Pos.Line < 1 || m.Pos.Col < 1 || m.What == "" {
			t.Errorf("a mistake without a place: %+v", m)
		}
	}
}
