package policy_test

import (
	"strings"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

func TestDecide(t *testing.T) {
	const grants = `
grants:
  - SELECT, INSERT, UPDATE ON accounting.*
  - DELETE ON accounting.sessions
  - DROP TABLE ON accounting.old_*
  - ALL ON tenant_*.*
  - EXECUTE ON accounting.*
  - EXECUTE ON sys.format_bytes
  - EXECUTE ON *.*
  - CREATE ON *.scratch
  - PROCESS ON *.*
  - allow: TRUNCATE ON accounting.*
    environments: [staging]
deny:
  - {id: no-payroll, rule: "ALL ON tenant_7.payroll", because: "personal data"}
  - {id: staging-only, rule: "SELECT ON accounting.*", environments: [staging]}
`
	a := appOf(t, compile(t, app(grants)), "shop")
	tests := []struct {
		name  string
		st    sqlparse.Statement
		cause policy.Cause
		code  uint16 // 0: allowed
	}{
		{"granted on the database", need("select", "SELECT", table("accounting", "users")), policy.ByNothing, 0},
		{"default schema", need("select", "SELECT", table("", "users")), policy.ByNothing, 0},
		{"another database", need("select", "SELECT", table("payroll", "users")), policy.ByNoGrant, 1142},
		{"case of names counts", need("select", "SELECT", table("Accounting", "users")), policy.ByNoGrant, 1142},
		{"another verb", need("delete", "DELETE", table("accounting", "users")), policy.ByNoGrant, 1142},
		{"granted on the table", need("delete", "DELETE", table("accounting", "sessions")), policy.ByNothing, 0},
		{"prefix", need("drop_table", "DROP TABLE", table("accounting", "old_2020")), policy.ByNothing, 0},
		{"prefix itself", need("drop_table", "DROP TABLE", table("accounting", "old_")), policy.ByNothing, 0},
		{"shorter than the prefix", need("drop_table", "DROP TABLE", table("accounting", "old")), policy.ByNoGrant, 1142},
		{"underscore is no wildcard", need("drop_table", "DROP TABLE", table("accounting", "oldX2020")), policy.ByNoGrant, 1142},
		{"schema prefix", need("drop_table", "DROP TABLE", table("tenant_1", "t")), policy.ByNothing, 0},
		{"name in any schema", need("create_table", "CREATE", table("else", "scratch")), policy.ByNothing, 0},
		{"table grant is no database grant", need("create_db", "CREATE", schema("else")), policy.ByNoGrant, 1044},
		{"drop database in ALL", need("drop_db", "DROP DATABASE", schema("tenant_1")), policy.ByNothing, 0},
		{"drop database", need("drop_db", "DROP DATABASE", schema("accounting")), policy.ByNoGrant, 1044},
		{"a deny beats the grant", need("select", "SELECT", table("tenant_7", "payroll")), policy.ByDeny, 1142},
		{"a deny inside stops the whole", need("show", "SELECT", schema("tenant_7")), policy.ByDeny, 1044},
		{"a deny leaves the rest", need("select", "SELECT", table("tenant_7", "users")), policy.ByNothing, 0},
		{"grant of another environment", need("truncate", "TRUNCATE", table("accounting", "t")), policy.ByNoGrant, 1142},
		{"administrative, granted", need("show_processlist", "PROCESS", sqlparse.Object{}), policy.ByNothing, 0},
		{"administrative", need("shutdown", "SHUTDOWN", sqlparse.Object{}), policy.ByNoGrant, 1227},
		{"data privilege on everything", need("x", "UPDATE", sqlparse.Object{}), policy.ByDeny, 1142},
		{"use", need("change_db", sqlparse.AnyPrivilege, schema("accounting")), policy.ByNothing, 0},
		{"use of a schema with a table grant only", need("change_db", sqlparse.AnyPrivilege, schema("sys")), policy.ByNothing, 0},
		{"use of any schema a wildcard reaches", need("change_db", sqlparse.AnyPrivilege, schema("whatever")), policy.ByNothing, 0},
		{"information_schema", need("select", "SELECT", table("information_schema", "TABLES")), policy.ByNothing, 0},
		{"information_schema in capitals", need("select", "SELECT", table("INFORMATION_SCHEMA", "TABLES")), policy.ByNothing, 0},
		{"performance_schema", need("select", "SELECT", table("performance_schema", "threads")), policy.ByNoGrant, 1142},
		{"routine", need("call_procedure", "EXECUTE", routine("accounting", "close_month")), policy.ByNothing, 0},
		{"routine of the server's by name", need("select", "EXECUTE", routine("sys", "FORMAT_BYTES")), policy.ByNothing, 0},
		{"routine of the server's by wildcard", need("call_procedure", "EXECUTE", routine("sys", "execute_prepared_stmt")), policy.ByNoGrant, 1142},
		{"mysql's routine by wildcard", need("call_procedure", "EXECUTE", routine("mysql", "rds_kill")), policy.ByNoGrant, 1142},
		{"a privilege nobody knows", need("x", "FLY", table("accounting", "t")), policy.ByNoGrant, 1142},
		{"grant all", need("grant", sqlparse.AllPrivileges, schema("accounting")), policy.ByNoGrant, 1044},
		{"no needs", sqlparse.Statement{Kind: "begin"}, policy.ByNothing, 0},
		{"destructive without needs", sqlparse.Statement{Kind: "drop_table", Destructive: true}, policy.ByOversight, 1235},
		{"unknown", sqlparse.Statement{}, policy.ByUnparsed, 1235},
		{"unknown with a need that is granted", need(sqlparse.Unknown, "SELECT", table("accounting", "t")), policy.ByUnparsed, 1235},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := ask(a, tt.st)
			if d.Allowed() != (tt.code == 0) || d.Code != tt.code || d.Cause != tt.cause {
				t.Errorf("allowed %v, code %d, cause %q; want code %d, cause %q", d.Allowed(), d.Code, d.Cause, tt.code, tt.cause)
			}
		})
	}
}

