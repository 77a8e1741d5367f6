package dashboard_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

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
