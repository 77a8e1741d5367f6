package policy_test

import (
	"testing"

	"guardrail/policy"
	"guardrail/sqlparse"
)

const limited = `grants: [SELECT ON a.*]
limits:
  max_execution_time: 1500ms
  sql_safe_updates: true
  session: {innodb_lock_wait_timeout: 10, transaction_isolation: READ-COMMITTED, foreign_key_checks: true}
  multi_statements: deny
  max_allowed_packet: 64K
  max_user_connections: 20
  max_queries_per_second: 500
`

func TestSession(t *testing.T) {
	a := appOf(t, compile(t, app(limited)), "shop")
	const rest = "SESSION sql_safe_updates = 1, SESSION innodb_lock_wait_timeout = 10, SESSION transaction_isolation = 'READ-COMMITTED', SESSION foreign_key_checks = 1"
	for flavour, want := range map[sqlparse.Flavour]string{
		sqlparse.MySQL:   "SET SESSION max_execution_time = 1500, " + rest,
		sqlparse.MariaDB: "SET SESSION max_statement_time = 1.5, " + rest,
	} {
		if got := a.SessionStatement(flavour); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		server := sqlparse.Server{Flavour: flavour, Version: map[sqlparse.Flavour]int{sqlparse.MySQL: 80400, sqlparse.MariaDB: 101119}[flavour]}
		reading := sqlparse.NewReader(sqlparse.Options{}).Read([]byte(want), sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8})
		if _, unknown := reading.Unknown(); unknown || len(reading.Statements[0].Sets) != 5 {
			t.Errorf("%+v", reading)
		}
	}
	if got := appOf(t, compile(t, app("")), "shop").SessionStatement(sqlparse.MySQL); got != "" {
		t.Errorf("nothing to set: %q", got)
	}
	want := policy.Limits{SingleStatement: true, MaxAllowedPacket: 65536, MaxUserConnections: 20, MaxQueriesPerSecond: 500}
	if got := a.Limits(); got != want {
		t.Errorf("%+v", got)
	}
}

func TestHeldVariables(t *testing.T) {
	held := appOf(t, compile(t, app(limited)), "shop")
	free := appOf(t, compile(t, app("limits: {multi_statements: deny, max_user_connections: 5}\n")), "shop")
	for _, tt := range []struct {
		name    string
		refused bool
	}{
		{"max_execution_time", true},
		{"max_statement_time", true},
		{"sql_safe_updates", true},
		{"innodb_lock_wait_timeout", true},
		{"transaction_isolation", true},
		{"tx_isolation", true},
		{"tx_read_only", false},
		{sqlparse.AnyVariable, true},
		{"wait_timeout", false},
		{"max_user_connections", false},
	} {
		set := sqlparse.Statement{Kind: "set_option", Sets: []string{"wait_timeout", tt.name}}
		for _, st := range statements(set, sqlparse.Statement{Kind: "prepare_sql", Inner: statements(set)}) {
			d := ask(held, st)
			if d.Allowed() == tt.refused || tt.refused && (d.Cause != policy.ByVariable || d.Code != 1227) {
				t.Errorf("%s in %s: %+v", tt.name, st.Kind, d)
			}
			if d := ask(free, st); !d.Allowed() {
				t.Errorf("%s in %s, nothing held: %+v", tt.name, st.Kind, d)
			}
		}
	}
	d := ask(held, sqlparse.Statement{Kind: "set_option", Sets: []string{"max_execution_time"}})
	const want = `guardrail: session variable max_execution_time is set by the policy and may not be changed for app "shop" in production; leave it as it is (rule a.yaml:6, event E)`
	if got := d.Message("production", "E"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestBeyond(t *testing.T) {
	a := appOf(t, compile(t, app(limited)), "shop")
	for cause, want := range map[policy.Cause]struct {
		code uint16
		line int
	}{
		policy.ByPacket: {1153, 10}, policy.ByConnections: {1226, 11}, policy.ByRate: {1226, 12}, policy.ByWhere: {1175, 1},
	} {
		if d := a.Beyond(cause, noon); d.Allowed() || d.Cause != cause || d.Code != want.code || d.Rule.Line != want.line {
			t.Errorf("%s: %+v", cause, d)
		}
	}
	observed := appOf(t, compile(t, app("mode: observe\nuntil: 2030-01-01T00:00:00Z\nlimits: {max_user_connections: 1}\n")), "shop")
	if d := observed.Beyond(policy.ByConnections, noon); !d.Allowed() || !d.Observed {
		t.Errorf("observed: %+v", d)
	}
	var none *policy.App
	if none.Beyond(policy.ByRate, noon).Allowed() {
		t.Error("no app is let in")
	}
}

func TestSingleStatement(t *testing.T) {
	a := appOf(t, compile(t, app(limited)), "shop")
	one, empty := need("select", "SELECT", table("a", "t")), sqlparse.Statement{Kind: "empty_query"}
	if d := ask(a, one, one); d.Allowed() || d.Cause != policy.ByMultiple || d.Rule.Line != 9 {
		t.Errorf("%+v", d)
	}
	if d := ask(a, one, empty); !d.Allowed() {
		t.Errorf("a comment behind a semicolon: %+v", d)
	}
}
