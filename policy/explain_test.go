package policy_test

import (
	"slices"
	"testing"

	"guardrail/policy"
	"guardrail/sqlparse"
)

func TestAskedCollectsAllQuestions(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [ALL ON a.*]\nrequire: [LIMIT FOR DELETE, ROWS <= 10 FOR DELETE, ROWS <= 20 FOR DELETE ON a.*, PRIMARY KEY FOR DELETE]\n")), "shop")
	st := need("delete", "DELETE", table("a", "t"))
	st.Pinned = []string{"id"}
	r := policy.Request{Statements: statements(st), Now: noon}
	if d := a.Decide(r); d.Cause != policy.ByLimit || d.Questions != nil {
		t.Fatalf("%+v", d)
	}
	want := []policy.Question{{Kind: policy.AskRows}, {Kind: policy.AskKeys, Table: table("a", "t")}}
	if got := policy.Asked(a.Explain(r)); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestExplainTellsExceptionsOutOfTheirTime holds that an exception that has ended is not forgotten.
func TestExplainTellsExceptionsOutOfTheirTime(t *testing.T) {
	a := appOf(t, compile(t, app(`grants: [DELETE ON a.*]
deny: [{id: keep, rule: DELETE ON a.kept}]
require: [{id: where, rule: WHERE FOR DELETE}]
`), `exceptions:
  - {app: shop, allow: DROP TABLE ON a.old_*, until: 2026-11-20T11:00:00Z, ticket: OPS-1, by: ann}
  - {app: shop, lift: where, from: 2026-12-22T11:00:00Z, until: 2026-12-22T13:00:00Z, ticket: OPS-2, by: ann}
  - {app: shop, lift: keep, until: 2026-11-20T11:00:00Z, ticket: OPS-3, by: ann}
`), "shop")
	whole := need("delete", "DELETE", table("a", "kept"))
	whole.Where = sqlparse.WhereNone
	for _, tt := range []struct {
		st   sqlparse.Statement
		want []string // the ids of the exceptions, of each part
	}{
		{need("drop_table", "DROP TABLE", table("a", "old_1")), []string{"b.yaml:2"}},
		{need("drop_table", "DROP TABLE", table("a", "new")), []string{""}},
		{need("drop_view", "DROP VIEW", table("a", "old_1")), []string{""}},
		{whole, []string{"b.yaml:4", "b.yaml:3"}},
	} {
		var got []string
		for _, b := range a.Explain(policy.Request{Statements: statements(tt.st), Now: noon}) {
			id := ""
			if b.Past != nil {
				id = b.Past.ID
			}
			got = append(got, id)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, not %q", tt.st.Kind, got, tt.want)
		}
	}
}
