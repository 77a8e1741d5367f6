package proxy

import (
	"context"
	"database/sql"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
)

// stuck is a recorder that never answers: its lock is held for good.
type stuck struct{ audit.Log }

func (stuck) Submit(*audit.Event, func(error)) (bool, error) { select {} }

// What the recorder does cannot hold up a statement that is not recorded, even
// if it never comes back, and costs it nothing.
func TestStatementsThatAreNotRecordedDoNotMeetTheRecorder(t *testing.T) {
	for name, text := range map[string]string{"select": cheap["select"], "update": cheap["update"]} {
		calm, _ := costsWith(t, forgetful{}, text)
		held, sent := costsWith(t, stuck{}, text)
		if want, got := fewest(calm), fewest(held); got > want {
			t.Errorf("%s: %v allocations, %v without a recorder", name, got, want)
		}
		sent.commands = 0
		held()
		if sent.commands != 1 {
			t.Errorf("%s: the server got %d commands", name, sent.commands)
		}
	}
}

// costsWith is costs with a recorder.
func costsWith(t testing.TB, r audit.Recorder, text string) (statement func(), sent *unread) {
	t.Helper()
	guard := guardingBy(t, plainGrants)
	guard.options.Recorder = r
	return costsOf(t, guard, text)
}

// BenchmarkUnderAStorm measures what an allowed statement costs a loop while
// another loop is refused as fast as it can: with a record that works, is full
// or is locked, each against one that is not kept at all, in turns. It reports
// the ratio of the processor's time, and what the recorder's own goroutines
// take for a refusal.
func BenchmarkUnderAStorm(b *testing.B) {
	for name, breaks := range map[string]func(testing.TB, string){"well": func(testing.TB, string) {}, "full": fillUp, "locked": lockUp} {
		b.Run(name, func(b *testing.B) {
			calm := newStorm(b, forgetful{})
			book, file := newBook(b)
			stormy := newStorm(b, book)
			breaks(b, file)
			for b.Loop() {
				measured(b, calm, stormy)
			}
		})
	}
}

const (
	rounds     = 100
	aRound     = 4000 // statements
	roundsLost = 5    // caches and stores settle
)

// measured reports what a statement costs in the one storm against the other.
func measured(b *testing.B, calm, stormy *storm) {
	var ratios, recorder []float64
	for i := range rounds {
		without, with := calm.round(), stormy.round()
		if i >= roundsLost {
			ratios = append(ratios, float64(with.statement)/float64(without.statement))
			recorder = append(recorder, float64(with.rest.Microseconds())/float64(max(with.refusals, 1)))
		}
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(recorder), "recorder-µs/refusal")
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// storm is a proxy with two sessions, each on a thread of its own: one whose
// statements are all refused, and one whose are all allowed.
type storm struct{ allowed, refused func() }

// spent is what a round took.
type spent struct {
	statement time.Duration // a statement's time of the processor
	rest      time.Duration // that of all other threads but the storm's
	refusals  int
}

func newStorm(b testing.TB, r audit.Recorder) *storm {
	guard := guardingBy(b, plainGrants)
	guard.options.Recorder = r
	s := &storm{}
	s.allowed, _ = costsOf(b, guard, cheap["select"])
	d := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41})
	d.session.wires = &unread{}
	query, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, "DROP DATABASE accounting"...))
	s.refused = func() {
		if err := d.session.fromClient(query); err != nil {
			b.Error(err)
		}
	}
	return s
}

// round has statements allowed while others are refused.
func (s *storm) round() (out spent) {
	stop, begun := make(chan struct{}), make(chan struct{})
	all := processTime()
	var storming time.Duration
	var wait sync.WaitGroup
	wait.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		close(begun)
		start := threadTime()
		defer func() { storming = threadTime() - start }()
		for {
			select {
			case <-stop:
				return
			default:
				s.refused()
				out.refusals++
			}
		}
	})
	<-begun
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := threadTime()
	for range aRound {
		s.allowed()
	}
	own := threadTime() - start
	close(stop)
	wait.Wait()
	out.statement, out.rest = own/aRound, processTime()-all-own-storming
	return out
}

func threadTime() time.Duration  { return clock(unix.CLOCK_THREAD_CPUTIME_ID) }
func processTime() time.Duration { return clock(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clock(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// newBook is a record in a file, until the end of b.
func newBook(b testing.TB) (*audit.Book, string) {
	file := filepath.Join(b.TempDir(), "audit.db")
	s, err := audit.Open(file, "")
	if err != nil {
		b.Fatal(err)
	}
	book, err := audit.New(audit.Options{Store: s, Environment: "production", Log: zap.NewNop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = book.Stop(context.Background())
		_ = s.Close()
	})
	return book, file
}

// lockUp locks a store as another program would.
func lockUp(b testing.TB, file string) {
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	lock, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := lock.ExecContext(b.Context(), "BEGIN IMMEDIATE"); err != nil {
		b.Fatal(err)
	}
}

// fillUp lets no file of a store grow any more, as on a full disk.
func fillUp(b testing.TB, _ string) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		b.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 16 << 10, Max: old.Max}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			b.Error(err)
		}
	})
}