func TestNamedObjectNeedsItsFullName(t *testing.T) {
	a := appOf(t, compile(t, app("grants:\n  - EXECUTE ON accounting.*\n  - EXECUTE ON accounting.run\n")), "shop")
	for name, want := range map[string]bool{"run": true, "other": false} {
		o := routine("accounting", name)
		o.Named = true
		if got := ask(a, need("call_procedure", "EXECUTE", o)).Allowed(); got != want {
			t.Errorf("%s: allowed %v, want %v", name, got, want)
		}
	}
}

func TestDecideLowerCaseNames(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [SELECT ON Accounting.Users, SELECT ON kino.*]\n")), "shop")
	for _, o := range []sqlparse.Object{table("ACCOUNTING", "users"), table("accounting", "USERS"), table("KİNO", "t"), table("\u212aINO", "t")} {
		st := need("select", "SELECT", o)
		if !a.Decide(policy.Request{LowerCaseNames: true, Statements: []sqlparse.Statement{st}}).Allowed() {
			t.Errorf("%s refused under lower_case_table_names=1", o)
		}
		if a.Decide(policy.Request{Statements: []sqlparse.Statement{st}}).Allowed() {
			t.Errorf("%s allowed under lower_case_table_names=0", o)
		}
	}
}

func TestNoDatabaseSelected(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [SELECT ON accounting.*]\n")), "shop")
	d := a.Decide(policy.Request{Statements: []sqlparse.Statement{need("select", "SELECT", table("", "t"))}})
	if d.Allowed() || d.Code != 1046 || d.State != "3D000" {
		t.Errorf("got %+v, want a refusal with 1046", d)
	}
}

func TestEveryStatementMustPass(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [SELECT ON accounting.*]\n")), "shop")
	good, bad := need("select", "SELECT", table("", "t")), need("drop_table", "DROP TABLE", table("", "t"))
	d := ask(a, good, bad, good)
	if d.Allowed() || d.Statement != 1 || d.Need.Object.String() != "accounting.t" {
		t.Errorf("got %+v, want a refusal of statement 1 on accounting.t", d)
	}
	if !ask(a, good, good).Allowed() {
		t.Error("two good statements are refused")
	}
	if d := ask(a); d.Allowed() || d.Code != 1065 {
		t.Errorf("no statement: got %+v, want a refusal with 1065", d)
	}
	single := appOf(t, compile(t, app("grants: [SELECT ON accounting.*]\nlimits: {multi_statements: deny}\n")), "shop")
	if d := ask(single, good, good); d.Cause != policy.ByMultiple || d.Allowed() {
		t.Errorf("two statements under multi_statements: deny: got %+v", d)
	}
}

