package policy_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"guardrail/policy"
)

// at reads a moment.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// 2026-11-20 is a Friday.
func TestWindows(t *testing.T) {
	tests := []struct {
		during, now string
		holds       bool
		next        string // when that changes; empty: a week or more
	}{
		{"Mon-Fri 09:00-18:00 UTC", "2026-11-20T08:59:59Z", false, "2026-11-20T09:00:00Z"},
		{"Mon-Fri 09:00-18:00 UTC", "2026-11-20T09:00:00Z", true, "2026-11-20T18:00:00Z"},
		{"Mon-Fri 09:00-18:00 UTC", "2026-11-20T17:59:59Z", true, "2026-11-20T18:00:00Z"},
		{"Mon-Fri 09:00-18:00 UTC", "2026-11-20T18:00:00Z", false, "2026-11-23T09:00:00Z"},
		{"Mon-Fri 09:00-18:00 UTC", "2026-11-21T12:00:00Z", false, "2026-11-23T09:00:00Z"},
		{"Mon-Fri 09:00-18:00 Asia/Tokyo", "2026-11-20T00:00:00Z", true, "2026-11-20T09:00:00Z"},
		{"Mon-Fri 09:00-18:00 +09:00", "2026-11-19T23:59:00Z", false, "2026-11-20T00:00:00Z"},
		{"Fri 22:00-06:00 UTC", "2026-11-20T21:59:00Z", false, "2026-11-20T22:00:00Z"},
		{"Fri 22:00-06:00 UTC", "2026-11-20T23:00:00Z", true, "2026-11-21T06:00:00Z"},
		{"Fri 22:00-06:00 UTC", "2026-11-21T05:59:00Z", true, "2026-11-21T06:00:00Z"},
		{"Fri 22:00-06:00 UTC", "2026-11-20T05:00:00Z", false, "2026-11-20T22:00:00Z"},
		{"Sat,Sun 00:00-24:00 UTC", "2026-11-21T00:00:00Z", true, "2026-11-22T00:00:00Z"},
		{"Sat,Sun 00:00-24:00 UTC", "2026-11-22T23:59:00Z", true, "2026-11-23T00:00:00Z"},
		{"Sat,Sun 00:00-24:00 UTC", "2026-11-23T00:00:00Z", false, "2026-11-28T00:00:00Z"},
		{"Sat-Mon 10:00-11:00 UTC", "2026-11-23T10:30:00Z", true, "2026-11-23T11:00:00Z"},
		{"02:00-03:00 UTC", "2026-11-22T02:30:00Z", true, "2026-11-22T03:00:00Z"},
		{"fri 12:00-13:00 UTC", "2026-11-20T13:00:00Z", false, "2026-11-27T12:00:00Z"},
		// Berlin went from +02:00 to +01:00 on 2026-10-25 at 03:00.
		{"Sun 09:00-10:00 Europe/Berlin", "2026-10-25T07:30:00Z", false, "2026-10-25T08:00:00Z"},
		{"[Mon 09:00-10:00 UTC, Fri 09:00-10:00 UTC]", "2026-11-20T09:30:00Z", true, "2026-11-20T10:00:00Z"},
		{"[Mon 09:00-10:00 UTC, Fri 09:00-10:00 UTC]", "2026-11-20T10:00:00Z", false, "2026-11-23T09:00:00Z"},
	}
	for _, tt := range tests {
		a := appOf(t, compile(t, app("grants:\n  - {allow: SELECT ON a.t, during: "+list(tt.during)+"}\n")), "shop")
		now := at(t, tt.now)
		d := a.Decide(policy.Request{Now: now, Statements: statements(need("select", "SELECT", table("a", "t")))})
		if d.Allowed() != tt.holds {
			t.Errorf("%s at %s: allowed %v, want %v", tt.during, tt.now, d.Allowed(), tt.holds)
		}
		if got := a.HoldsUntil(now); !got.Equal(at(t, tt.next)) {
			t.Errorf("%s at %s: holds until %v, want %s", tt.during, tt.now, got, tt.next)
		}
	}
}

// list quotes a window unless it is a list.
func list(during string) string {
	if during[0] == '[' {
		return during
	}
	return `"` + during + `"`
}

// TestEveryMomentBetweenChangesIsAlike walks a year by HoldsUntil.
func TestEveryMomentBetweenChangesIsAlike(t *testing.T) {
	a := appOf(t, compile(t, app(`grants:
  - {allow: SELECT ON a.t, during: ["Mon-Thu 22:30-02:15 Europe/Berlin", "Sun 01:00-04:00 America/New_York"]}
deny:
  - {rule: SELECT ON a.t, during: "Tue 00:00-01:00 Asia/Tokyo"}
`)), "shop")
	allowed := func(now time.Time) bool {
		return a.Decide(policy.Request{Now: now, Statements: statements(need("select", "SELECT", table("a", "t")))}).Allowed()
	}
	changes := 0
	for now, end := noon, noon.AddDate(1, 0, 0); now.Before(end); changes++ {
		next := a.HoldsUntil(now)
		if !next.After(now) {
			t.Fatalf("after %v comes %v", now, next)
		}
		for m := now; m.Before(next); m = m.Add(7 * time.Minute) {
			if allowed(m) != allowed(now) {
				t.Fatalf("%v is unlike %v, and nothing changes before %v", m, now, next)
			}
		}
		now = next
	}
	if changes < 500 {
		t.Errorf("%d changes", changes)
	}
}

