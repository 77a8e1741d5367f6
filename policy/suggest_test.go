package policy_test

import (
	"fmt"
	"slices"
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
			for _, s := range policy.Least(tt.requests, tt.wide) {
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
