package dashboard_test

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
	"guardrail/proxy/dashboard/browsertest"
)

// No view is wider than a phone's screen, in dark and light, even where every
// word is as long as a stranger can make it.
func TestWidths(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	loss := dropped()
	loss.Environment, loss.Backend, loss.Time = "production", "main", time.Now()
	if err := p.book.Record(loss); err != nil {
		t.Fatal(err)
	}
	b := browsertest.New(t)
	issue := p.issueOf(t, "DROP DATABASE")
	fits(t, b, p, map[string]string{"overview": "/", "issue": issue, "events": "/events?range=1h"})
	long := endless()
	if err := p.book.Record(long); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	fits(t, b, p, map[string]string{
		"endless-overview": "/", "endless-issue": p.issueOf(t, "DROP TABLE nnn"), "endless-events": "/events?range=1h", "endless-event": "/events/" + long.ID,
	})
}

// fits looks at views on a wide screen and on a phone's, in dark and light.
func fits(t *testing.T, b browsertest.Tab, p *page, views map[string]string) {
	t.Helper()
	for name, path := range views {
		for size, width := range map[string]int64{"wide": 1280, "phone": 390} {
			for _, color := range []string{"light", "dark"} {
				b.Scheme(color)
				b.Do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(p.URL+path))
				wide := browsertest.Ask[int64](b, "document.documentElement.scrollWidth")
				if wide > width {
					t.Errorf("%s is %d wide on a screen of %d", name, wide, width)
				}
				out := browsertest.Ask[string](b, "[...document.querySelectorAll('.panel')].filter(p => p.scrollWidth > p.clientWidth).map(p => p.innerText).join().slice(0, 100)")
				if out != "" {
					t.Errorf("%s on a screen of %d: something sticks out of a panel: %s", name, width, out)
				}
				b.Shot(name + "-" + size + "-" + color)
			}
		}
	}
}

