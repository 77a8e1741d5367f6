package policy_test

import (
	"slices"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

func statements(list ...sqlparse.Statement) []sqlparse.Statement { return list }

// remove is a DELETE of one table with facts about its rows.
func remove(o sqlparse.Object, change func(*sqlparse.Statement)) sqlparse.Statement {
	st := need("delete", "DELETE", o)
	st.Destructive = true
	if change != nil {
		change(&st)
	}
	return st
}

func pins(columns ...string) func(*sqlparse.Statement) {
	return func(st *sqlparse.Statement) { st.Pinned = columns }
}

const demanding = `grants: [ALL ON a.*, ALL ON b.*]
require:
  - {id: rows, rule: ROWS <= 100 FOR UPDATE, because: "locks"}
  - {id: fewer, rule: ROWS <= 10 FOR DELETE ON a.big_*}
  - {id: limit, rule: LIMIT FOR DELETE ON a.queue}
  - {id: primary, rule: PRIMARY KEY FOR DELETE ON b.*}
  - {id: unique, rule: "unique key for update on B.t"}
`

func TestDemands(t *testing.T) {
	a := appOf(t, compile(t, app(demanding)), "shop")
	update := need("update", "UPDATE", table("a", "t"))
	join := need("update_multi", "UPDATE", table("a", "t"))
	rows := func(n uint64) []policy.Answer {
		return []policy.Answer{{Question: policy.Question{Kind: policy.AskRows}, Rows: n}}
	}
	atMost := func(n uint64) []policy.Answer {
		return []policy.Answer{{Question: policy.Question{Kind: policy.AskRows}, Rows: n, AtMost: true}}
	}
	keys := func(o sqlparse.Object, keys ...policy.Key) []policy.Answer {
		return []policy.Answer{{Question: policy.Question{Kind: policy.AskKeys, Table: o}, Keys: keys}}
	}
	id := policy.ExactKey(true, "ID")
	code := policy.ExactKey(false, "Tenant", "code")
	uuid := policy.Key{Primary: true, Columns: []policy.KeyColumn{{Name: "ID"}}}
	limit := func(limit sqlparse.Limit) func(*sqlparse.Statement) {
		return func(st *sqlparse.Statement) { st.Limit = limit }
	}
	bound := func(n uint64) []policy.Answer {
		return []policy.Answer{{Question: policy.Question{Kind: policy.AskLimit}, Rows: n}}
	}
	texts := func(columns ...string) []policy.Answer {
		return append(keys(table("b", "t"), uuid), policy.Answer{Question: policy.Question{Kind: policy.AskTexts}, Texts: columns})
	}
	explained := func(st *sqlparse.Statement) { st.Explain = true }
	tests := []struct {
		name    string
		st      []sqlparse.Statement
		answers []policy.Answer
		cause   policy.Cause // empty: allowed
		rule    string
		asks    []policy.QuestionKind
	}{
		{"few rows", statements(update), rows(100), "", "", nil},
		{"too many rows", statements(update), rows(101), policy.ByRows, "rows", nil},
		{"few rows at most", statements(update), atMost(100), "", "", nil},
		{"too many rows at most", statements(update), atMost(101), policy.ByRows, "rows", []policy.QuestionKind{policy.AskRows}},
		{"no estimate", statements(update), nil, policy.ByRows, "rows", []policy.QuestionKind{policy.AskRows}},
		{"the rows of a join", statements(join), rows(5), "", "", nil},
		{"a table that no line is about", statements(remove(table("a", "t"), nil)), nil, "", "", nil},
		{"a table of a prefix", statements(remove(table("", "big_1"), nil)), nil, policy.ByRows, "fewer", []policy.QuestionKind{policy.AskRows}},
		{"one of several statements", statements(update, need("select", "SELECT", table("a", "t"))), rows(1), policy.ByRows, "rows", nil},
		{"a comment behind it", statements(update, sqlparse.Statement{Kind: "empty_query"}), rows(1), "", "", nil},
		{"inside another text", statements(inside(update)), rows(1), policy.ByRows, "rows", nil},
		{"only planned", statements(remove(table("a", "big_1"), explained)), nil, "", "", nil},
		{"without a LIMIT", statements(remove(table("a", "queue"), nil)), nil, policy.ByLimit, "limit", nil},
		{"with a LIMIT", statements(remove(table("a", "queue"), limit(sqlparse.LimitSmall))), nil, "", "", nil},
		{"with one of nines", statements(remove(table("a", "queue"), limit(sqlparse.LimitLarge))), nil, policy.ByLimit, "limit", nil},
		{"with a parameter", statements(remove(table("a", "queue"), limit(sqlparse.LimitParameter))), nil, policy.ByLimit, "limit", []policy.QuestionKind{policy.AskLimit}},
		{"that is small", statements(remove(table("a", "queue"), limit(sqlparse.LimitParameter))), bound(99998), "", "", nil},
		{"that is all nines", statements(remove(table("a", "queue"), limit(sqlparse.LimitParameter))), bound(99999), policy.ByLimit, "limit", nil},
		{"that is large", statements(remove(table("a", "queue"), limit(sqlparse.LimitParameter))), bound(1000000), policy.ByLimit, "limit", nil},
		{"that is inside another text", statements(inside(remove(table("a", "queue"), limit(sqlparse.LimitParameter)))), bound(1), policy.ByLimit, "limit", nil},
		{"that is in one of several", statements(remove(table("a", "queue"), limit(sqlparse.LimitParameter)), update), bound(1), policy.ByLimit, "limit", nil},
		{"primary key", statements(remove(table("b", "t"), pins("id"))), keys(table("b", "t"), code, id), "", "", nil},
		{"primary key among others", statements(remove(table("b", "t"), pins("id", "x"))), keys(table("b", "t"), id), "", "", nil},
		{"another key than the primary", statements(remove(table("b", "t"), pins("code", "tenant"))), keys(table("b", "t"), code, id), policy.ByKey, "primary", nil},
		{"part of the primary key", statements(remove(table("b", "t"), pins("tenant"))), keys(table("b", "t"), policy.ExactKey(true, "id", "tenant")), policy.ByKey, "primary", nil},
		{"a table without keys", statements(remove(table("b", "t"), pins("id"))), keys(table("b", "t")), policy.ByKey, "primary", nil},
		{"a key of no columns", statements(remove(table("b", "t"), pins("id"))), keys(table("b", "t"), policy.Key{Primary: true}), policy.ByKey, "primary", nil},
		{"another table's keys", statements(remove(table("b", "t"), pins("id"))), keys(table("b", "u"), id), policy.ByKey, "primary", []policy.QuestionKind{policy.AskKeys}},
		{"a key of text", statements(remove(table("b", "t"), pins("id"))), keys(table("b", "t"), uuid), policy.ByKey, "primary", []policy.QuestionKind{policy.AskTexts}},
		{"that is held to a text", statements(remove(table("b", "t"), pins("id"))), texts("x", "id"), "", "", nil},
		{"that is held to something else", statements(remove(table("b", "t"), pins("id"))), texts("x"), policy.ByKey, "primary", nil},
		{"that is held inside another text", statements(inside(remove(table("b", "t"), pins("id")))), texts("id"), policy.ByKey, "primary", nil},
		{"no column pinned", statements(remove(table("b", "t"), nil)), keys(table("b", "t"), id), policy.ByKey, "primary", nil},
		{"refused for another reason first", statements(update, need("drop_db", "DROP DATABASE", schema("c"))), nil, policy.ByRows, "rows", nil},
		{"a refusal beats a question", statements(remove(table("a", "big_1"), nil), need("drop_db", "DROP DATABASE", schema("c"))), nil, policy.ByRows, "fewer", nil},
		{"needs come before questions", statements(remove(table("c", "t"), nil)), nil, policy.ByNoGrant, "not-granted", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := a.Decide(policy.Request{Schema: "a", Statements: tt.st, Answers: tt.answers, Now: noon})
			if d.Allowed() != (tt.cause == "") || d.Cause != tt.cause || tt.rule != "" && d.Rule.ID != tt.rule {
				t.Fatalf("%+v", d)
			}
			var asks []policy.QuestionKind
			for _, q := range d.Questions {
				asks = append(asks, q.Kind)
			}
			if !slices.Equal(asks, tt.asks) {
				t.Errorf("questions %+v", d.Questions)
			}
		})
	}
}

