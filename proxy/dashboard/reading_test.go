package dashboard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"guardrail/proxy/dashboard"
	"guardrail/proxy/dashboard/browsertest"
)

// Without its script the page reads the same and its forms work: filters, the
// search for an event, a note.
func TestWithoutAScript(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	b := browsertest.New(t)
	if _, err := chromedp.Call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.Do(chromedp.Navigate(p.URL))
	says := func(css string, want ...string) {
		t.Helper()
		text := browsertest.Ask[string](b, "document.querySelector('"+css+"').innerText")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not say %q: %.1000s", css, w, text)
			}
		}
	}
	says("#live-state", "times in UTC")
	says("#hurt", "One app is refused far more than usual", "accounting-web")
	says("#issues", "DROP DATABASE on freee_production.*", "Nothing grants INSERT ON accounting.devices to mobile-api.")
	b.Do(chromedp.SetValue(chromedp.CSS("select[name=app]"), "mobile-api"))
	b.Click("form.filters > button")
	b.Await("location.search.includes('app=mobile-api') && !document.getElementById('issues').innerText.includes('DROP DATABASE')")
	says(".chips", "app = mobile-api")
	b.Do(chromedp.Navigate(p.URL + p.issueOf(t, "DROP DATABASE")))
	says("main", "Forbidden: a reset script", "If it must run", "exceptions:")
	if browsertest.Ask[bool](b, "document.querySelector('button[data-copy]').offsetParent !== null") {
		t.Error("a button is shown that does nothing")
	}
	b.Type("#note", "cron is off")
	b.Click("aside button")
	b.Await("document.body.innerText.includes('local knows of it') && document.body.innerText.includes('cron is off')")
}

// From the first view to the copied exception by the tabulator and the enter key.
func TestByKeyboard(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	b := browsertest.New(t)
	b.Open(p.URL)
	b.Do(chromedp.KeyEvent("\t"))
	if got := browsertest.Ask[string](b, "document.activeElement.className"); got != "skip" {
		t.Errorf("the first tabulator leads to %q", got)
	}
	b.Do(chromedp.KeyEvent("\r"))
	tabTo(t, b, "#issues a.name")
	b.Do(chromedp.KeyEvent("\r"))
	b.Await("location.pathname.startsWith('/issues/') && document.readyState === 'complete'")
	tabTo(t, b, "button[data-copy]")
	b.Do(chromedp.KeyEvent("\r"))
	b.Await("document.querySelector('button[data-copy]').textContent === 'Copied'")
}

// Every choice of a menu can be reached by keyboard without opening it: the view
// waits for the enter key. A choice by a pointer is shown at once.
func TestMenusByKeyboard(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	b := browsertest.New(t)
	b.Open(p.URL)
	tabTo(t, b, "select[name=app]")
	const chosen = "document.activeElement.name + document.activeElement.selectedIndex + location.search"
	for _, want := range []string{"app1", "app2"} {
		b.Do(chromedp.KeyEvent(kb.ArrowDown))
		if got := browsertest.Ask[string](b, chosen); got != want {
			t.Fatalf("arrow down leads to %s, want %s", got, want)
		}
	}
	app := browsertest.Ask[string](b, "document.activeElement.value")
	b.Do(chromedp.KeyEvent("\t"), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent("\r"))
	b.Await("location.search.includes('app=" + app + "') && location.search.includes('rule=') && document.readyState === 'complete'")
	browsertest.Ask[bool](b, `(s => { s.dispatchEvent(new PointerEvent("pointerdown", {bubbles: true})); s.selectedIndex = 1; return s.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector("select[name=kind]"))`)
	b.Await("location.search.includes('kind=')")
}

// tabTo presses the tabulator until an element has the focus, and is seen to have it.
func tabTo(t *testing.T, b browsertest.Tab, css string) {
	t.Helper()
	for range 60 {
		b.Do(chromedp.KeyEvent("\t"))
		if browsertest.Ask[bool](b, "document.activeElement.matches('"+css+"')") {
			if browsertest.Ask[string](b, "getComputedStyle(document.activeElement).outlineStyle") == "none" {
				t.Errorf("nobody sees that %s has the focus", css)
			}
			return
		}
	}
	t.Fatalf("60 tabulators do not lead to %s", css)
}

// A page whose guard is gone says that it is not fresh, however green it was,
// and says so no more when the guard is back.
func TestAPageThatIsNotFreshSaysSo(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	var gone atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !gone.Load():
			p.Config.Handler.ServeHTTP(w, r)
		case r.URL.Path == "/live":
			http.Error(w, "gone", http.StatusBadGateway)
		default:
			_, _ = io.WriteString(w, "<!doctype html><title>Log in</title>") // of a proxy in front
		}
	}))
	t.Cleanup(front.Close)
	b := browsertest.New(t)
	b.Open(front.URL)
	b.Await("document.getElementById('live-state').textContent.startsWith('live') && document.getElementById('stale').hidden")
	gone.Store(true)
	browsertest.Ask[bool](b, "refresh(), true")
	b.Await("!document.getElementById('stale').hidden && document.getElementById('stale').innerText.includes('does not answer')")
	b.Shot("stale")
	gone.Store(false)
	browsertest.Ask[bool](b, "refresh(), true")
	b.Await("document.getElementById('stale').hidden")
}

// An exact time is chosen in the reader's zone, and is UTC in the address.
func TestExactTimesAreTheReaders(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	b := browsertest.New(t)
	if _, err := chromedp.Call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/events"} {
		b.Open(p.URL + path + "?from=2026-11-26T18:00&app=shop&decision=refused")
		if got := browsertest.Ask[string](b, "document.querySelector('[name=from]').value"); got != "2026-11-27T03:00" {
			t.Errorf("%s: shown as %s", path, got)
		}
		browsertest.Ask[bool](b, "document.querySelector('[name=to]').value = '2026-11-27T04:30', true")
		b.Click("form.filters > button")
		b.Await("location.search.includes('to=')")
		for name, want := range map[string]string{"from": "2026-11-26T18:00", "to": "2026-11-26T19:30", "app": "shop", "decision": "refused", "rule": "null"} {
			if got := browsertest.Ask[string](b, "String(new URLSearchParams(location.search).get('"+name+"'))"); got != want {
				t.Errorf("%s: asked for %s=%s, want %s", path, name, got, want)
			}
		}
	}
}
