package rehearse_test

import (
	"fmt"
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/policy/rehearse"
	"guardrail/policy/traffic"
	"guardrail/sqlparse"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) // a Tuesday

// record is a SELECT of an account, last seen at a moment.
func record(account string, seen time.Time) traffic.Record {
	return traffic.Record{App: "shop", Account: account, Environment: "production", Schema: "shop", Server: "mysql-8.4.7",
		Count: 5, FirstSeen: seen.Add(-time.Hour), LastSeen: seen, Example: "SELECT 7 FROM deals"}
}

func read(t *testing.T, records ...traffic.Record) []rehearse.Entry {
	t.Helper()
	entries, err := rehearse.Read(records, sqlparse.NewReader(sqlparse.Options{}), now)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func policies(t *testing.T, texts ...string) *rehearse.Policies {
	t.Helper()
	var sources []policy.Source
	for i, text := range texts {
		sources = append(sources, policy.Source{File: fmt.Sprintf("%d.yaml", i), Text: []byte(text)})
	}
	p, err := policy.Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	return rehearse.NewPolicies(p)
}

func TestJudge(t *testing.T) {
	friday := time.Date(2026, 11, 13, 23, 0, 0, 0, time.UTC)
	const head = "app: shop\naccounts: [web]\nenvironments: [production]\n"
	for _, tt := range []struct {
		name    string
		texts   []string
		record  traffic.Record
		verdict rehearse.Verdict
		app     string
	}{
		{"granted", []string{head + "grants: [SELECT ON shop.*]\n"}, record("web", friday), rehearse.Allowed, "shop"},
		{"not granted", []string{head}, record("web", friday), rehearse.Refused, "shop"},
		{"observed", []string{head + "mode: observe\nuntil: 2100-01-01T00:00:00Z\n"}, record("web", friday), rehearse.Observed, "shop"},
		{"an account of no app", []string{head}, record("other", friday), rehearse.Refused, ""},
		{"an environment of no app", []string{"app: shop\naccounts: [web]\nenvironments: [staging]\ngrants: [SELECT ON shop.*]\n"}, record("web", friday), rehearse.Refused, ""},
		{"the account moved to another app", []string{"app: new\naccounts: [web]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n"}, record("web", friday), rehearse.Allowed, "new"},
		{"the app that recorded it", []string{
			"app: all\naccounts: [\"web@10.0.0.0/8\"]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n",
			"app: shop\naccounts: [\"web@192.0.2.0/24\"]\nenvironments: [production]\n",
		}, record("web", friday), rehearse.Refused, "shop"},
		{"anyone", []string{"app: rest\naccounts: [\"*\"]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n"}, record("web", friday), rehearse.Allowed, "rest"},
		{"in a time window", []string{head + "grants: [{allow: SELECT ON shop.*, during: Fri 22:00-24:00 UTC}]\n"}, record("web", friday), rehearse.Allowed, "shop"},
		{"outside a time window", []string{head + "grants: [{allow: SELECT ON shop.*, during: Tue 00:00-24:00 UTC}]\n"}, record("web", friday), rehearse.Refused, "shop"},
		{"an end that has come since", []string{head, "exceptions: [{app: shop, allow: SELECT ON shop.*, until: 2026-11-20T00:00:00Z, ticket: A, by: b}]\n"}, record("web", friday), rehearse.Refused, "shop"},
		{"an end that is still to come", []string{head, "exceptions: [{app: shop, allow: SELECT ON shop.*, until: 2026-12-20T00:00:00Z, ticket: A, by: b}]\n"}, record("web", friday), rehearse.Allowed, "shop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := policies(t, tt.texts...).Judge(&read(t, tt.record)[0])
			if j.Verdict != tt.verdict || j.App != tt.app {
				t.Errorf("%s, app %q, want %s, %q: %+v", j.Verdict, j.App, tt.verdict, tt.app, j.Decision)
			}
		})
	}
}

func TestTheMomentIsNotPast(t *testing.T) {
	for _, seen := range []time.Time{now, now.Add(-time.Second), now.Add(-7 * 24 * time.Hour), now.Add(-400 * 24 * time.Hour), now.Add(time.Hour)} {
		at := read(t, record("web", seen))[0].Request.Now
		if at.Before(now) || at.Sub(now) >= 7*24*time.Hour || at.Weekday() != seen.Weekday() || at.Hour() != seen.Hour() {
			t.Errorf("seen at %v, judged at %v", seen, at)
		}
	}
}

func TestWhatCannotBeRehearsed(t *testing.T) {
	unread := record("web", now)
	unread.Example = ""
	if e := read(t, unread)[0]; e.Readable() {
		t.Errorf("%+v", e)
	}
	foreign := record("web", now)
	foreign.Server = "tidb-8"
	if _, err := rehearse.Read([]traffic.Record{foreign}, sqlparse.NewReader(sqlparse.Options{}), now); err == nil {
		t.Error("a server that nobody knows")
	}
	if changes := rehearse.Diff(policies(t, "app: a\naccounts: [a]\nenvironments: [production]\n"), policies(t, "app: a\naccounts: [\"*\"]\nenvironments: [production]\ngrants: [SELECT ON *.*]\n"), read(t, unread)); len(changes) > 0 {
		t.Errorf("%+v", changes)
	}
}

func TestDays(t *testing.T) {
	for _, tt := range []struct {
		seen []time.Time
		want float64
	}{
		{nil, 1},
		{[]time.Time{now}, 1},
		{[]time.Time{now, now.Add(48*time.Hour - time.Hour)}, 2},
	} {
		var records []traffic.Record
		for _, seen := range tt.seen {
			records = append(records, record("web", seen))
		}
		if got := rehearse.Days(read(t, records...)); got != tt.want {
			t.Errorf("%v: %v days, want %v", tt.seen, got, tt.want)
		}
	}
}