// inside is a statement that holds another one: PREPARE s FROM '...'.
func inside(st sqlparse.Statement) sqlparse.Statement {
	return sqlparse.Statement{Kind: "prepare_sql", Needs: st.Needs, Inner: statements(st)}
}

// TestAskAndAnswer goes the way of the proxy: ask, answer all, ask again.
func TestAskAndAnswer(t *testing.T) {
	a := appOf(t, compile(t, app(demanding+"  - ROWS <= 5 FOR UPDATE ON b.*\n")), "shop")
	st := need("update", "UPDATE", table("B", "t"))
	st.Pinned = []string{"code", "tenant"}
	r := policy.Request{LowerCaseNames: true, Statements: statements(st), Now: noon}
	d := a.Decide(r)
	want := []policy.Question{{Kind: policy.AskRows}, {Kind: policy.AskKeys, Table: table("B", "t")}}
	if d.Allowed() || !slices.Equal(d.Questions, want) {
		t.Fatalf("%+v", d)
	}
	for _, q := range d.Questions {
		r.Answers = append(r.Answers, policy.Answer{Question: q, Rows: 5, Keys: []policy.Key{policy.ExactKey(false, "tenant")}})
	}
	if d = a.Decide(r); !d.Allowed() || d.Questions != nil {
		t.Errorf("%+v", d)
	}
	r.Answers[0].Rows = 6
	d = a.Decide(r)
	const message = `guardrail: this statement would touch about 6 rows, more than the 5 that are allowed for app "shop" in production; name the rows in a WHERE clause, or add a LIMIT (rule a.yaml:11, event E)`
	if got := d.Message("production", "E"); d.Allowed() || got != message {
		t.Errorf("\n got %s\nwant %s", got, message)
	}
}

