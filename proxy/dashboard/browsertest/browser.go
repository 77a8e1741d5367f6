// Package browsertest opens pages in a real Chromium for tests.
package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is an open page of a real Chromium. What its script or its policies
// complain of fails the test.
type Tab struct {
	context.Context
	t testing.TB
}

// New starts a browser, which ends with t. Complaints that hold one of the
// expected texts are none.
func New(t testing.TB, expected ...string) Tab {
	t.Helper()
	allocator, end := chromedp.NewExecAllocator(t.Context(), chromedp.NoSandbox, chromedp.Headless, chromedp.NoFirstRun, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 1000), chromedp.Flag("blink-settings", "primaryHoverType=2,availableHoverTypes=2"), // a mouse
		chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script: %+v", ev.ExceptionDetails)
		case *log.EventEntryAdded:
			if slices.ContainsFunc(expected, func(s string) bool { return strings.Contains(ev.Entry.Text, s) }) {
				return
			}
			t.Errorf("the page: %s %s", ev.Entry.Text, ev.Entry.URL)
		}
	}))
	t.Cleanup(func() { cancel(); end() })
	b := Tab{ctx, t}
	b.Do(chromedp.Navigate("about:blank"))
	return b
}

// Do runs actions one after the other, for at most a minute.
func (b Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

// Ask returns the value of an expression of JavaScript.
func Ask[T any](b Tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// Await waits until an expression of JavaScript is true, also over a change of
// the page.
func (b Tab) Await(expression string) {
	b.t.Helper()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for {
		got, err := chromedp.Run(b, chromedp.Evaluate[bool](expression))
		if err == nil && got {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			b.t.Fatalf("never: %s (%v)", expression, err)
		}
	}
}

// Scheme makes the page dark or light.
func (b Tab) Scheme(color string) {
	b.t.Helper()
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: color}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// Shot keeps a picture of the whole page where GUARDRAIL_SHOTS names a folder,
// for people to look at.
func (b Tab) Shot(name string) {
	b.t.Helper()
	dir := os.Getenv("GUARDRAIL_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// Open goes to an address and waits until its script has run.
func (b Tab) Open(address string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(address))
	b.Await("document.readyState === 'complete'")
}

// Axe is the text of axe-core, which deploy/test/install-servers brings.
func Axe(t testing.TB) string {
	t.Helper()
	cache := os.Getenv("GUARDRAIL_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(dir, "guardrail")
	}
	text, err := os.ReadFile(filepath.Join(cache, "axe.min.js"))
	if err != nil {
		t.Fatalf("%v; deploy/test/install-servers brings it", err)
	}
	return string(text)
}

// Fault is what axe-core finds.
type Fault struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Faults asks axe-core what hinders people on the page.
func (b Tab) Faults(axe string) []Fault {
	b.t.Helper()
	Ask[bool](b, axe+"; true")
	found, err := chromedp.Run(b, chromedp.Evaluate[[]Fault]("axe.run().then(r => r.violations)", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// Click presses the first element of a CSS selector, as a mouse does.
func (b Tab) Click(css string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(css)))
}

// Type types into the first element of a CSS selector. "\r" is the enter key.
func (b Tab) Type(css, text string) {
	b.t.Helper()
	b.Do(chromedp.SendKeys(chromedp.CSS(css), text))
}

// Clipboard returns what the page at an origin has copied.
func (b Tab) Clipboard(origin string) string {
	b.t.Helper()
	_, err := chromedp.CallBrowser(b, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted, Origin: origin,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := chromedp.Run(b, chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}
