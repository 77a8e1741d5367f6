package policy_test

import (
	"slices"
	"strings"
	"testing"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// TestTheRuleToldHangsOnNoOrder holds that of several rules that refuse, the
// client is told the same one however the lines stand, while they are listed as
// they stand.
func TestTheRuleToldHangsOnNoOrder(t *testing.T) {
	denies := []string{"{id: a, rule: DELETE ON a.*}", "{id: b, rule: 'DELETE, INSERT ON a.*'}", "{id: c, rule: DELETE ON a.*}"}
	requires := []string{"{id: rows, rule: ROWS <= 10 FOR UPDATE}", "{id: where, rule: WHERE FOR UPDATE}", "{id: key, rule: PRIMARY KEY FOR UPDATE}"}
	for range denies {
		denies, requires = append(denies[1:], denies[0]), append(requires[1:], requires[0])
		text := "grants: [ALL ON a.*]\ndeny:\n  - " + strings.Join(denies, "\n  - ") + "\nrequire:\n  - " + strings.Join(requires, "\n  - ") + "\n"
		a := appOf(t, compile(t, app(text)), "shop")
		whole := need("update", "UPDATE", table("a", "t"))
		whole.Where = sqlparse.WhereNone
		for want, st := range map[string]sqlparse.Statement{"a": need("delete", "DELETE", table("a", "t")), "where": whole} {
			if d := ask(a, st); d.Rule.ID != want {
				t.Errorf("%s: %s is told, not %s", text, d.Rule.ID, want)
			}
		}
		lines := slices.DeleteFunc(a.Lines(), func(l policy.RuleLine) bool { return l.Effect == policy.Grant })
		for i, l := range lines {
			if written := append(slices.Clone(denies), requires...)[i]; !strings.HasPrefix(written, "{id: "+l.ID+",") {
				t.Errorf("line %d is %s, not %s", i, l.ID, written)
			}
		}
	}
}
