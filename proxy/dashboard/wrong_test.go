package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
	"guardrail/proxy/dashboard/browsertest"
)

// What an address asks for and is not there is left out, and shown as left out.
func TestWhatIsNotThereIsLeftOut(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	issue := p.issueOf(t, "DROP DATABASE")
	for path, want := range map[string]string{
		"/events?before=zzz":                      "DROP DATABASE freee_production",
		issue + "?before=zzz":                     "accounting_web",
		"/?page=1000":                             "DROP DATABASE on freee_production",
		"/?from=2026-01-02T00:00&to=2026-01-01":   "2026-01-02 00:00 to now, UTC",
		"/?from=2026-01-02T00:00&to=someday":      "2026-01-02 00:00 to now, UTC",
		"/?from=someday&to=2026-01-02T00:00":      "the last 3 hours",
		"/events?from=2020-01-01&to=2020-01-02":   "2020-01-01 to 2020-01-02, UTC",
		"/?from=2020-01-01&to=2020-01-02&page=17": "None.",
	} {
		if text := p.get(t, path, 200); !strings.Contains(text, want) {
			t.Errorf("%s does not show %q", path, want)
		}
	}
}

// A page behind the last one is the last one, from which there is a way back.
func TestTheLastPage(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	for n := range 60 {
		e := notGranted()
		e.Time, e.Environment, e.Shape = time.Now(), "production", string(rune('0'+n))
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	if text := p.get(t, "/?page=9", 200); !strings.Contains(text, `<a href="/">previous</a> page 2 of 2 </nav>`) {
		t.Error("no way back")
	}
}

// An event's id with a wrong letter opens no event of an issue all of whose events are kept.
func TestAMistypedIDIsNoEvent(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := resetScript()
	e.Time, e.Environment = time.Now(), "production"
	e.Identify()
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	p.get(t, "/events/"+e.ID, 200)
	last := "0"
	if strings.HasSuffix(e.ID, last) {
		last = "1"
	}
	p.get(t, "/events/"+e.ID[:25]+last, 404)
}

// A note that says nothing is none, whatever sends it.
func TestABlankNoteIsNone(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	issue := p.issueOf(t, "DROP DATABASE")
	for note, status := range map[string]int{"": 400, " \n\t": 400, "OPS-7": 200} {
		response, err := http.PostForm(p.URL+issue+"/acknowledge", url.Values{"note": {note}})
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%q: %d", note, response.StatusCode)
		}
	}
}

// A record that cannot be read is told once, beside all that is known of the guard.
func TestARecordThatCannotBeRead(t *testing.T) {
	s, err := audit.Open(t.TempDir(), "") // a directory
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g := calm()
	g.health.Policy.Err = "policies/insight.yaml:7:3: unknown key grant"
	d, err := dashboard.New(dashboard.Options{Store: s, Book: well{}, Guard: g, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d)
	defer func() { d.Stop(); server.Close() }() // a stream that is open would hold it up
	p := &page{Server: server}
	for _, path := range []string{"/", "/events"} {
		text := p.get(t, path, http.StatusServiceUnavailable)
		_, told, _ := strings.Cut(text, `<p class="lead">`)
		told, _, _ = strings.Cut(told, "</p>")
		if told == "" || strings.Contains(told, "\n") {
			t.Errorf("%s tells %q", path, told)
		}
		for _, want := range []string{"<h1>The record cannot be read</h1>", "The policies on disk are not in force", "payroll-web until", "cannot be read</b></dd>", "main.abc"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not tell: %s", path, want)
			}
		}
	}
	b := browsertest.New(t, "status of 503")
	for size, width := range map[string]int64{"wide": 1280, "phone": 390} {
		b.Do(chromedp.EmulateViewport(width, 900))
		b.Open(server.URL)
		b.Shot("unreadable-" + size)
		if wide := browsertest.Ask[int64](b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("%d wide on a screen of %d", wide, width)
		}
	}
}

// No account, attribute or note turns the text of the page around or hides in it.
func TestNothingTurnsThePageAround(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	const turned = "root\u202e)nimda(\u2066\u200b\u00ad"
	e := stranger()
	e.Time, e.Environment, e.Account, e.Attributes = time.Now(), "production", turned, map[string]string{"program_name": turned, turned: "x"}
	e.Identify()
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	found, _, err := p.store.Issues(t.Context(), audit.Filter{}.With("decision", "login_refused"), audit.ByLast, 1, 0)
	if err != nil || len(found) != 1 {
		t.Fatal(err)
	}
	issue := "/issues/" + found[0].ID.String()
	if err := p.store.Acknowledge(t.Context(), found[0].ID, audit.Acknowledgement{At: time.Now(), By: turned, Note: turned}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/?show=all", issue, "/events", "/events/" + e.ID, "/?client=" + url.QueryEscape(turned)} {
		text := p.get(t, path, 200)
		if strings.ContainsAny(text, "\u202e\u2066\u200b\u00ad") || !strings.Contains(text, "root[U+202E])nimda([U+2066][U+200B][U+00AD]") {
			t.Errorf("%s: not seen", path)
		}
	}
}

// A refused login is of the account, where that is known; an app is not quoted as one.
func TestWhoseLoginItWas(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	known, unknown := mismatch(), stranger()
	known.Decision, known.App, known.Account = audit.LoginRefused, "shop", "shop_ro"
	unknown.Time, unknown.Environment = known.Time, "production"
	known.Identify()
	for _, e := range []audit.Event{known, unknown} {
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	for path, want := range map[string]string{"/": ">Login of shop<", "/?not.app=shop": ">Login of “root”<", "/events/" + known.ID: "Login of “shop_ro”"} {
		if text := p.get(t, path, 200); !strings.Contains(text, want) {
			t.Errorf("%s does not say %s", path, want)
		}
	}
}
