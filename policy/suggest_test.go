package policy_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// request asks for statements in database accounting at noon.
func request(list ...sqlparse.Statement) policy.Request {
	return policy.Request{Schema: "accounting", Statements: list, Now: noon}
}

func TestLeast(t *testing.T) {
	st := func(p sqlparse.Privilege, o sqlparse.Object) sqlparse.Statement { return need("x", p, o) }
	named := routine("sys", "execute_prepared_stmt")
	named.Named = true
	fullName := routine("a", "g")
	fullName.Named = true
	lower := request(st("SELECT", table("Shop", "Deals")))
	lower.LowerCaseNames = true
	for _, tt := range []struct {
		name     string
		wide     bool
		requests []policy.Request
		want     []string
	}{
		{"nothing", false, nil, nil},
		{"needs nothing", false, []policy.Request{request(sqlparse.Statement{Kind: "begin"})}, nil},
		{"one table", false, []policy.Request{request(st("UPDATE", table("", "t"))), request(st("SELECT", table("accounting", "t"))), request(st("DELETE", table("", "t")), st("INSERT", table("", "t")))},
			[]string{"SELECT, INSERT, UPDATE, DELETE ON accounting.t [0 1 2]"}},
		{"several tables", false, []policy.Request{request(st("SELECT", table("", "b")), st("SELECT", table("", "a")))}, []string{"SELECT ON accounting.a [0]", "SELECT ON accounting.b [0]"}},
		{"whole databases", true, []policy.Request{request(st("SELECT", table("", "b")), st("INSERT", table("", "a")), st("EXECUTE", named))},
			[]string{"EXECUTE ON sys.execute_prepared_stmt [0]", "SELECT, INSERT ON accounting.* [0]"}},
		{"odd names", false, []policy.Request{request(st("SELECT", table("a b", "c*")))}, []string{"SELECT ON `a b`.`c*` [0]"}},
		{"odd spaces", false, []policy.Request{request(st("SELECT", table("a\u3000b", "c\u00a0\u200b\u0085\u2028\ufeff")))}, []string{"SELECT ON `a\u3000b`.`c\u00a0\u200b\u0085\u2028\ufeff` [0]"}},
		{"a table in a database", false, []policy.Request{request(st("ALL", schema("a"))), request(st("SELECT", table("a", "t"))), request(st("UNPARSED", sqlparse.Object{}), st("SELECT", table("b", "t")))},
			[]string{"SELECT ON b.t [2]", "ALL, GRANT OPTION ON a.* [0 1]", "UNPARSED ON *.* [2]"}},
		{"a full name in a database", true, []policy.Request{request(st("EXECUTE", routine("a", "f")), st("EXECUTE", fullName))}, []string{"EXECUTE ON a.g [0]", "EXECUTE ON a.* [0]"}},
		{"names without case", false, []policy.Request{lower}, []string{"SELECT ON shop.deals [0]"}},
		{"what is granted on databases", false, []policy.Request{request(st("CREATE TEMPORARY TABLES", schema("")), st("LOCK TABLES", table("", "t")))},
			[]string{"CREATE TEMPORARY TABLES, LOCK TABLES ON accounting.* [0]"}},
		{"what is granted on the server", false, []policy.Request{request(st("PROCESS", sqlparse.Object{}), st("FILE", sqlparse.Object{}))}, []string{"FILE, PROCESS ON *.* [0]"}},
		{"another name of a privilege", false, []policy.Request{request(st("BINLOG MONITOR", sqlparse.Object{}))}, []string{"REPLICATION CLIENT ON *.* [0]"}},
		{"world readable", false, []policy.Request{request(st("SELECT", table("information_schema", "TABLES")))}, nil},
		{"USE beside a grant", false, []policy.Request{request(st("ANY", schema("accounting"))), request(st("SELECT", table("", "t")))}, []string{"SELECT ON accounting.t [1]"}},
		{"USE alone", false, []policy.Request{request(st("ANY", schema("other"))), request(st("SELECT", table("", "t")))}, []string{"SELECT ON accounting.t [1]", "SHOW VIEW ON other.* [0]"}},
		{"SHOW CREATE TABLE of another table", false, []policy.Request{request(st("ANY", table("", "u"))), request(st("SELECT", table("", "t")))}, []string{"SELECT ON accounting.t [1]", "SHOW VIEW ON accounting.u [0]"}},
		{"everything on a database", false, []policy.Request{request(st("ALL", schema("a")))}, []string{"ALL, GRANT OPTION ON a.* [0]"}},
		{"everything", false, []policy.Request{request(st("ALL", sqlparse.Object{}))}, []string{"ALL, GRANT OPTION ON *.* [0]"}},
		{"what cannot be read", false, []policy.Request{request(sqlparse.Statement{})}, []string{"UNPARSED ON *.* [0]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			text := "grants:\n"
			for _, s := range policy.Least(tt.requests, make([]string, len(tt.requests)), tt.wide) {
				got = append(got, fmt.Sprintf("%s %v", s.Text, s.Requests))
				text += fmt.Sprintf("  - %q\n", s.Text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("\n got %q\nwant %q", got, tt.want)
			}
			if got == nil {
				text = ""
			}
			a := appOf(t, compile(t, app(text)), "shop")
			for _, r := range tt.requests {
				if d := a.Decide(r); !d.Allowed() {
					t.Errorf("%+v: %s", r.Statements, d.Message("production", "E"))
				}
			}
		})
	}
}

// TestLeastInEnvironments holds that what only some environments need is granted
// there alone, and that each grant tells the requests that need it.
func TestLeastInEnvironments(t *testing.T) {
	st := func(p sqlparse.Privilege, o sqlparse.Object) policy.Request { return request(need("x", p, o)) }
	sent := []struct {
		environment string
		policy.Request
	}{
		{"production", st("SELECT", table("", "t"))},
		{"staging", request(need("x", "SELECT", table("", "t")), need("x", "DROP TABLE", table("", "t")))},
		{"staging", st("DROP TABLE", table("", "old"))},
		{"production", st("INSERT", table("", "t"))},
		{"staging", st("ANY", schema("other"))},
		{"production", st("SELECT", table("other", "t"))},
		{"qa", st("ALL", table("", "t"))},
	}
	var requests []policy.Request
	var environments []string
	for _, s := range sent {
		requests, environments = append(requests, s.Request), append(environments, s.environment)
	}
	var got []string
	text := "app: shop\naccounts: [shop]\nenvironments: [production, qa, staging]\ngrants:\n"
	for _, s := range policy.Least(requests, environments, false) {
		got = append(got, fmt.Sprintf("%s %v %v", s.Text, s.Environments, s.Requests))
		text += fmt.Sprintf("  - {allow: %q, environments: [%s]}\n", s.Text, cmp.Or(strings.Join(s.Environments, ", "), "production, qa, staging"))
	}
	want := []string{
		"DROP TABLE ON accounting.old [staging] [2]",
		"SELECT ON accounting.t [] [0 1 6]",
		"INSERT ON accounting.t [production qa] [3 6]",
		"DROP TABLE ON accounting.t [qa staging] [1 6]",
		"ALL, GRANT OPTION ON accounting.t [qa] [6]",
		"SELECT ON other.t [production] [5]",
		"SHOW VIEW ON other.* [staging] [4]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	p, err := policy.Parse(sources(text))
	if err != nil {
		t.Fatal(err)
	}
	if w := p.Warnings(noon); len(w) > 0 {
		t.Error(w)
	}
	passes := map[string][]bool{"production": {true, false, false, true, true, true, false}, "staging": {true, true, true, false, true, false, false}, "qa": {true, true, false, true, false, false, true}}
	for environment, want := range passes {
		set, err := p.Compile(environment)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range requests {
			if d := set.App("shop").Decide(r); d.Allowed() != want[i] {
				t.Errorf("request %d in %s: %t", i, environment, d.Allowed())
			}
		}
	}
}

func TestUnused(t *testing.T) {
	a := appOf(t, compile(t, app(`grants:
  - SELECT ON a.*
  - SELECT ON a.t
  - INSERT ON a.t
  - DELETE ON a.t
  - SELECT ON b.t
  - SHOW VIEW ON c.*
  - {allow: SELECT ON d.*, environments: [staging]}
`)), "shop")
	requests := []policy.Request{
		request(need("select", "SELECT", table("a", "t"))),
		request(need("insert", "INSERT", table("A", "t")), need("insert", "INSERT", table("a", "t"))),
		request(need("change_db", "ANY", schema("a"))),
		request(need("change_db", "ANY", schema("c"))),
		request(need("delete", "DELETE", table("a", "u"))),
	}
	var got []string
	for _, l := range a.Unused(requests) {
		got = append(got, l.Text)
	}
	if want := []string{"SELECT ON a.t", "DELETE ON a.t", "SELECT ON b.t"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
