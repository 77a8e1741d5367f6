package dashboard_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// BenchmarkViews measures every view on a store of GUARDRAIL_BENCH_EVENTS kept
// events of a month, 100,000 where it is not set. GUARDRAIL_BENCH_STORE names a
// file that is kept for the next run.
func BenchmarkViews(b *testing.B) {
	file, n := os.Getenv("GUARDRAIL_BENCH_STORE"), 100_000
	if file == "" {
		file = filepath.Join(b.TempDir(), "audit.db")
	}
	if text := os.Getenv("GUARDRAIL_BENCH_EVENTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := os.Stat(file); err != nil {
		fill(b, file, n)
	}
	s, err := audit.Open(file, "")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
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

// measure asks for a view again and again, and reports its slowest answer too.
func measure(b *testing.B, handler http.Handler, path string) {
	var took []time.Duration
	for b.Loop() {
		w := httptest.NewRecorder()
		start := time.Now()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		took = append(took, time.Since(start))
		if w.Code != http.StatusOK {
			b.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	b.ReportMetric(float64(slices.Max(took).Microseconds())/1000, "max-ms")
}

// fill makes a month of 300 issues, of which 12 are active in every minute with
// as many events as are kept.
func fill(b *testing.B, file string, n int) {
	s, err := audit.Open(file, "")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	book, err := audit.New(audit.Options{Store: s, Log: zap.NewNop(), Registerer: prometheus.NewRegistry(), CommitTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	minutes := max(n/240, 1)
	start := time.Now().Add(-30 * 24 * time.Hour)
	step := 30 * 24 * time.Hour / time.Duration(minutes)
	for m := range minutes {
		at := start.Add(time.Duration(m) * step).Truncate(time.Minute)
		for range 12 {
			kind := random.IntN(random.IntN(300) + 1)
			for i := range 24 {
				e := resetScript()
				e.Environment, e.Backend, e.PolicyHash = "production", "main", "9f2c6d1e7a0b44c1"
				e.App, e.Rule, e.Shape = fmt.Sprintf("app-%d", kind%40), fmt.Sprintf("rule-%d", kind%25), strconv.Itoa(kind)
				e.Statement = fmt.Sprintf("UPDATE table_%d SET a = ?, b = ? WHERE c = ? AND d IN (?, ?, ?)", kind)
				e.Client, e.Time = fmt.Sprintf("10.0.%d.%d", kind%5, random.IntN(40)), at.Add(time.Duration(i)*time.Second)
				e.Identify()
				if err := book.Record(e); err != nil {
					b.Fatal(err)
				}
			}
		}
		if m%30 == 0 { // no more samples may wait than the intake keeps
			e := sweep()
			e.Environment, e.Time = "production", at
			if err := book.Record(e); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := book.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}
