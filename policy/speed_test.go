package policy_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

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
	timed := appOf(t, compile(t, app(`grants:
  - {allow: "SELECT, INSERT ON accounting.users", during: 09:00-18:00 Asia/Tokyo}
  - {allow: "SELECT, INSERT, DELETE ON accounting.*", during: 11:00-13:00 UTC}
deny: [{rule: INSERT ON accounting.*, during: 13:00-14:00 UTC}]
require: [WHERE FOR DELETE, ROWS <= 10 FOR DELETE ON other.*, LIMIT FOR DELETE]
limits: {sql_safe_updates: true, multi_statements: allow}
`)), "shop")
	remove := need("delete", "DELETE", table("", "users"))
	remove.Limit = sqlparse.LimitSmall
	for _, tt := range []struct {
		name      string
		app       *policy.App
		lowerCase bool
		st        []sqlparse.Statement
	}{
		{"exact names", manyGrants(t, 100), false, statements(need("insert_select", "INSERT", table("", "users")), need("select", "SELECT", table("accounting", "users")))},
		{"folded names", manyGrants(t, 100), true, statements(need("insert_select", "INSERT", table("", "USERS")), need("select", "SELECT", table("accounting", "USERS")))},
		{"time windows and requirements", timed, false, statements(need("insert", "INSERT", table("", "users")), remove, sqlparse.Statement{Kind: "set_option", Sets: []string{"sql_mode"}})},
	} {
		r := policy.Request{Schema: "accounting", LowerCaseNames: tt.lowerCase, Now: noon, Statements: tt.st}
		if d := tt.app.Decide(r); !d.Allowed() {
			t.Fatalf("%s: refused: %+v", tt.name, d)
		}
		if n := testing.AllocsPerRun(100, func() { tt.app.Decide(r) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
		if n := testing.AllocsPerRun(100, func() { tt.app.HoldsUntil(noon) }); n != 0 {
			t.Errorf("%s: %v allocations to tell how long it holds", tt.name, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 100, 10000} {
		a := manyGrants(b, n)
		for name, st := range decided {
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

// manyApps are the files of n apps with some grants each, and one for all of them.
func manyApps(n int) []policy.Source {
	var shared strings.Builder
	shared.WriteString("deny: [{id: no-drop, rule: DROP DATABASE ON *.*}]\nexceptions:\n")
	files := make([]policy.Source, 0, n+1)
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "app: app%d\naccounts: [a%d]\nenvironments: [production]\ngrants:\n", i, i)
		for j := range 20 {
			fmt.Fprintf(&b, "  - SELECT, INSERT ON db%d.t%d\n", i, j)
		}
		files = append(files, policy.Source{File: fmt.Sprintf("app%d.yaml", i), Text: []byte(b.String())})
		fmt.Fprintf(&shared, "  - {app: app%d, lift: no-drop, until: 2100-01-01T00:00:00Z, ticket: A-1, by: ann}\n", i)
	}
	return append(files, policy.Source{File: "everyone.yaml", Text: []byte(shared.String())})
}

// everything reads policies, warns about them and compiles them.
func everything(t testing.TB, files []policy.Source) {
	p, err := policy.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	here, err := p.In("production")
	if err != nil {
		t.Fatal(err)
	}
	if w := slices.Concat(p.Warnings(noon), here.Warnings(noon)); len(w) > 0 {
		t.Fatal(w)
	}
	if _, err := p.Compile("production"); err != nil {
		t.Fatal(err)
	}
}

// Eight times the apps take about eight times the memory, not its square.
func TestAppsCostWhatTheyHold(t *testing.T) {
	taken := func(files []policy.Source) float64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		everything(t, files)
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	few, many := taken(manyApps(50)), taken(manyApps(400))
	if many > 12*few {
		t.Errorf("50 apps take %.0f MB, 400 take %.0f", few/1e6, many/1e6)
	}
}

func BenchmarkManyApps(b *testing.B) {
	for _, n := range []int{100, 1000} {
		files := manyApps(n)
		b.Run(fmt.Sprintf("apps=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				everything(b, files)
			}
		})
	}
}

// quickest is what do takes when nothing comes in its way.
func quickest(do func()) time.Duration {
	const times = 200
	best := time.Hour
	for range 300 {
		began := time.Now()
		for range times {
			do()
		}
		best = min(best, time.Since(began))
	}
	return best / times
}

// A decision costs the same, within 20 %, however much the policy holds.
func TestDecidingCostsTheSameHoweverManyGrantsAndAppsThereAre(t *testing.T) {
	for name, st := range decided {
		compareCosts(t, name, func(grants int) func() {
			a, r := manyGrants(t, grants), policy.Request{Schema: "accounting", Now: noon, Statements: []sqlparse.Statement{st}}
			return func() { a.Decide(r) }
		}, 10_000)
	}
	compareCosts(t, "apps", func(n int) func() { return amongApps(t, n) }, 1000)
}

func compareCosts(t *testing.T, name string, of func(n int) func(), many int) {
	t.Run(name, func(t *testing.T) {
		few, lots := of(1), of(many)
		var one, all time.Duration
		for range 5 { // on a busy machine nothing is ever in nobody's way
			one, all = quickest(few), quickest(lots)
			if all <= one*12/10 {
				t.Logf("%v with 1, %v with %d", one, all, many)
				return
			}
		}
		t.Errorf("%v with 1, %v with %d", one, all, many)
	})
}

// decided are statements that manyGrants allows, denies and grants nothing of.
var decided = map[string]sqlparse.Statement{
	"allow": need("select", "SELECT", table("", "users")),
	"deny":  need("drop_table", "DROP TABLE", table("", "users")),
	"none":  need("delete", "DELETE", table("", "users")),
}

// BenchmarkApps logs in and decides among many apps.
func BenchmarkApps(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("apps=%d", n), func(b *testing.B) {
			decide := amongApps(b, n)
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}

// amongApps returns what logs an account of one of n apps in and decides.
func amongApps(t testing.TB, n int) func() {
	t.Helper()
	var texts []policy.Source
	for i := range n {
		text := fmt.Sprintf("app: app%04d\naccounts: [acc%04d@10.0.0.0/8]\nenvironments: [production]\ngrants: [SELECT ON db%04d.*]\n", i, i, i)
		texts = append(texts, policy.Source{File: fmt.Sprintf("app%d.yaml", i), Text: []byte(text)})
	}
	p, err := policy.Parse(texts)
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile("production")
	if err != nil {
		t.Fatal(err)
	}
	account, from := fmt.Sprintf("acc%04d", n/2), netip.MustParseAddr("10.1.2.3")
	r := policy.Request{Now: noon, Statements: statements(need("select", "SELECT", table(fmt.Sprintf("db%04d", n/2), "t")))}
	return func() {
		a, _ := set.Login(account, from, noon)
		if !a.Decide(r).Allowed() {
			t.Fatal("refused")
		}
	}
}