func TestAllNeedsMustPass(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [INSERT ON accounting.*]\n")), "shop")
	st := need("replace", "INSERT", table("", "t"))
	st.Needs = append(st.Needs, sqlparse.Need{Privilege: "DELETE", Object: table("", "t")})
	if d := ask(a, st); d.Allowed() || d.Need.Privilege != "DELETE" {
		t.Errorf("got %+v, want DELETE to be missing", d)
	}
}

func TestAllIsWhatGrantAllGives(t *testing.T) {
	everywhere := appOf(t, compile(t, app("grants: [ALL ON *.*]\n")), "shop")
	inside := appOf(t, compile(t, app("grants: [ALL ON any.*]\n")), "shop")
	for _, p := range []sqlparse.Privilege{"GRANT OPTION", "UNPARSED"} {
		if ask(everywhere, need("x", p, sqlparse.Object{})).Allowed() {
			t.Errorf("ALL ON *.* allows %s", p)
		}
	}
	for _, p := range []sqlparse.Privilege{"SHUTDOWN", "FILE", "SUPER", "CREATE USER"} {
		if !ask(everywhere, need("x", p, sqlparse.Object{})).Allowed() {
			t.Errorf("ALL ON *.* does not allow %s", p)
		}
		if ask(inside, need("x", p, sqlparse.Object{})).Allowed() {
			t.Errorf("ALL ON any.* allows %s", p)
		}
	}
	for _, p := range []sqlparse.Privilege{"SELECT", "DELETE", "DROP DATABASE", "TRUNCATE", "EXECUTE", "EVENT", "LOAD DATA LOCAL"} {
		if !ask(everywhere, need("x", p, schema("any"))).Allowed() || !ask(inside, need("x", p, schema("any"))).Allowed() {
			t.Errorf("ALL does not allow %s", p)
		}
	}
}

func TestGrantAllNeedsEveryPrivilege(t *testing.T) {
	o := schema("accounting")
	everything := "grants: [ALL ON accounting.*, GRANT OPTION ON accounting.*, LOAD DATA LOCAL ON accounting.*]\n"
	a := appOf(t, compile(t, app(everything)), "shop")
	if d := ask(a, need("grant", sqlparse.AllPrivileges, o)); !d.Allowed() {
		t.Errorf("refused for want of %s", d.Need.Privilege)
	}
	b := appOf(t, compile(t, app(everything+"deny: [DROP TABLE ON accounting.ledger]\n")), "shop")
	if d := ask(b, need("grant", sqlparse.AllPrivileges, o)); d.Allowed() || d.Need.Privilege != "DROP TABLE" {
		t.Errorf("got %+v, want the deny of DROP TABLE to stop it", d)
	}
}

func TestAnyPrivilegeIsLostToADeny(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [SELECT ON *.*]\ndeny: [ALL ON secret.*, DROP TABLE ON other.*]\n")), "shop")
	for name, want := range map[string]bool{"secret": false, "other": true, "third": true} {
		if got := ask(a, need("change_db", sqlparse.AnyPrivilege, schema(name))).Allowed(); got != want {
			t.Errorf("USE %s: allowed %v, want %v", name, got, want)
		}
	}
}

func TestUnparsed(t *testing.T) {
	granted := appOf(t, compile(t, app("grants: [UNPARSED ON *.*]\n")), "shop")
	if d := ask(granted, sqlparse.Statement{}); !d.Allowed() {
		t.Errorf("UNPARSED is granted, got %+v", d)
	}
	denied := appOf(t, compile(t, app("grants: [UNPARSED ON *.*]\n"), "deny: [{id: read-all, rule: UNPARSED ON *.*}]\n"), "shop")
	if d := ask(denied, sqlparse.Statement{}); d.Allowed() || d.Rule.ID != "read-all" {
		t.Errorf("UNPARSED is denied, got %+v", d)
	}
}

