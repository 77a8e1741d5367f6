package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/policy/traffic"
	"guardrail/proxy/audit"
)

var monday = time.Date(2026, 11, 23, 23, 50, 0, 0, time.UTC)

// sent is traffic of one shape.
func sent(at time.Time, shape string, count uint64) traffic.Record {
	return traffic.Record{
		App: "shop", Account: "shop_web", Backend: "main", Environment: "production", Schema: "Läden", Server: "mysql-9.7.4", SQLMode: "ANSI_QUOTES",
		LowerCaseNames: true, Shape: shape, Count: count, Refused: count / 2, FirstSeen: at.Add(-time.Second), LastSeen: at, Example: "SELECT 7 FROM \"t\"",
	}
}

// queue is a source that tests fill.
type queue struct {
	mu      sync.Mutex
	records []traffic.Record
	unkept  uint64
}

func (q *queue) put(records ...traffic.Record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.records = append(q.records, records...)
}

func (q *queue) Drain() ([]traffic.Record, uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	records, unkept := q.records, q.unkept
	q.records, q.unkept = nil, 0
	return records, unkept
}

// ledger starts one until the end of t. Its clock stands at now.
func ledger(t testing.TB, s *audit.Store, from *queue, now time.Time) (stop func() error, registry *prometheus.Registry) {
	t.Helper()
	registry = prometheus.NewRegistry()
	l := audit.NewLedger(audit.LedgerOptions{Store: s, Source: from, Log: zap.NewNop(), Registerer: registry,
		Every: time.Millisecond, Now: func() time.Time { return now }})
	stop = sync.OnceValue(func() error { return l.Stop(context.Background()) })
	t.Cleanup(func() { _ = stop() })
	return stop, registry
}

// taken reports whether a source was drained.
func taken(q *queue) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.records) == 0
}

func recorded(t testing.TB, s *audit.Store, app string) []traffic.Record {
	t.Helper()
	records, err := s.Traffic(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestTrafficIsCountedByShapeOverDaysAndProcesses(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		if got := recorded(t, s, ""); len(got) != 0 {
			t.Errorf("an empty store: %v", got)
		}
		other := sent(monday, "bb", 1)
		other.App, other.Example, other.Masked = "report", "", "SELECT …"
		for i, at := range []time.Time{monday, monday.Add(5 * time.Minute), monday.Add(20 * time.Minute)} {
			from := &queue{}
			stop, _ := ledger(t, open(), from, monday)
			from.put(sent(at, "aa", uint64(10*(i+1))), sent(at, "aa", 1))
			if i == 0 {
				from.put(other)
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
		want := sent(monday.Add(20*time.Minute), "aa", 63)
		want.FirstSeen, want.Refused = monday.Add(-time.Second), 30
		other.FirstSeen = monday.Add(-time.Second)
		if got := recorded(t, s, ""); !reflect.DeepEqual(got, []traffic.Record{want, other}) {
			t.Errorf("\n got %+v\nwant %+v\n     %+v", got, want, other)
		}
		if got := recorded(t, s, "report"); !reflect.DeepEqual(got, []traffic.Record{other}) {
			t.Errorf("of one app: %+v", got)
		}
	})
}

func TestTrafficIsKeptForFiveWeeks(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s, from := open(), &queue{}
		const day = 24 * time.Hour
		from.put(sent(monday.Add(-40*day), "old", 1))
		stop, _ := ledger(t, s, from, monday.Add(-40*day))
		until(t, "the old ones are stored", func() bool { return len(recorded(t, s, "")) == 1 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteTraffic(t.Context(), []traffic.Record{sent(monday.Add(-38*day), "regular", 100)}); err != nil {
			t.Fatal(err)
		}
		from.put(sent(monday.Add(-2*day), "regular", 3))
		stop, _ = ledger(t, s, from, monday)
		until(t, "the old ones are gone", func() bool {
			got := recorded(t, s, "")
			return len(got) == 1 && got[0].Count == 3
		})
		if got := recorded(t, s, "")[0]; got.Shape != "regular" || got.FirstSeen != monday.Add(-2*day).Truncate(day) {
			t.Errorf("what is left: %+v", got)
		}
		_ = stop()
	})
}

func TestAnAppsTrafficIsBounded(t *testing.T) {
	s, from := open(t, filepath.Join(t.TempDir(), "audit.db"), ""), &queue{}
	const shapes, atOnce = 5100, 1024
	var older []traffic.Record
	for i := range shapes {
		r := sent(monday.Add(time.Duration(i-shapes)*time.Second), fmt.Sprint(i), 1)
		if i < shapes-atOnce-30 {
			older = append(older, r)
		} else {
			from.put(r)
		}
	}
	few := sent(monday.Add(-100*time.Hour), "few", 1)
	few.App = "report"
	from.put(few)
	stop, _ := ledger(t, s, from, monday) // whose first go stores a part
	until(t, "the shapes of later goes are there", func() bool { return len(recorded(t, s, "")) == atOnce+31 })
	if err := errors.Join(stop(), s.WriteTraffic(t.Context(), older)); err != nil {
		t.Fatal(err)
	}
	ledger(t, s, &queue{}, monday.Add(2*time.Minute))
	until(t, "there are 5000 left", func() bool { return len(recorded(t, s, "shop")) == 5000 })
	if n := len(recorded(t, s, "report")); n != 1 {
		t.Errorf("%d records of the other app", n)
	}
	for _, r := range recorded(t, s, "shop") {
		if r.LastSeen.Before(monday.Add(-5000 * time.Second)) {
			t.Fatalf("a shape seen at %v is kept, later ones are not", r.LastSeen)
		}
	}
}

func TestTrafficWaitsForAStoreThatIsAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "absent")
	s, from := open(t, filepath.Join(dir, "audit.db"), ""), &queue{}
	stop, registry := ledger(t, s, from, monday)
	from.put(sent(monday.Add(-time.Hour), "aa", 1))
	from.unkept = 2
	until(t, "it was tried", func() bool { return taken(from) })
	from.put(sent(monday.Add(time.Hour), "aa", 1)) // on another day
	until(t, "it was tried again", func() bool { return taken(from) })
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	until(t, "it is stored", func() bool { return len(recorded(t, s, "")) == 1 })
	if got := recorded(t, s, "")[0]; got.Count != 2 || got.FirstSeen != monday.Add(-time.Hour-time.Second) && got.FirstSeen != monday.Add(time.Hour).Truncate(24*time.Hour) {
		t.Errorf("stored late: %+v", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n := metric(t, registry, "guardrail_traffic_unkept_total"); n != 2 {
		t.Errorf("%v shapes are told to be left out", n)
	}
}

func TestALedgerThatCannotStoreSaysSoAtItsEnd(t *testing.T) {
	s, from := open(t, filepath.Join(t.TempDir(), "absent", "audit.db"), ""), &queue{}
	stop, _ := ledger(t, s, from, monday)
	from.put(sent(monday, "aa", 1))
	if err := stop(); err == nil {
		t.Error("no error")
	}
}
