package audit_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// A proxy of a fleet that was killed is noticed by another one, once.
func TestAKilledProxyOfAFleet(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "fleet")
		open := func() *audit.Store { return open(t, mysqlName(server, "fleet"), mysqltest.Password) }
		killed, well, first := keep(t, open()), keep(t, open()), open()
		for _, k := range []*keeper{killed, well} {
			new(told).record(t, k, 1)
		}
		well.mustStop(t)
		for i, want := range []int{1, 0} {
			dead, err := first.ClaimDead(t.Context(), time.Now().Add(time.Hour))
			if err != nil || len(dead) != want {
				t.Errorf("look %d: %v, %v", i, dead, err)
			}
		}
		if dead, err := first.ClaimDead(t.Context(), time.Now()); err != nil || len(dead) != 0 {
			t.Errorf("living ones: %v, %v", dead, err)
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
		heir := keep(t, open(), func(o *audit.Options) { o.Now = func() time.Time { return time.Now().Add(time.Hour) } })
		until(t, "they are inherited", func() bool { return count(issues(t, reader, audit.AllowedDestructive)) == 3 })
		heir.mustStop(t)
		if n := count(issues(t, reader, audit.AllowedDestructive)); n != 3 {
			t.Errorf("%d statements in the end", n)
		}
		if n := audit.Ahead(t, reader); n != 0 {
			t.Errorf("%d rows are still ahead", n)
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
