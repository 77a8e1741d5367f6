package audit_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// later is a clock that can be put on.
type later struct{ by atomic.Int64 }

func (l *later) now() time.Time { return time.Now().Add(time.Duration(l.by.Load())) }

// survivor is a proxy that outlives others for long: it works first, then much time passes.
func survivor(t *testing.T, s *audit.Store, change ...func(*audit.Options)) *keeper {
	t.Helper()
	clock := &later{}
	k := keep(t, s, append(change, func(o *audit.Options) { o.Now = clock.now })...)
	new(told).record(t, k, 1)
	clock.by.Store(int64(time.Hour))
	return k
}

// A proxy of a fleet that was killed is noticed by another one, once, and told in
// the environment that was its own. One that ended in order is not.
func TestAKilledProxyOfAFleet(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "fleet")
		open := func() *audit.Store { return open(t, mysqlName(server, "fleet"), mysqltest.Password) }
		staging := func(o *audit.Options) { o.Environment = "staging" }
		killed, well := keep(t, open(), staging, func(o *audit.Options) { o.FlushEvery = time.Hour }), keep(t, open())
		for _, k := range []*keeper{killed, well} {
			new(told).record(t, k, 1)
		}
		well.mustStop(t)
		heir := survivor(t, open())
		until(t, "it is noticed", func() bool { return heir.Health().Killed == 1 })
		late := survivor(t, open())
		new(told).record(t, late, 20)
		if n := late.metric(t, "guardrail_audit_killed_proxies_total"); n != 0 {
			t.Errorf("it is noticed again: %v", n)
		}
		if lost := heir.metric(t, "guardrail_audit_lost_events_total") + float64(heir.Health().Lost); lost != 0 {
			t.Errorf("%v events are told as lost, and nobody knows", lost)
		}
		gaps := issues(t, open(), audit.RecordGap)
		if count(gaps) != 1 || gaps[0].Environment != "staging" || !strings.Contains(gaps[0].Reason, "is not known") {
			t.Errorf("%+v", gaps)
		}
	})
}

// What a proxy of a fleet had only written ahead when it was killed is stored by
// the one that notices.
func TestWhatAKilledProxyHadWrittenAheadIsInherited(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "heirs")
		open := func() *audit.Store { return open(t, mysqlName(server, "heirs"), mysqltest.Password) }
		killed := keep(t, open(), func(o *audit.Options) { o.FlushEvery = time.Hour })
		new(told).record(t, killed, 3) // at most the first is in a batch
		reader := open()
		if audit.Ahead(t, reader) == 0 {
			t.Fatal("nothing is written ahead")
		}
		heir := survivor(t, open())
		until(t, "they are inherited", func() bool { return heir.Health().Killed == 1 })
		heir.mustStop(t)
		if n := count(issues(t, reader, audit.AllowedDestructive)); n != 4 { // one is the heir's own
			t.Errorf("%d statements in the end", n)
		}
		if _, err := reader.Prune(t.Context(), audit.Retention{}, time.Now().Add(60*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n := audit.Ahead(t, reader); n != 0 {
			t.Errorf("%d rows are still ahead", n)
		}
	})
}

// A proxy that was only cut off from the store, and has an heir: what the heir has
// counted is counted once, and what the proxy refused is not.
func TestACutOffProxyKnowsBetterThanItsHeir(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "risen")
		open := func() *audit.Store { return open(t, mysqlName(server, "risen"), mysqltest.Password) }
		s := open()
		cutOff := keep(t, s, func(o *audit.Options) { o.FlushEvery = time.Hour })
		until(t, "the first batch, which is empty, is stored", func() bool { return audit.Batches(t, s) > 0 })
		var told told
		told.record(t, cutOff, 3)
		refused := loss(time.Now())
		refused.Identify()
		other := refused
		other.Shape = "another issue"
		other.Identify()
		if err := audit.WriteAhead(t, s, 1<<20, refused, other); err != nil { // arrived, and nobody heard
			t.Fatal(err)
		}
		heir := survivor(t, open())
		until(t, "it has an heir", func() bool { return heir.Health().Killed == 1 })
		if n := count(issues(t, s, audit.AllowedDestructive)); n < 5 {
			t.Errorf("the heir has counted %d", n)
		}
		told.record(t, cutOff, 1)
		if told.kept != 3 {
			t.Errorf("%+v: written ahead by one who has an heir", told)
		}
		cutOff.mustStop(t)
		heir.mustStop(t)
		allowed := issues(t, s, audit.AllowedDestructive)
		if count(allowed) != told.kept+1 || len(allowed) != 1 || audit.Ahead(t, s) != 0 {
			t.Errorf("%+v: %d allowed, %+v; %d rows ahead", told, count(allowed), allowed, audit.Ahead(t, s))
		}
		for _, e := range []audit.Event{refused, other} {
			if _, err := s.Event(t.Context(), e.ID); !errors.Is(err, audit.ErrNotFound) {
				t.Errorf("the event of a refused statement is there: %v", err)
			}
		}
	})
}