func TestWhere(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [READ ON accounting.*, WRITE ON accounting.*]\nrequire: [{rule: 'WHERE FOR UPDATE, DELETE', id: rows}]\n")), "shop")
	del := func(w sqlparse.Where) sqlparse.Statement {
		return sqlparse.Statement{Kind: "delete", Destructive: true, Where: w, Needs: []sqlparse.Need{{Privilege: "DELETE", Object: table("", "t")}}}
	}
	explain := del(sqlparse.WhereNone)
	explain.Explain = true
	multi := del(sqlparse.WhereConstant)
	multi.Kind = "update_multi"
	prepare := need("prepare_sql", "DELETE", table("", "t"))
	prepare.Inner = []sqlparse.Statement{del(sqlparse.WhereNone)}
	replace := need("replace", "DELETE", table("", "t"))
	replace.Where = sqlparse.WhereNone
	tests := []struct {
		name string
		st   sqlparse.Statement
		want bool
	}{
		{"column", del(sqlparse.WhereColumn), true},
		{"constant", del(sqlparse.WhereConstant), false},
		{"none", del(sqlparse.WhereNone), false},
		{"planned only", explain, true},
		{"several tables", multi, false},
		{"inside a PREPARE", prepare, false},
		{"REPLACE has no WHERE", replace, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := ask(a, tt.st)
			if d.Allowed() != tt.want {
				t.Fatalf("got %+v, want allowed %v", d, tt.want)
			}
			if !tt.want && (d.Code != 1175 || d.State != "HY000" || d.Rule.ID != "rows") {
				t.Errorf("got %+v, want 1175 by rule rows", d)
			}
		})
	}
}

func TestExceptionsEnd(t *testing.T) {
	const shared = `
deny: [{id: no-drop, rule: DROP TABLE ON *.*}]
exceptions:
  - {app: shop, allow: DROP TABLE ON accounting.old_*, until: "2026-11-22T12:30:00Z", ticket: OPS-1, by: ann}
`
	a := appOf(t, compile(t, app("grants: [SELECT ON accounting.t]\n"), shared), "shop")
	drop := need("drop_table", "DROP TABLE", table("", "old_1"))
	if d := ask(a, drop); !d.Allowed() || d.Cause != policy.ByException || d.Because != "OPS-1 by ann" {
		t.Errorf("before its end: got %+v", d)
	}
	end := time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)
	if d := a.Decide(policy.Request{Schema: "accounting", Statements: []sqlparse.Statement{drop}, Now: end}); d.Allowed() || d.Rule.ID != "no-drop" {
		t.Errorf("at its end: got %+v", d)
	}
	if got := a.HoldsUntil(noon); !got.Equal(end) {
		t.Errorf("decisions hold until %v, want %v", got, end)
	}
	if got := a.HoldsUntil(end); !got.IsZero() {
		t.Errorf("after the end decisions hold until %v, want for ever", got)
	}
}

func TestObserve(t *testing.T) {
	const until = `"2026-12-01T00:00:00Z"`
	after := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	drop := need("drop_table", "DROP TABLE", table("", "t"))
	noWhere := need("delete", "DELETE", table("", "t"))
	noWhere.Where = sqlparse.WhereNone
	tests := []struct {
		name, lines, shared string
		st                  sqlparse.Statement
		cause               policy.Cause
	}{
		{"app, not granted", "mode: observe\nuntil: " + until, "", drop, policy.ByNoGrant},
		{"app, unparsed", "mode: observe\nuntil: " + until, "", sqlparse.Statement{}, policy.ByUnparsed},
		{"deny rule", "grants: [ALL ON *.*]", "deny: [{rule: DROP TABLE ON *.*, mode: observe, until: " + until + "}]", drop, policy.ByDeny},
		{"require rule", "grants: [ALL ON *.*]\nrequire: [{rule: WHERE FOR DELETE, mode: observe, until: " + until + "}]", "", noWhere, policy.ByWhere},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{app(tt.lines + "\n")}
			if tt.shared != "" {
				texts = append(texts, tt.shared)
			}
			a := appOf(t, compile(t, texts...), "shop")
			if d := ask(a, tt.st); !d.Allowed() || !d.Observed || d.Cause != tt.cause {
				t.Errorf("before the end: got %+v", d)
			}
			d := a.Decide(policy.Request{Schema: "accounting", Statements: []sqlparse.Statement{tt.st}, Now: after})
			if d.Allowed() || d.Cause != tt.cause {
				t.Errorf("at the end: got %+v", d)
			}
		})
	}
}

