package policy_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"guardrail/policy"
)

func TestWarnings(t *testing.T) {
	tests := []struct{ name, lines, shared, want string }{
		{"nothing", "grants: [SELECT ON a.*, INSERT ON a.t]\n", "deny: [DROP TABLE ON *.*]\n", ""},
		{"denied grant", "grants: [SELECT ON a.t]\n", "deny: [READ ON a.*]\n", "a.yaml:4:10: nothing can use this grant; b.yaml:1 denies all of it"},
		{"partly denied grant", "grants: [READ ON a.*]\n", "deny: [SELECT ON a.*]\n", ""},
		{"denied elsewhere", "grants: [SELECT ON a.t]\n", "deny: [{rule: SELECT ON a.t, environments: [staging]}]\n", ""},
		{"denied where granted", "grants: [{allow: SELECT ON a.t, environments: [staging]}]\n", "deny: [{rule: SELECT ON a.t, environments: [staging]}]\n", "a.yaml:4:18: nothing can use this grant; b.yaml:1 denies all of it"},
		{"denied in observe mode", "grants: [SELECT ON a.t]\n", "deny: [{rule: SELECT ON a.t, mode: observe, until: 2100-01-01T00:00:00Z}]\n", ""},
		{"granted twice", "grants:\n  - SELECT ON a.t\n  - READ ON a.*\n", "", "a.yaml:5:5: this is granted twice; line 6 grants all of it"},
		{"the same twice", "grants:\n  - SELECT ON a.t\n  - SELECT ON a.t\n", "", "a.yaml:6:5: this is granted twice; line 5 grants all of it"},
		{"the same twice in a line", "grants: [SELECT ON a.t, SELECT ON a.t]\n", "", "a.yaml:4:25: this is granted twice; line 4 grants all of it"},
		{"by a wildcard in the schema", "grants:\n  - SELECT ON a_1.t\n  - SELECT ON a_*.t*\n  - SELECT ON a_2.*\n", "", "a.yaml:5:5: this is granted twice; line 6 grants all of it"},
		{"by the first of several", "grants:\n  - READ ON *.t\n  - READ ON a.*\n  - SELECT ON a.t\n", "", "a.yaml:7:5: this is granted twice; line 5 grants all of it"},
		{"prefix", "grants:\n  - SELECT ON a.old_*\n  - SELECT ON a.old_1\n", "", "a.yaml:6:5: this is granted twice; line 5 grants all of it"},
		{"everywhere", "grants: [WRITE ON *.*]\n", "", "a.yaml:4:10: this grants changes in every database, the server's own included; name the databases, as in db.* or db_*.*"},
		{"reading everywhere", "grants: [READ ON *.*]\n", "", "a.yaml:4:10: this grants reading the server's own database mysql, the accounts' password hashes included; name the databases, as in db.* or db_*.*"},
		{"a prefix over the server's own", "grants: [WRITE ON my*.*]\n", "", "a.yaml:4:10: this grants changes in the server's own database mysql; make the database's name longer before the *"},
		{"a table in any database", "grants: [SELECT ON *.user*]\n", "", "a.yaml:4:10: this grants reading the server's own database mysql, the accounts' password hashes included; name the databases, as in db.* or db_*.*"},
		{"another table in any database", "grants: [SELECT ON *.deals]\n", "", ""},
		{"the server's own by name", "grants: [SELECT ON mysql.*]\n", "", ""},
		{"administration everywhere", "grants: [PROCESS ON *.*]\n", "", ""},
		{"a deny inside another", "deny:\n  - DROP TABLE ON a.t\n  - ALL ON a.*\n", "", "a.yaml:5:5: this deny refuses nothing; a.yaml:6 denies all of it"},
		{"a deny that everyone has", "deny:\n  - DROP TABLE ON a.t\n", "deny: [DROP TABLE ON *.*]\n", "a.yaml:5:5: this deny refuses nothing; b.yaml:1 denies all of it"},
		{"the same deny twice", "", "deny:\n  - DROP TABLE ON a.t\n  - DROP TABLE ON a.t\n", "b.yaml:3:5: this deny refuses nothing; b.yaml:2 denies all of it"},
		{"a deny elsewhere", "deny:\n  - DROP TABLE ON a.t\n", "deny: [{rule: DROP TABLE ON *.*, environments: [staging]}]\n", ""},
		{"a deny at times", "deny:\n  - DROP TABLE ON a.t\n", "deny: [{rule: DROP TABLE ON *.*, during: 01:00-02:00 UTC}]\n", ""},
		{"a grant denied at times", "grants: [DROP TABLE ON a.t]\n", "deny: [{rule: DROP TABLE ON *.*, during: 01:00-02:00 UTC}]\n", ""},
		{"a grant denied whenever it holds", "grants: [{allow: DROP TABLE ON a.t, during: 01:00-02:00 UTC}]\n", "deny: [{rule: DROP TABLE ON *.*, during: 01:00-02:00 UTC}]\n", "a.yaml:4:18: nothing can use this grant; b.yaml:1 denies all of it"},
		{"granted at times and always", "grants:\n  - SELECT ON a.t\n  - {allow: SELECT ON a.t, during: 01:00-02:00 UTC}\n", "", "a.yaml:6:13: this is granted twice; line 5 grants all of it"},
		{"an account of two apps", "", "app: z\naccounts: [shop]\nenvironments: [qa]\ngrants: [SELECT ON a.t]\n", "b.yaml:2:12: account shop belongs to app shop, too; which one it logs in to hangs on where; give each app an account of its own"},
		{"an environment in two spellings", "", "app: z\naccounts: [z]\nenvironments: [Production]\ngrants: [SELECT ON a.t]\n", "b.yaml:3:16: app z belongs to Production, which is not production; letter case counts in environments; write one of them everywhere"},
		{"a slip of an environment", "", "app: z\naccounts: [z]\nenvironments: [produciton, production]\ngrants: [SELECT ON a.t]\n", "b.yaml:3:16: no app but z belongs to environment produciton; did you mean production?"},
		{"an environment shortened", "", "app: z\naccounts: [z]\nenvironments: [prod, production]\ngrants: [SELECT ON a.t]\n", "b.yaml:3:16: no app but z belongs to environment prod; did you mean production?"},
		{"environments that differ on purpose", "", "app: z\naccounts: [z]\nenvironments: [production-eu, production2, production, qa]\ngrants: [SELECT ON a.t]\n", ""},
		{"wildcards of GRANT", "grants: ['SELECT ON `shop\\_%`.*', 'SELECT ON b.`x%y`']\nrequire: ['WHERE FOR DELETE ON c.`100%`']\n", "", "a.yaml:4:10: this is about what is called `shop\\_%`, wildcards and all; write shop_* for all names that begin so\n" +
			"a.yaml:4:35: this is about what is called `x%y`, wildcards and all; write x* for all names that begin so\n" +
			"a.yaml:5:11: DELETE is granted nowhere on c.`100%`, so nothing is required\n" +
			"a.yaml:5:11: this is about what is called `100%`, wildcards and all; write 100* for all names that begin so"},
		{"a wildcard between backticks", "grants: ['SELECT ON b.`old_*`', 'SELECT ON b.`a*b`', 'SELECT ON c.`old_`*']\n", "", "a.yaml:4:10: this is about what is called `old_*`, wildcards and all; write old_* for all names that begin so\n" +
			"a.yaml:4:33: this is about what is called `a*b`, wildcards and all; write a* for all names that begin so"},
		{"routines of the server by a wildcard", "grants:\n  - SELECT, EXECUTE ON sys.*\n  - EXECUTE ON sys.version_major\n  - EXECUTE ON mysql.ps_*\n  - ALL ON mysql.*\n  - EXECUTE ON s.*\n", "",
			"a.yaml:5:13: EXECUTE ON sys.* is about no routine; those of sys are granted by their full names alone\n" +
				"a.yaml:7:5: EXECUTE ON mysql.ps_* is about no routine; those of mysql are granted by their full names alone\n" +
				"a.yaml:7:5: this is granted twice; line 8 grants all of it"},
		{"a routine of the server denied twice", "", "deny:\n  - EXECUTE ON sys.*\n  - EXECUTE ON sys.version_major\n", "b.yaml:3:5: this deny refuses nothing; b.yaml:2 denies all of it"},
		{"the environment tag", "grants:\n  - SELECT, INSERT ON guardrail.*\n  - WRITE ON guardrail.environment\n  - ALL ON guardrail.x\n", "exceptions: [{app: shop, allow: DELETE ON Guardrail.*, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n",
			"a.yaml:5:13: INSERT ON guardrail.* is refused whatever is granted; guardrail tag alone changes the environment tag\n" +
				"a.yaml:6:5: WRITE ON guardrail.environment is refused whatever is granted; guardrail tag alone changes the environment tag\n" +
				"b.yaml:1:33: DELETE ON Guardrail.* is refused whatever is granted; guardrail tag alone changes the environment tag"},
		{"verbs that are denied", "grants:\n  - SELECT, DROP TABLE, DELETE ON a.*\n  - {allow: 'READ, DDL ON b.*'}\n", "deny: [\"DROP TABLE, DELETE ON *.*\", DDL ON b.*]\n",
			"a.yaml:5:13: nothing can use DROP TABLE of this grant; b.yaml:1 denies all of it\n" +
				"a.yaml:5:25: nothing can use DELETE of this grant; b.yaml:1 denies all of it\n" +
				"a.yaml:6:20: nothing can use DDL of this grant; b.yaml:1 denies all of it"},
		{"denied and lifted", "grants: [DROP TABLE ON a.t]\n", "deny: [{id: no-drop, rule: DROP TABLE ON *.*}]\nexceptions: [{app: shop, lift: no-drop, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n", ""},
		{"denied, lifted, and denied again", "grants: [DROP TABLE ON a.t]\ndeny: [DROP TABLE ON a.*]\n", "deny: [{id: no-drop, rule: DROP TABLE ON a.t}]\nexceptions: [{app: shop, lift: no-drop, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n",
			"a.yaml:4:10: nothing can use this grant; a.yaml:5 denies all of it"},
		{"denied twice, and once lifted", "", "deny:\n  - {id: no-drop, rule: DROP TABLE ON *.*}\n  - DROP TABLE ON a.*\nexceptions: [{app: shop, lift: no-drop, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n", ""},
		{"denied, and no longer lifted", "grants: [DROP TABLE ON a.t]\n", "deny: [{id: no-drop, rule: DROP TABLE ON *.*}]\nexceptions: [{app: shop, lift: no-drop, until: 2026-11-22T11:00:00Z, ticket: A, by: b}]\n",
			"a.yaml:4:10: nothing can use this grant; b.yaml:1 denies all of it\nb.yaml:2:48: this exception has ended; take it away"},
		{"required of nothing", "grants: [READ ON a.*]\nrequire: [ROWS <= 0 FOR DELETE, 'WHERE FOR UPDATE, DELETE', LIMIT FOR DELETE ON *.t, DECLARED ENVIRONMENT]\n", "",
			"a.yaml:5:11: DELETE is granted nowhere, so nothing is required\na.yaml:5:33: DELETE or UPDATE is granted nowhere, so nothing is required\na.yaml:5:61: DELETE is granted nowhere on *.t, so nothing is required"},
		{"required of one of two", "grants: [WRITE ON a.*]\nrequire: ['WHERE FOR UPDATE, DELETE']\n", "require: [LIMIT FOR DELETE]\n", ""},
		{"unparsed", "grants: [UNPARSED ON *.*]\n", "", "a.yaml:4:10: UNPARSED lets through statements that nobody has read; no deny can stop what is in them"},
		{"exception ended", "", "exceptions: [{app: shop, allow: SELECT ON a.t, until: 2026-11-22T12:00:00Z, ticket: A, by: b}]\n", "b.yaml:1:55: this exception has ended; take it away"},
		{"rule's observe mode ended", "grants: [DELETE ON a.t]\nrequire: [{rule: WHERE FOR DELETE, mode: observe, until: 2026-11-22T11:00:00Z}]\n", "", "a.yaml:5:58: the observe mode of this rule has ended: it is enforced; take mode and until away"},
		{"app's observe mode ended", "mode: observe\nuntil: 2026-11-22T11:00:00Z\n", "", "a.yaml:5:8: the observe mode of app shop has ended: it is enforced; take mode and until away"},
		{"no grants", "grants: []\n", "", "a.yaml:1:6: nothing is granted to app shop; add grants: with what it may do, as in SELECT, INSERT ON db.*"},
		{"no grants, and observed", "grants: []\nmode: observe\nuntil: 2026-11-22T13:00:00Z\n", "", ""},
		{"no grants, and an exception", "grants: []\n", "exceptions: [{app: shop, allow: SELECT ON a.t, until: 2026-11-22T13:00:00Z, ticket: A, by: b}]\n", ""},
		{"a misspelt variable", "limits:\n  session: {innodb_lock_wait_timout: 10}\n", "", "a.yaml:5:13: innodb_lock_wait_timout is not a session variable of MySQL 5.7-9 or MariaDB 10-11 that guardrail knows; did you mean innodb_lock_wait_timeout?"},
		{"a variable of the whole server", "limits:\n  session: {tls_ciphersuites: x}\n", "", "a.yaml:5:13: tls_ciphersuites is not a session variable of MySQL 5.7-9 or MariaDB 10-11 that guardrail knows; where the server has none of that name, no login succeeds"},
		{"variables of one flavour", "limits: {max_execution_time: 5s, sql_safe_updates: true, session: {tx_isolation: REPEATABLE-READ, cte_max_recursion_depth: 5, max_session_mem_used: 5}}\n", "", ""},
		{"app's observe mode goes on", "mode: observe\nuntil: 2026-11-22T13:00:00Z\n", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{app(granting(tt.lines))}
			if tt.shared != "" {
				texts = append(texts, tt.shared)
			}
			p, err := policy.Parse(sources(texts...))
			if err != nil {
				t.Fatal(err)
			}
			got := p.Warnings(noon.In(time.FixedZone("JST", 9*3600))).Error()
			if got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// granting adds a grant to the lines of an app that has none.
func granting(lines string) string {
	if strings.Contains(lines, "grants:") {
		return lines
	}
	return lines + "grants: [SELECT ON granted.t]\n"
}

// TestWarningsIn shows that a policy shared by environments is judged for one of
// them: by the apps and lines that are in force there.
func TestWarningsIn(t *testing.T) {
	const shop = "app: shop\naccounts: [shop]\nenvironments: [production, staging]\n"
	tests := []struct{ name, lines, shared, production, staging string }{
		{"all well", "grants: [SELECT ON a.t]\n", "deny: [DROP TABLE ON *.*]\n", "", ""},
		{"denied in one", "grants: [SELECT ON a.t]\n", "deny: [{rule: SELECT ON a.t, environments: [production]}]\n", "a.yaml:4:10: nothing can use this grant; b.yaml:1 denies all of it", ""},
		{"broad in one", "grants: [SELECT ON a.t, {allow: UNPARSED ON *.*, environments: [staging]}]\n", "", "", "a.yaml:4:33: UNPARSED lets through statements that nobody has read; no deny can stop what is in them"},
		{"an idle deny in one", "grants: [SELECT ON a.t]\n", "deny:\n  - {rule: ALL ON b.*, environments: [staging]}\n  - DROP TABLE ON b.t\n", "", "b.yaml:3:5: this deny refuses nothing; b.yaml:2 denies all of it"},
		{"nothing granted in one", "grants: [{allow: SELECT ON a.t, environments: [staging]}]\n", "", "a.yaml:1:6: app shop may connect in production, where nothing is granted to it; add grants, or take production from its environments", ""},
		{"nothing granted, and observed", "mode: observe\nuntil: 2026-11-22T13:00:00Z\n", "", "", ""},
		{"an exception in one", "grants: [{allow: SELECT ON a.t, environments: [staging]}]\n", "exceptions: [{app: shop, allow: SELECT ON a.t, until: 2026-11-22T13:00:00Z, ticket: A, by: b, environments: [production]}]\n", "", ""},
		{"an exception for an app of elsewhere", "grants: [SELECT ON a.t]\n", "exceptions: [{app: dev, allow: SELECT ON a.t, until: 2026-11-22T10:00:00Z, ticket: A, by: b}]\n", "", "b.yaml:1:54: this exception has ended; take it away"},
		{"an account of an app of elsewhere", "grants: [SELECT ON a.t]\naccounts: [shop, dev@10.0.0.0/16]\n", "", "", "a.yaml:4:18: account dev belongs to app dev, too; which one it logs in to hangs on where; give each app an account of its own"},
		{"a requirement that matters in one", "grants: [SELECT ON a.t, {allow: DELETE ON b.t, environments: [staging]}]\nrequire: [WHERE FOR DELETE ON b.t]\n", "", "", ""},
		{"a misspelt by in one", "grants: [SELECT ON a.t]\ntests: [{sql: DROP TABLE t, db: a, environment: staging, expect: deny, by: WEHRE}]\n", "", "", "a.yaml:5:76: nothing that refuses is called WEHRE; did you mean WHERE?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := shop
			if strings.Contains(tt.lines, "accounts:") {
				text = strings.Replace(shop, "accounts: [shop]\n", "", 1)
			}
			p, err := policy.Parse(sources(text+tt.lines, cmp.Or(tt.shared, "deny: [DROP TABLE ON *.*]\n"), "app: dev\naccounts: [dev@10.1.0.0/16]\nenvironments: [staging]\ngrants: [SELECT ON a.t]\n"))
			if err != nil {
				t.Fatal(err)
			}
			for environment, want := range map[string]string{"production": tt.production, "staging": tt.staging} {
				here, err := p.In(environment)
				if err != nil {
					t.Fatal(err)
				}
				if got := here.Warnings(noon).Error(); got != want {
					t.Errorf("%s:\n got %s\nwant %s", environment, got, want)
				}
			}
		})
	}
}

func TestInWhatNoAppKnows(t *testing.T) {
	p, err := policy.Parse(sources(app("")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.In("prodution"); err == nil || !strings.Contains(err.Error(), "the policies know production") {
		t.Errorf("got %v", err)
	}
	if p, err = policy.Parse(sources("deny: [DROP DATABASE ON *.*]\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.In("production"); err == nil || err.Error() != `no app belongs to environment "production": none of the policy files is of an app` {
		t.Errorf("got %v", err)
	}
}

// A policy of ten thousand grants is checked in no time.
func TestWarningsOfManyLines(t *testing.T) {
	const lines = 10000
	for _, pattern := range []string{"db.t%d", "db%d.t", "db%d.*"} {
		var text strings.Builder
		text.WriteString("grants:\n")
		for i := range lines {
			fmt.Fprintf(&text, "  - SELECT, INSERT ON "+pattern+"\n", i)
		}
		fmt.Fprintf(&text, "  - SELECT ON "+pattern+"\n", lines/2)
		p, err := policy.Parse(sources(app(text.String())))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if got := p.Warnings(noon).Error(); got != "a.yaml:10005:5: this is granted twice; line 5005 grants all of it" {
			t.Errorf("%s: %s", pattern, got)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: it took %s", pattern, took)
		}
	}
}
