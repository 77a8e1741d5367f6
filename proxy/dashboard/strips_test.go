package dashboard_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// What is being destroyed and who is hurt does not depend on what the view was
// filtered by, nor on how much else goes on.
func TestTheStripsHoldWhateverIsFiltered(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	now := time.Now()
	record := func(at time.Time, e audit.Event) {
		e.Time, e.Environment, e.Backend = at, "production", "main"
		e.Identify()
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	record(now.Add(-10*time.Minute), dropped())
	for i := range 210 { // later, and more than are looked at
		e := sweep()
		e.Shape = fmt.Sprint(i)
		record(now, e)
	}
	for range 20 {
		record(now, resetScript())
	}
	for app := range 4 {
		e := notGranted()
		e.App = fmt.Sprintf("app-%d", app)
		for range 10 {
			record(now, e)
		}
	}
	p.settle(t)
	for _, filter := range []string{"", "?app=other", "?decision=refused", "?rule=not-granted", "?range=15m&client=10.0.0.1", "?from=2020-01-01T00:00&to=2020-01-02T00:00", "?kind=insert"} {
		text := p.get(t, "/"+filter, 200)
		for _, want := range []string{
			"1 destructive statement was allowed in the last 15 minutes", "DROP TABLE on accounting.old_deals", "and 204 more",
			"5 apps are refused far more than usual", "up to 20 a minute, usually none", "<li>and 2 more</li>",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("/%s does not tell: %s", filter, want)
			}
		}
	}
	if text := p.get(t, "/?rule=not-granted", 200); strings.Contains(text, "<small>usually") {
		t.Error("the usual rate of an app is shown as that of one of its rules")
	}
}

// Whoever was woken by a refused DROP finds it at the head of the page, also where
// someone knows of an earlier one and the list does not show it.
func TestWhatWasTriedIsTold(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	record := func(at time.Time, e audit.Event) {
		e.Time, e.Environment, e.Backend = at, "production", "main"
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	const told = "Refused: <a"
	record(time.Now().Add(-time.Hour), resetScript())
	record(time.Now(), noWhere(0))
	p.settle(t)
	issue := mustID(t, p.issueOf(t, "DROP DATABASE"))
	if err := p.store.Acknowledge(t.Context(), issue, audit.Acknowledgement{At: time.Now(), By: "hanako"}); err != nil {
		t.Fatal(err)
	}
	if text := p.get(t, "/", 200); strings.Contains(text, told) {
		t.Errorf("told of what was long ago, or takes rows alone: %s", text)
	}
	for n := range 5 {
		e := resetScript()
		if n > 0 {
			e.Kind, e.Need, e.Shape = "truncate", "TRUNCATE ON accounting.t", fmt.Sprint(n)
		}
		record(time.Now().Add(-time.Duration(n)*time.Minute), e)
	}
	p.settle(t)
	text := p.get(t, "/?app=other", 200)
	if !strings.Contains(text, told+` href="/issues/`+issue.String()+`">DROP DATABASE on freee_production.*</a> by accounting-web`) || !strings.Contains(text, "; and 2 more</p>") {
		t.Errorf("not told: %s", text)
	}
	if !strings.Contains(text, "Nothing dropped, truncated or altered in the last 15 minutes") {
		t.Error("what was refused is told as a loss")
	}
}

// Two backends have tables of one name: which lost it, and in which database, is
// told; with one backend it goes without saying.
func TestWhereItHappenedIsTold(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	for _, backend := range []string{"main", "reports"} {
		for _, e := range []audit.Event{dropped(), sweep(), noWhere(0)} {
			e.Time, e.Environment, e.Backend, e.Objects = time.Now(), "production", backend, []string{"old_deals"}
			if err := p.book.Record(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.settle(t)
	text := p.get(t, "/", 200)
	for _, want := range []string{"DROP TABLE on accounting.old_deals</a>", "(backend reports)", `job-worker 1</a> (backend reports)`, `href="/?backend=reports"`} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if strings.Contains(text, "(backend main)") {
		t.Error("of the only backend of this proxy it is told too")
	}
	p.guard.health.Backends = append(p.guard.health.Backends, dashboard.Backend{Name: "reports"})
	p.guard.health.Environment = "staging"
	if text := p.get(t, "/", 200); !strings.Contains(text, "(environment production, backend main)") {
		t.Errorf("not told of several backends: %s", text)
	}
}

// A destructive statement that goes on because its rule is only observed is one
// that was allowed.
func TestObservedLossesAreLosses(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := dropped()
	e.Time, e.Environment, e.Cause = time.Now(), "production", audit.CauseObserved
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	if text := p.get(t, "/?decision=allowed_destructive", 200); !strings.Contains(text, "1 destructive statement was allowed") || !strings.Contains(text, "this is only observed as yet") {
		t.Errorf("not told: %s", text)
	}
}

// What was let through although nobody could read it may have destroyed anything:
// the first view does not call that nothing.
func TestWhatNobodyCouldReadIsTold(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	const nothing = "Nothing dropped, truncated or altered in the last 15 minutes"
	if text := p.get(t, "/", 200); !strings.Contains(text, nothing+"</h2>") {
		t.Error("a calm page does not say so")
	}
	e := unread()
	e.Time, e.Environment, e.Decision, e.Cause, e.Rule, e.Code = time.Now(), "production", audit.AllowedUnread, "", "", 0
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	issue := p.issueOf(t, "SELECT name")
	text := p.get(t, "/?app=other", 200)
	for _, want := range []string{nothing + ", as far as could be read", `card warn" aria-label="Destructive`, `Let through unread: <a href="` + issue + `">A statement that cannot be read</a> by insight`, "decision=allowed_unread"} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if text := p.get(t, issue, 200); !strings.Contains(text, "Nobody knows what it did: it cannot be read with certainty: the text ends inside a comment.") {
		t.Errorf("the issue's page: %s", text)
	}
}

// Where more shapes come at once than are told apart, nobody is told that one
// table was dropped so often.
func TestManyShapesAreNotOneStatement(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	now := time.Now()
	for n := range 2100 {
		e := resetScript()
		e.Time, e.Environment, e.Shape = now, "production", fmt.Sprint(n)
		e.Identify()
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	if text := p.get(t, "/?order=count", 200); strings.Count(text, "DROP DATABASE on freee_production.* and others") != 1 {
		t.Error("the first view takes many statements for one")
	}
	found, _, err := p.store.Issues(t.Context(), audit.Filter{}, audit.ByCount, 1, 0)
	if err != nil || !found[0].Mixed() {
		t.Fatal(err)
	}
	text := p.get(t, "/issues/"+found[0].ID.String(), 200)
	if !strings.Contains(text, "than are told apart") || strings.Contains(text, "If it must run") {
		t.Error("the issue's page takes many statements for one")
	}
}

// The id stands last in a client's error, behind names that others chose.
func TestFindTakesTheLastID(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := resetScript()
	e.Time, e.Environment = time.Now(), "production"
	e.Identify()
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	for _, pasted := range []string{
		e.ID, " " + strings.ToLower(e.ID) + " ",
		"DROP on event 01M8CRGK4X73R9YTZGZXV79WYJ.* is denied (rule event x, event " + e.ID + ")\n", "see event " + e.ID + ": refused",
	} {
		if text := p.get(t, "/find?event="+url.QueryEscape(pasted), 200); !strings.Contains(text, "accounting_web") {
			t.Errorf("%q does not open its event", pasted)
		}
	}
	p.get(t, "/find?event=nonsense", 404)
}
