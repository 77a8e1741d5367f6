package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// BenchmarkViews measures every view on records of a month, in SQLite and in
// MySQL, with GUARDRAIL_BENCH_EVENTS kept events, 100,000 where it is not set.
// GUARDRAIL_BENCH_STORE names one store in their place, which is filled if it
// is empty and kept: a file, or mysql://root@... with GUARDRAIL_BENCH_PASSWORD.
func BenchmarkViews(b *testing.B) {
	n := 100_000
	if text := os.Getenv("GUARDRAIL_BENCH_EVENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	stores := map[string][2]string{"kept": {os.Getenv("GUARDRAIL_BENCH_STORE"), os.Getenv("GUARDRAIL_BENCH_PASSWORD")}}
	if stores["kept"][0] == "" {
		stores = benchStores(b)
	}
	for kind, store := range stores {
		b.Run(kind, func(b *testing.B) { benchViews(b, store[0], store[1], n) })
	}
}

func benchViews(b *testing.B, name, password string, n int) {
	s, err := audit.Open(name, password)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if found, _, err := s.Issues(b.Context(), audit.Filter{}, audit.ByCount, 1, 0); err == nil && len(found) == 0 {
		fill(b, name, password, n)
	}
	d, err := dashboard.New(dashboard.Options{Store: s, Book: well{}, Guard: calm(), Log: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Stop()
	for name, path := range views(b, s) {
		b.Run(name, func(b *testing.B) { measure(b, d, path) })
	}
}

// well is a recorder that is well.
type well struct{}

func (well) Health() audit.Health { return audit.Health{} }

func views(b *testing.B, s *audit.Store) map[string]string {
	found, _, err := s.Issues(b.Context(), audit.Filter{}, audit.ByCount, 1, 0)
	if err != nil || len(found) == 0 {
		b.Fatal(err)
	}
	events, err := s.Events(b.Context(), audit.Filter{}, "", 1)
	if err != nil || len(events) == 0 {
		b.Fatal(err)
	}
	issue, event := "/issues/"+found[0].ID.String(), "/events/"+events[0].ID
	return map[string]string{
		"overview": "/", "overview-6h": "/?range=6h", "overview-7d": "/?range=7d", "overview-30d": "/?range=30d&order=count", "overview-all": "/?range=90d&show=all",
		"overview-app": "/?app=app-3&range=24h", "overview-rule": "/?rule=rule-5&range=7d", "overview-client": "/?client=10.0.0.7&range=30d",
		"overview-without-client": "/?not.client=10.0.0.7&range=7d", "overview-page-5": "/?range=30d&page=5",
		"issue": issue, "issue-7d": issue + "?range=7d", "issue-90d": issue + "?range=90d",
		"events": "/events", "events-30d": "/events?range=30d", "events-rare-app": "/events?app=app-39&range=30d", "events-client": "/events?client=10.0.0.7&range=30d",
		"event": event,
	}
}

// measure asks for a view again and again, and reports its slowest answer and
// this process's share of the processor too, which other work on the machine
// makes no longer.
func measure(b *testing.B, handler http.Handler, path string) {
	var took []time.Duration
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) // what it reads is in memory from now on
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		start := time.Now()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			b.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(cpu)/1e6/float64(len(took)), "cpu-ms/op")
	b.ReportMetric(float64(slices.Max(took).Microseconds())/1000, "max-ms")
}