func TestWindowsOfApps(t *testing.T) {
	s := compile(t, app("during: 01:00-05:00 UTC\ngrants: [SELECT ON a.t]\n"))
	day, night := at(t, "2026-11-20T12:00:00Z"), at(t, "2026-11-20T02:00:00Z")
	if a, d := s.Login("shop", netip.MustParseAddr("10.0.0.1"), night); a == nil || !d.Allowed() || a.HoldsUntil(night).IsZero() {
		t.Errorf("at night: %+v", d)
	}
	a, d := s.Login("shop", netip.MustParseAddr("10.0.0.1"), day)
	if a != nil || d.Allowed() || d.Cause != policy.ByDuring || d.Code != 1045 {
		t.Errorf("by day: %+v", d)
	}
	const want = `guardrail: app "shop" may connect 01:00-05:00 UTC only: refused now in production; come back in that time, or ask the owners of its policy (rule a.yaml:1, event E)`
	if got := d.Message("production", "E"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	open := policy.Request{Now: day, Statements: statements(need("select", "SELECT", table("a", "t")))}
	if d := appOf(t, s, "shop").Decide(open); d.Allowed() || d.Cause != policy.ByDuring {
		t.Errorf("an open session by day: %+v", d)
	}
}

func TestWindowsOfDenies(t *testing.T) {
	a := appOf(t, compile(t, app(`grants: [ALL ON a.*]
deny: [{rule: DDL ON *.*, during: "Fri 17:00-24:00 UTC", because: "no changes before the weekend"}]
require: [{rule: WHERE FOR DELETE, during: "Fri 17:00-24:00 UTC"}]
`)), "shop")
	for moment, want := range map[string]bool{"2026-11-20T16:59:00Z": true, "2026-11-20T17:00:00Z": false, "2026-11-21T00:00:00Z": true} {
		now := at(t, moment)
		alter := need("alter_table", "ALTER", table("a", "t"))
		remove := need("delete", "DELETE", table("a", "t"))
		remove.Where = 0
		for _, st := range statements(alter, remove) {
			if d := a.Decide(policy.Request{Now: now, Statements: statements(st)}); d.Allowed() != want {
				t.Errorf("%s at %s: %+v", st.Kind, moment, d)
			}
		}
	}
}

func TestAWindowedGrantSaysWhenItHolds(t *testing.T) {
	a := appOf(t, compile(t, app("grants:\n  - {allow: SELECT ON a.t, during: 01:00-05:00 UTC}\n")), "shop")
	d := ask(a, need("select", "SELECT", table("a", "t")))
	const want = `guardrail: SELECT on a.t is granted for app "shop" 01:00-05:00 UTC only: refused now in production; if the app needs it, ask the owners of its policy for a grant (rule not-granted at a.yaml:1, event E)`
	if got := d.Message("production", "E"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if d := ask(a, need("change_db", "ANY", schema("a"))); d.Allowed() {
		t.Error("USE is allowed by a grant that does not hold now")
	}
}

// TestExceptionsAndWindows holds that an exception beats a grant's window, and the app's own beats the exception.
func TestExceptionsAndWindows(t *testing.T) {
	const exception = `exceptions:
  - {app: shop, allow: DDL ON a.*, until: 2027-01-01T00:00:00Z, ticket: OPS-1, by: ann}
`
	alter := need("alter_table", "ALTER", table("a", "t"))
	granted := appOf(t, compile(t, app("grants: [{allow: ALTER ON a.*, during: 01:00-05:00 UTC}]\n"), exception), "shop")
	if d := ask(granted, alter); !d.Allowed() || d.Cause != policy.ByException {
		t.Errorf("outside the grant's window: %+v", d)
	}
	closed := appOf(t, compile(t, app("during: 01:00-05:00 UTC\ngrants: [ALTER ON a.*]\n"), exception), "shop")
	if d := ask(closed, alter); d.Allowed() || d.Cause != policy.ByDuring {
		t.Errorf("outside the app's window: %+v", d)
	}
}

func TestMomentsAreAWeekAndAllEnds(t *testing.T) {
	a := appOf(t, compile(t, app(`grants: [{allow: SELECT ON a.t, during: Tue 09:00-18:00 UTC}]
require: [{rule: WHERE FOR DELETE, mode: observe, until: 2026-11-01T00:00:00Z}]
`), `exceptions:
  - {app: shop, allow: DDL ON a.*, from: 2027-01-01T00:00:00Z, until: 2027-01-01T01:00:00Z, ticket: OPS-1, by: ann}
`), "shop")
	var got []string
	for _, m := range a.Moments(noon) {
		got = append(got, m.UTC().Format(time.RFC3339))
	}
	want := []string{
		"2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T18:00:00Z",
		"2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T00:59:59Z", "2027-01-01T01:00:00Z",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if (*policy.App)(nil).Moments(noon) != nil {
		t.Error("a nil App has moments")
	}
}
