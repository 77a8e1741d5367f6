package dashboard_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is an open page of a real Chromium. What its script or its policies
// complain of fails the test.
type tab struct {
	context.Context
	t *testing.T
}

func browser(t *testing.T) tab {
	t.Helper()
	allocator, end := chromedp.NewExecAllocator(t.Context(), chromedp.NoSandbox, chromedp.Headless, chromedp.NoFirstRun, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 1000), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page's script: %+v", ev.ExceptionDetails)
		case *log.EventEntryAdded:
			t.Errorf("the page: %s %s", ev.Entry.Text, ev.Entry.URL)
		}
	}))
	t.Cleanup(func() { cancel(); end() })
	b := tab{ctx, t}
	b.do(chromedp.Navigate("about:blank"))
	return b
}

// do runs actions one after the other, for at most a minute.
func (b tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

// ask returns the value of an expression of JavaScript.
func ask[T any](b tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// await waits until an expression of JavaScript is true.
func (b tab) await(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		b.t.Fatalf("never: %s: %v", expression, err)
	}
}

// scheme makes the page dark or light.
func (b tab) scheme(color string) {
	b.t.Helper()
	_, err := chromedp.Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: color}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// shot keeps a picture of the whole page where GUARDRAIL_SHOTS names a folder,
// for people to look at.
func (b tab) shot(name string) {
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

// open goes to an address and waits until its script has run.
func (b tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
	b.await("document.readyState === 'complete'")
}
