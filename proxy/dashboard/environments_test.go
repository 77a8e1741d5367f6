package dashboard_test

import (
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// Where environments share a record, a storm in one of them is told as that one's,
// against what is usual there.
func TestAStormIsOfItsEnvironment(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	now := time.Now()
	record := func(at time.Time, environment string, n int) {
		e := notGranted()
		e.App = "shop"
		for range n {
			e.Time, e.Environment, e.ID = at, environment, ""
			if err := p.book.Record(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(now, "production", 40)
	record(now, "staging", 60)
	for hour := range 7 * 24 { // what staging is used to
		record(now.Add(-time.Duration(hour)*time.Hour-30*time.Minute), "staging", 60*12)
	}
	p.settle(t)
	p.guard.health.Environment = "staging"
	hurt := func(query string) (card, bars string) {
		text := p.get(t, "/"+query, 200)
		_, card, _ = strings.Cut(text, `id="hurt"`)
		card, _, _ = strings.Cut(card, "</section>")
		_, bars, _ = strings.Cut(text, `id="apps"`)
		bars, _, _ = strings.Cut(bars, "</section>")
		return card, bars
	}
	card, bars := hurt("")
	if !strings.Contains(card, "One app is refused") || !strings.Contains(card, "(environment production)") || !strings.Contains(card, "up to 40 a minute") {
		t.Errorf("the card does not tell where: %s", card)
	}
	if strings.Count(bars, `title="only this app">shop<`) != 2 || strings.Count(bars, `<tr class="hot"`) != 1 || !strings.Contains(bars, `href="/?environment=production"`) {
		t.Errorf("the bars do not tell where: %s", bars)
	}
	for query, hot := range map[string]int{"?environment=staging": 0, "?not.environment=production": 0, "?environment=production": 1, "?environment=production&environment=staging": 1} {
		if _, bars := hurt(query); strings.Count(bars, `<tr class="hot"`) != hot || (strings.Count(bars, "<tr") == 3) != strings.Contains(query, "&") {
			t.Errorf("%s: %s", query, bars)
		}
	}
	p.guard.health.Environment = "production"
	if card, _ := hurt(""); strings.Contains(card, "(environment") {
		t.Errorf("of this environment it is told too: %s", card)
	}
}

// An app that is refused at a server of another environment is refused.
func TestRefusedForTheTagIsRefused(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := mismatch()
	e.App, e.Account, e.Client, e.Code = "shop", "shop", "10.1.2.3", 1045
	for range 40 {
		e.ID = ""
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	text := p.get(t, "/", 200)
	for _, want := range []string{"One app is refused far more than usual", "up to 40 a minute, usually none", "<b>40</b>"} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
}

// A backend that has become another server is news for whoever is woken.
func TestAnotherServerIsOnTheFirstView(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := mismatch()
	e.Decision, e.Reason = audit.IdentityChanged, "backend main is now another server than db-1: failover or wrong target?"
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	text := p.get(t, "/", 200)
	for _, want := range []string{"Backend main is another server than before", "failover or wrong target?"} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
}

func mismatch() audit.Event {
	return audit.Event{
		Time: time.Now(), Environment: "production", Backend: "main", Decision: audit.IdentityMismatch, Cause: "identity", Rule: "identity",
		Reason: `this proxy is for production, but the data of backend "main" is tagged staging`,
	}
}