// What the first view says of an incident, read without a script.
func TestOverviewTellsTheIncident(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	if calm := p.get(t, "/", 200); !strings.Contains(calm, "Nothing dropped, truncated or altered in the last 15 minutes") || !strings.Contains(calm, "No refusals in the last 3 hours") {
		t.Errorf("an empty record: %s", calm)
	}
	p.incident(t)
	text := p.get(t, "/", 200)
	for _, want := range []string{
		"DROP DATABASE on freee_production.*", "Forbidden: a reset script dropped production in 2013; restoring takes hours.",
		"<b>900</b>", "The policies on disk are not in force", "job-worker 40", "payroll-web until", "OPS-123 by dba-oncall",
		"Nothing grants INSERT ON accounting.devices to mobile-api.", "policies could not be loaded at",
	} {
		if want == "The policies on disk are not in force" {
			p.guard.health.Policy.Err = "policies/insight.yaml:7:3: unknown key grant"
			text = p.get(t, "/", 200)
		}
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
}

// A filter holds for the whole view, and is in the address of every further one.
func TestFilters(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	for path, want := range map[string]struct{ with, without string }{
		"/?app=accounting-web":               {"DROP DATABASE", "job-worker\" title"},
		"/?not.app=accounting-web":           {"jobs.queue", "Forbidden: a reset"},
		"/?client=10.20.7.12":                {"INSERT on", "DROP DATABASE"},
		"/?kind=truncate&range=24h":          {"TRUNCATE on", "DROP DATABASE"},
		"/?rule=no-drop-database":            {"DROP DATABASE", "jobs.queue"},
		"/?decision=allowed_destructive":     {"DELETE on jobs.sessions", "jobs.queue"},
		"/?environment=staging":              {"None.", "DROP DATABASE"},
		"/?range=15m&show=all&order=count":   {"DROP DATABASE", "no such"},
		"/?from=2020-01-01&to=2020-01-02":    {"No refusals in 2020-01-01 to 2020-01-02", "DROP DATABASE"},
		"/events?app=migrator&range=1h":      {"None.", "DROP"},
		"/events?not.app=accounting-web":     {"DELETE FROM queue", "DROP DATABASE"},
		"/?app=%3Cscript%3Ealert(1)&range=x": {"&lt;script&gt;alert(1)", "<script>alert"},
	} {
		text := p.get(t, path, 200)
		_, list, _ := strings.Cut(text, `<div class="bar">`) // what stands above holds whatever is filtered
		if !strings.Contains(list, want.with) || strings.Contains(list, want.without) {
			t.Errorf("%s: %q is %v, %q is %v", path, want.with, strings.Contains(list, want.with), want.without, strings.Contains(list, want.without))
		}
	}
	if text := p.get(t, "/?app=accounting-web&range=1h", 200); !strings.Contains(text, `href="/?app=accounting-web&amp;range=1h&amp;rule=no-drop-database"`) {
		t.Error("a further filter forgets the one before")
	}
}

// The id in a client's error opens its event, pasted alone or with the error.
func TestAnErrorsIDOpensItsEvent(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	var last audit.Event
	at := time.Now().Truncate(time.Minute)
	for range 50 {
		last = resetScript()
		last.Time, last.Environment = at, "production"
		last.Identify()
		if err := p.book.Record(last); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	text := p.get(t, "/find?event="+url.QueryEscape("denied (rule no-drop at everyone.yaml:4, event "+last.ID+")"), 200)
	if !strings.Contains(text, last.ID) || !strings.Contains(text, "counted and not kept in detail") {
		t.Errorf("the page of a counted event: %s", text)
	}
	first, err := p.store.Events(t.Context(), audit.Filter{}.With("app", "accounting-web"), "", 100)
	if err != nil || len(first) == 0 {
		t.Fatal(err)
	}
	if text := p.get(t, "/events/"+first[0].ID, 200); !strings.Contains(text, "accounting_web") || !strings.Contains(text, "DROP DATABASE freee_production") {
		t.Errorf("the page of an event: %s", text)
	}
	p.get(t, "/events/"+audit.NewID(time.Now()), 404)
	p.get(t, "/events/nonsense", 404)
	p.get(t, "/issues/nonsense", 404)
	p.get(t, "/issues/0000000000000000", 404)
}

// Every cause that a policy can have is told in plain words.
func TestEveryCauseHasWords(t *testing.T) {
	text, err := os.ReadFile("../../policy/decision.go")
	if err != nil {
		t.Fatal(err)
	}
	causes := regexp.MustCompile(`Cause = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
	if len(causes) < 15 {
		t.Fatalf("found only %v", causes)
	}
	for _, c := range causes {
		i := audit.Issue{Decision: audit.Refused, Cause: c[1], App: "app", Environment: "production"}
		if c[1] == "by-exception" {
			i.Decision = audit.AllowedDestructive
		}
		if got := dashboard.Why(i); len(got) < 20 {
			t.Errorf("%s: %q", c[1], got)
		}
	}
	if got := dashboard.Why(audit.Issue{Decision: audit.Refused, Cause: "nothing"}); len(got) >= 20 {
		t.Errorf("a cause that there is not: %q", got)
	}
	if got := dashboard.Why(audit.Issue{Decision: audit.Refused, Cause: "where", Because: "no app changes all rows"}); !strings.HasSuffix(got, "No app changes all rows.") {
		t.Errorf("what the policy's author says is missing: %q", got)
	}
}

// Where the policies have changed since, the line shown may be another one; and
// where no exception can be proposed, nobody looks for it.
func TestAnIssueSaysWhatItDoesNotKnow(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	const changed, none = "other policies were in force then", "No exception is ready to copy"
	issue := p.issueOf(t, "DROP DATABASE")
	if text := p.get(t, issue, 200); strings.Contains(text, changed) || strings.Contains(text, none) {
		t.Errorf("said for no reason: %s", text)
	}
	p.guard.health.Policy.Hash, p.guard.explanation.Exception = "of today", ""
	if text := p.get(t, issue, 200); !strings.Contains(text, changed) || !strings.Contains(text, none) {
		t.Errorf("not said: %s", text)
	}
	if text := p.get(t, p.issueOf(t, "TRUNCATE"), 200); strings.Contains(text, none) {
		t.Error("what is only observed needs no exception")
	}
}

// Whoever acknowledges is kept with the note; the issue leaves the first list
// and comes back when it is reopened.
func TestAcknowledge(t *testing.T) {
	p := newPage(t, dashboard.Access{Header: "X-User", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	p.incident(t)
	as := func(method, path string, form url.Values) (int, string) {
		r, err := http.NewRequest(method, p.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-User", "hanako <b>")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(text)
	}
	issue := p.issueOf(t, "DROP DATABASE")
	if _, text := as("GET", issue, nil); strings.Index(text, "I know of it") > strings.Index(text, "Events kept in detail") {
		t.Error("on a phone the form is below all events")
	}
	_, text := as("POST", issue+"/acknowledge", url.Values{"note": {"cron is <i>off</i>, call OPS-7"}})
	if !strings.Contains(text, "hanako &lt;b&gt;</b> knows of it") || !strings.Contains(text, "cron is &lt;i&gt;off&lt;/i&gt;, call OPS-7") {
		t.Errorf("acknowledged: %s", text)
	}
	if _, text := as("GET", "/", nil); strings.Contains(text[strings.Index(text, `<div id="issues"`):], "DROP DATABASE on") {
		t.Error("it is still in the first list")
	}
	if _, text := as("GET", "/?show=acknowledged", nil); !strings.Contains(text, "DROP DATABASE on") {
		t.Error("it is not among the acknowledged")
	}
	as("POST", issue+"/reopen", nil)
	if _, text := as("GET", issue, nil); !strings.Contains(text, "reopened") || !strings.Contains(text, "call OPS-7") {
		t.Error("what was noted is gone")
	}
	if status, _ := as("POST", "/issues/0000000000000001/acknowledge", url.Values{"note": {"x"}}); status != 404 {
		t.Errorf("an issue that is not there: %d", status)
	}
}

// Nothing hinders people who see badly, or use a keyboard or a screen reader.
func TestAccessibility(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	loss := dropped()
	loss.Environment, loss.Time = "production", time.Now()
	if err := p.book.Record(loss); err != nil {
		t.Fatal(err)
	}
	p.guard.health.Policy.Err = "policies/insight.yaml:7:3: unknown key grant"
	event, err := p.store.Events(t.Context(), audit.Filter{}, "", 1)
	if err != nil || len(event) != 1 {
		t.Fatal(err)
	}
	b, script := browsertest.New(t), browsertest.Axe(t)
	for _, path := range []string{"/", "/?app=job-worker&show=all", p.issueOf(t, "DROP DATABASE"), "/events", "/events/" + event[0].ID} {
		for _, width := range []int64{1280, 390} {
			for _, color := range []string{"light", "dark"} {
				b.Scheme(color)
				b.Do(chromedp.EmulateViewport(width, 900))
				b.Open(p.URL + path)
				for _, f := range b.Faults(script) {
					t.Errorf("%s, %d wide, %s: %s: %s (%s): %s %s", path, width, color, f.Impact, f.Help, f.ID, f.Nodes[0].HTML, f.Nodes[0].Summary)
				}
			}
		}
	}
}
