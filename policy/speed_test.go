package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// manyGrants is an app with n exact grants, n/10 of prefixes, and denies beside them.
func manyGrants(t testing.TB, n int) *policy.App {
	t.Helper()
	var b strings.Builder
	b.WriteString("grants:\n  - SELECT, INSERT ON accounting.users\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "  - SELECT ON db%d.t%d\n", i%100, i)
		if i%10 == 0 {
			fmt.Fprintf(&b, "  - INSERT ON accounting.p%05d_*\n", i)
		}
	}
	b.WriteString("deny:\n  - DROP TABLE ON accounting.users\n")
	return appOf(t, compile(t, app(b.String())), "shop")
}

func TestAllowingAllocatesNothing(t *testing.T) {
	a := manyGrants(t, 100)
	for _, lowerCase := range []bool{false, true} {
		name := "users"
		if lowerCase {
			name = "USERS"
		}
		r := policy.Request{Schema: "accounting", LowerCaseNames: lowerCase, Now: noon,
			Statements: []sqlparse.Statement{need("insert_select", "INSERT", table("", name)), need("select", "SELECT", table("accounting", name))}}
		if !a.Decide(r).Allowed() {
			t.Fatal("refused")
		}
		if n := testing.AllocsPerRun(100, func() { a.Decide(r) }); n != 0 {
			t.Errorf("lower case %v: %v allocations", lowerCase, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 100, 10000} {
		a := manyGrants(b, n)
		for name, st := range map[string]sqlparse.Statement{
			"allow": need("select", "SELECT", table("", "users")),
			"deny":  need("drop_table", "DROP TABLE", table("", "users")),
			"none":  need("delete", "DELETE", table("", "users")),
		} {
			b.Run(fmt.Sprintf("%s/grants=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				r := policy.Request{Schema: "accounting", Now: noon, Statements: []sqlparse.Statement{st}}
				for b.Loop() {
					a.Decide(r)
				}
			})
		}
	}
}
