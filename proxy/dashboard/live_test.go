package dashboard_test

import (
	"bufio"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/dashboard"
	"guardrail/proxy/dashboard/browsertest"
)

var shownVersion = regexp.MustCompile(`id="fresh" data-version="([^"]+)"`)

// versionOf is the version of the record that a view shows.
func (p *page) versionOf(t *testing.T, path string) string {
	t.Helper()
	found := shownVersion.FindStringSubmatch(p.get(t, path, http.StatusOK))
	if found == nil {
		t.Fatalf("%s names no version", path)
	}
	return found[1]
}

// stream opens the stream of a page, and sends on the versions that it is told of
// until the stream ends.
func (p *page) stream(t *testing.T, seen, last string) <-chan string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/live?seen="+url.QueryEscape(seen), nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 100)
	go func() {
		defer response.Body.Close()
		defer close(told)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				told <- id
			}
		}
	}()
	return told
}

// A page is told of what is recorded while it is open, and of what came before
// its stream began or while that was broken; and of nothing that it shows.
func TestLive(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	news := func(told <-chan string) string {
		t.Helper()
		select {
		case version, ok := <-told:
			if !ok {
				t.Fatal("the stream ended")
			}
			return version
		case <-time.After(time.Minute):
			t.Fatal("no news")
		}
		return ""
	}
	before := p.versionOf(t, "/")
	open := p.stream(t, before, "")
	p.settle(t)
	after := news(open)
	if shown := p.versionOf(t, "/events"); after == before || after != shown {
		t.Errorf("told of %s, shown before %s, now %s", after, before, shown)
	}
	if got := news(p.stream(t, before, "")); got != after {
		t.Errorf("a page of %s that opens its stream late is told of %q, not of %s", before, got, after)
	}
	if got := news(p.stream(t, after, before)); got != after {
		t.Errorf("a page whose stream broke at %s is told of %q, not of %s", before, got, after)
	}
	fresh, again := p.stream(t, after, ""), p.stream(t, before, after)
	time.Sleep(2500 * time.Millisecond) // two looks
	select {
	case got := <-open:
		t.Errorf("told of %q a second time", got)
	case got := <-fresh:
		t.Errorf("told of %q, which it shows", got)
	case got := <-again:
		t.Errorf("told of %q, which it had been told of", got)
	default:
	}
}

// A page that had nothing to show shows it when there is something.
func TestAPageThatFailedComesBack(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	e := resetScript()
	e.Time, e.Environment = time.Now(), "production"
	e.Identify()
	b := browsertest.New(t, "status of 404")
	b.Open(p.URL + "/events/" + e.ID)
	b.Await("document.body.innerText.includes('There is no event')")
	b.Await("document.getElementById('live-state').textContent.startsWith('live')")
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	b.Await("document.body.innerText.includes('DROP DATABASE freee_production')")
}