func TestObservedDemandsAskToo(t *testing.T) {
	a := appOf(t, compile(t, app(`grants: [ALL ON a.*]
require: [{rule: ROWS <= 10 FOR DELETE, mode: observe, until: 2026-11-22T13:00:00Z}]
`)), "shop")
	r := policy.Request{Statements: statements(remove(table("a", "t"), nil)), Now: noon}
	d := a.Decide(r)
	if !d.Allowed() || !d.Observed || len(d.Questions) != 1 || d.Cause != policy.ByRows {
		t.Fatalf("%+v", d)
	}
	r.Answers = []policy.Answer{{Question: d.Questions[0], Rows: 10}}
	if d = a.Decide(r); !d.Allowed() || d.Observed {
		t.Errorf("answered: %+v", d)
	}
	r.Answers, r.Now = nil, noon.Add(time.Hour)
	if d = a.Decide(r); d.Allowed() {
		t.Errorf("after its end: %+v", d)
	}
}

func TestLifts(t *testing.T) {
	a := appOf(t, compile(t, app(`grants: [ALL ON a.*]
require: [{id: where, rule: WHERE FOR DELETE}]
deny: [{id: keep, rule: DROP TABLE ON a.*}, {id: keep-this, rule: DROP TABLE ON a.this}, {id: view, rule: DROP VIEW ON a.*, mode: observe, until: 2026-11-22T11:00:00Z}]
`), `exceptions:
  - {app: shop, lift: where, from: 2026-11-22T11:00:00Z, until: 2026-11-22T13:00:00Z, ticket: OPS-1, by: ann, because: "spring cleaning"}
  - {app: shop, lift: keep, until: 2026-11-22T13:00:00Z, ticket: OPS-2, by: ann}
  - {app: shop, lift: view, until: 2026-11-22T13:00:00Z, ticket: OPS-3, by: ann}
`), "shop")
	whole := remove(table("a", "t"), func(st *sqlparse.Statement) { st.Where = sqlparse.WhereNone })
	drop := need("drop_table", "DROP TABLE", table("a", "t"))
	other := need("drop_table", "DROP TABLE", table("a", "this"))
	view := need("drop_view", "DROP VIEW", table("a", "v"))
	for _, tt := range []struct {
		name  string
		st    sqlparse.Statement
		hour  int
		cause policy.Cause
		rule  string
	}{
		{"before it begins", whole, 10, policy.ByWhere, "where"},
		{"while it lasts", whole, 12, policy.ByException, "b.yaml:2"},
		{"at its end", whole, 13, policy.ByWhere, "where"},
		{"a deny that is lifted", drop, 12, policy.ByException, "b.yaml:3"},
		{"a deny beside it stands", other, 12, policy.ByDeny, "keep-this"},
		{"the deny is back", drop, 13, policy.ByDeny, "keep"},
		{"a deny whose observe mode has ended", view, 12, policy.ByException, "b.yaml:4"},
		{"it is back, too", view, 13, policy.ByDeny, "view"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := a.Decide(policy.Request{Statements: statements(tt.st), Now: time.Date(2026, 11, 22, tt.hour, 0, 0, 0, time.UTC)})
			if d.Cause != tt.cause || d.Rule.ID != tt.rule || d.Allowed() != (tt.cause == policy.ByException) {
				t.Errorf("%+v", d)
			}
		})
	}
	if got := a.HoldsUntil(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)); got.Hour() != 11 {
		t.Errorf("holds until %v", got)
	}
}