func TestObservedRuleDoesNotHideAnother(t *testing.T) {
	const shared = `deny: [{rule: DROP TABLE ON *.*, mode: observe, until: "2026-12-01T00:00:00Z"}]`
	a := appOf(t, compile(t, app("grants: [DROP TABLE ON accounting.t]\n"), shared), "shop")
	drop := func(name string) sqlparse.Statement { return need("drop_table", "DROP TABLE", table("", name)) }
	if d := ask(a, drop("t"), drop("u")); d.Allowed() || d.Statement != 1 {
		t.Errorf("got %+v, want the second statement refused", d)
	}
}

func TestNilAppRefuses(t *testing.T) {
	var a *policy.App
	if a.Decide(policy.Request{Statements: []sqlparse.Statement{{Kind: "select"}}}).Allowed() {
		t.Error("a nil app allows")
	}
	if (policy.Decision{}).Allowed() {
		t.Error("the zero decision allows")
	}
}

func TestMessage(t *testing.T) {
	a := appOf(t, compile(t, app("grants: [SELECT ON accounting.*]\n"),
		"deny: [{id: no-drop-database, rule: DROP DATABASE ON *.*, because: \"2013 incident; restore is hours\"}]\n"), "shop")
	tests := []struct {
		name string
		st   sqlparse.Statement
		want string
	}{
		{"not granted", need("delete", "DELETE", table("", "t")),
			`guardrail: DELETE on accounting.t is not granted for app "shop" in production; if the app needs it, ask the owners of its policy for a grant (rule not-granted at a.yaml:1, event 01ABC)`},
		{"denied", need("drop_db", "DROP DATABASE", schema("accounting")),
			`guardrail: DROP DATABASE on accounting.* is denied for app "shop" in production; 2013 incident; restore is hours; ask the owners of the rule for an exception (rule no-drop-database at b.yaml:1, event 01ABC)`},
		{"unparsed", sqlparse.Statement{},
			`guardrail: this statement cannot be read with certainty and is refused for app "shop" in production; write it in plain SQL, or ask the owners of the policy (rule unparsed at a.yaml:1, event 01ABC)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ask(a, tt.st).Message("production", "01ABC"); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
	long := need("delete", "DELETE", table("accounting\n\x00", strings.Repeat("表", 300)))
	if got := ask(a, long).Message("production", "01ABC"); len(got) > 511 || !strings.HasSuffix(got, "event 01ABC)") || strings.ContainsAny(got, "\n\x00") {
		t.Errorf("a long name: %d bytes, %q", len(got), got)
	}
}

// An app that belongs elsewhere gets nothing here, also while it is only observed.
func TestAnAppOfAnotherEnvironmentIsRefused(t *testing.T) {
	const text = "app: reset\naccounts: [reset]\nenvironments: [development, staging]\ngrants: [\"ALL ON *.*\"]\n"
	server, _ := sqlparse.ParseServer("8.0.36")
	for _, text := range []string{text, text + "mode: observe\nuntil: 2036-01-01T00:00:00Z\n"} {
		for environment, allow := range map[string]bool{"development": true, "production": false} {
			p, err := policy.Parse([]policy.Source{{File: "reset.yaml", Text: []byte(text)}, {File: "web.yaml", Text: []byte(everywhere)}})
			if err != nil {
				t.Fatal(err)
			}
			set, err := p.Compile(environment)
			if err != nil {
				t.Fatal(err)
			}
			r := policy.Request{Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
			r.Statements = sqlparse.NewReader(sqlparse.Options{}).Read([]byte("DROP TABLE shop.t"), sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8}).Statements
			d := set.App("reset").Decide(r)
			if d.Allowed() != allow || !allow && (d.Cause != policy.ByEnvironment || d.Code != 1045) {
				t.Errorf("in %s: %+v", environment, d)
			}
			if bases := set.App("reset").Explain(r); !allow && (len(bases) != 1 || bases[0].Decision.Cause != policy.ByEnvironment) {
				t.Errorf("in %s it rests on %+v", environment, bases)
			}
		}
	}
}
