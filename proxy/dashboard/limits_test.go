package dashboard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"guardrail/proxy/dashboard"
)

// No address makes a page that takes the memory of the process that proxies.
func TestAddressesAreBounded(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	for n := range 60 {
		e := resetScript()
		e.Time, e.Environment, e.Shape, e.App = time.Now(), "production", fmt.Sprint(n), fmt.Sprint("app-", n)
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	filters := func(n, length int) string { return strings.Repeat("&not.app="+strings.Repeat("'", length), n)[1:] }
	for _, path := range []string{"/", "/events", p.issueOf(t, "DROP DATABASE")} {
		for _, c := range []struct {
			query  string
			status int
			says   string
		}{
			{filters(20, 180), 200, "Guardrail"},
			{filters(21, 1), 400, "A view has at most 20 filters"},
			{filters(1, 256), 200, "Guardrail"},
			{filters(1, 257), 400, "The app asked for is longer than any in the record"},
			{filters(3000, 5), 414, "This address asks for too much"},
			{"from=2026-01-01T00:00:00." + strings.Repeat("0", 3000) + "Z", 200, "hours"},
		} {
			if text := p.get(t, path+"?"+c.query, c.status); len(text) > 8<<20 || !strings.Contains(text, c.says) {
				t.Errorf("%s?%.30s of %d bytes: %d bytes: %.300s", path, c.query, len(c.query), len(text), text)
			}
		}
	}
	p.get(t, "/find?event="+strings.Repeat("x", 5000), 414)
}

// slow is a viewer who reads nothing until it is let.
type slow struct {
	*httptest.ResponseRecorder
	started chan struct{}
	once    *sync.Once
	read    chan struct{}
}

func (s slow) Write(p []byte) (int, error) {
	s.once.Do(func() { s.started <- struct{}{} })
	<-s.read
	return s.ResponseRecorder.Write(p)
}

// Views that are not read yet hold up others, and do not pile up.
func TestViewsAreBounded(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	const asked, most = 30, 8
	started, read := make(chan struct{}, asked), make(chan struct{})
	var all sync.WaitGroup
	for range asked {
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = "localhost"
			p.Config.Handler.ServeHTTP(slow{httptest.NewRecorder(), started, &sync.Once{}, read}, r)
		})
	}
	for range most {
		<-started
	}
	select {
	case <-started:
		t.Error("more views than can be are made at the same time")
	case <-time.After(time.Second):
	}
	close(read)
	all.Wait()
}
