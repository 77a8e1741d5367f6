package policy

import (
	"net/netip"
	"strings"
	"time"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// Test is one entry of tests: a statement or a login, and what must become of it.
type Test struct {
	Rule             // where it stands
	App       string // for statements: the app that sends it
	SQL       string
	Schema    string // the default schema; of a login the one that it names
	Account   string // for logins; SQL is empty then
	From      netip.Addr
	Declared  string // for logins: the environment that the client declares; empty: none
	Allow     bool
	Observe   bool      // of refusals: it is only observed
	By        string    // for refusals: a rule's id, a Cause, WHERE or the verb that is missing; empty: whatever refuses
	In        string    // the environment; empty: the first of the app's
	At        time.Time // zero: the moment the tests run
	LowerCase bool      // as under lower_case_table_names=1
	Rows      *uint64   // the server's estimate; nil: it gives none
	Keys      []Key     // of the table that is changed
	at        marks
}

// parseTests reads tests. In an app's file they are about that app.
func parseTests(v strictyaml.Value, app string) []Test {
	var out []Test
	for _, item := range v.Items() {
		if t, ok := parseTest(item, app); ok {
			out = append(out, t)
		}
	}
	return out
}

func parseTest(v strictyaml.Value, app string) (Test, bool) {
	keys := []string{"sql", "login", "db", "expect", "by", "environment", "at", "lower_case_table_names", "rows", "primary_key", "unique_key", "declared"}
	if app == "" {
		keys = append(keys, "app")
	}
	f := v.Fields(keys...)
	t := Test{Rule: place(v), App: app, SQL: f.Get("sql").Text(), Schema: f.Get("db").Text()}
	if app == "" && !f.Get("login").Exists() {
		t.at.app = f.Need("app", "name the app that sends the statement")
		t.App = t.at.app.Text()
	}
	t.at.environments = []strictyaml.Value{f.Get("environment")}
	t.In = f.Get("environment").Word("an environment")
	t.At = f.Get("at").Time()
	t.LowerCase = f.Get("lower_case_table_names").Int(0, 2) != 0
	parseAnswers(f, &t)
	parseDeclared(f, &t)
	expect := f.Need("expect", "write expect: allow, expect: deny or expect: observe").OneOf("allow", "deny", "observe")
	t.Allow, t.Observe = expect == "allow", expect == "observe"
	t.By = f.Get("by").Text()
	if t.Allow && t.By != "" {
		f.Get("by").Fail("by says what refuses, and nothing is refused here", "")
	}
	ok := parseSubject(v, f, &t)
	return t, ok && expect != ""
}

// parseAnswers reads what the server would say: an estimate, and a table's keys.
func parseAnswers(f strictyaml.Fields, t *Test) {
	if rows := f.Get("rows"); rows.Exists() {
		n := uint64(rows.Int(0, 1<<40))
		t.Rows = &n
	}
	for _, key := range []string{"primary_key", "unique_key"} {
		var columns []string
		for _, column := range f.Get(key).Items() {
			columns = append(columns, column.Text())
		}
		if len(columns) > 0 {
			t.Keys = append(t.Keys, ExactKey(key == "primary_key", columns...))
		}
	}
}

// Answer returns what the test has a server that reads as m say to a question.
func (t Test) Answer(q Question, m sqlparse.Mode) (Answer, bool) {
	switch {
	case q.Kind == AskRows && t.Rows != nil:
		return q.AnswerRows(*t.Rows, []byte(t.SQL), m), true
	case q.Kind == AskRows:
		return q.AnswerLimit([]byte(t.SQL), m)
	case q.Kind == AskKeys && len(t.Keys) > 0:
		return Answer{Question: q, Keys: t.Keys}, true
	}
	return Answer{}, false
}

// parseDeclared reads what the client of a login declares.
func parseDeclared(f strictyaml.Fields, t *Test) {
	v := f.Get("declared")
	t.Declared = v.Word("an environment")
	if v.Exists() && !f.Get("login").Exists() {
		v.Fail("declared is what a client says at login", "write it in a test of a login, as in {login: shop@10.1.2.3, declared: production, expect: allow}")
	}
}

// parseSubject reads what the test is about: one of sql and login.
func parseSubject(v strictyaml.Value, f strictyaml.Fields, t *Test) bool {
	login := f.Get("login")
	switch {
	case login.Exists() && f.Get("sql").Exists():
		v.Fail("a test is about sql or about a login", "write two tests")
		return false
	case !login.Exists():
		return f.Need("sql", "write the statement, as in sql: DROP TABLE t").Exists() && t.SQL != ""
	}
	refuseInLogin(f)
	text := login.Text()
	i := strings.LastIndexByte(text, '@')
	if i < 0 {
		login.Fail("login has no address", "write it as in login: accounting_web@10.1.2.3")
		return false
	}
	addr, err := netip.ParseAddr(text[i+1:])
	if err != nil {
		login.FailAt(i+1, "no IP address: "+text[i+1:], "write it as in login: accounting_web@10.1.2.3")
		return false
	}
	t.Account, t.From = text[:i], addr
	return true
}

// refuseInLogin reports what says nothing about a login.
func refuseInLogin(f strictyaml.Fields) {
	for _, key := range []string{"rows", "primary_key", "unique_key"} {
		f.Refuse(key, key+" is what a server says of a statement, and a login has none", "take it away, or write a test of sql")
	}
	if !f.Get("db").Exists() {
		f.Refuse("lower_case_table_names", "lower_case_table_names is about the names of a statement or of db", "take it away, or write db: with the database that the login names")
	}
}