// A proxy that could not reach the store itself takes nobody for dead when it
// comes back: the others could not either.
func TestNobodyIsDeadWhileTheStoreWasAway(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "away")
		open := func() *audit.Store { return open(t, mysqlName(server, "away"), mysqltest.Password) }
		new(told).record(t, keep(t, open(), func(o *audit.Options) { o.FlushEvery = time.Hour }), 1)
		clock := &later{}
		clock.by.Store(int64(time.Hour))
		heir := keep(t, open(), func(o *audit.Options) { o.Now = clock.now })
		new(told).record(t, heir, 20)
		heir.mustStop(t)
		if n := heir.Health().Killed; n != 0 {
			t.Errorf("%d living ones are buried", n)
		}
	})
}

// An entry that was on its way for so long that its batch is stored does not
// arrive: nobody would take it back.
func TestAnEntryThatComesAfterItsBatch(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "fence")
		s := open(t, mysqlName(server, "fence"), mysqltest.Password)
		keep(t, s, func(o *audit.Options) { o.FlushEvery = time.Hour })
		until(t, "the first batch, which is empty, is stored", func() bool { return audit.Batches(t, s) > 0 })
		if err := audit.WriteAhead(t, s, 1, loss(time.Now())); err == nil || audit.Ahead(t, s) != 0 {
			t.Errorf("it is stored: %v", err)
		}
		if err := audit.WriteAhead(t, s, 2, loss(time.Now())); err != nil || audit.Ahead(t, s) != 1 {
			t.Errorf("one before its batch: %v", err)
		}
	})
}

// runAsStorm makes this test binary a process that records until it is killed.
func runAsStorm() {
	file := os.Getenv("AUDIT_TEST_STORM")
	if file == "" {
		return
	}
	s, err := audit.Open(file, "")
	if err != nil {
		os.Exit(3)
	}
	b, err := audit.New(audit.Options{Store: s, Environment: "production", Log: zap.NewNop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		os.Exit(4)
	}
	for i := 1; ; i++ {
		if b.Record(drop(time.Now())) != nil {
			os.Exit(5)
		}
		if i%1000 == 0 {
			e := loss(time.Now())
			e.Identify()
			if b.Record(e) != nil {
				os.Exit(6)
			}
			_, _ = os.Stdout.WriteString(e.ID + "\n") // the statement is forwarded
		}
	}
}

// After a kill -9 in mid-storm every destructive statement that was forwarded
// is there, and the refusals are all there or counted as missing.
func TestKilledInMidStorm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "AUDIT_TEST_STORM="+file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var forwarded []string
	line := make([]byte, 27)
	for range 100 {
		if _, err := io.ReadFull(out, line); err != nil {
			t.Fatal(err)
		}
		forwarded = append(forwarded, string(line[:26]))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := io.ReadFull(out, line); err != nil {
			break
		}
		forwarded = append(forwarded, string(line[:26]))
	}
	_ = cmd.Wait()
	s := open(t, file, "")
	k := keep(t, s)
	k.mustStop(t)
	for _, id := range forwarded {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Errorf("forwarded and not recorded: %s: %v", id, err)
		}
	}
	lost := k.Health().Lost
	if got := count(issues(t, s, audit.RecordGap)); got != lost {
		t.Errorf("a gap of %d, %d lost", got, lost)
	}
	// Each loss came after exactly 1000 refusals; the process was killed within the next 1001 events.
	total := count(issues(t, s))
	least := int64(len(forwarded)) * 1001
	t.Logf("%d forwarded, %d in all, %d lost", len(forwarded), total, lost)
	if total < least || total > least+1001 {
		t.Errorf("%d events are known, at least %d were taken in and at most %d", total, least, least+1001)
	}
}
