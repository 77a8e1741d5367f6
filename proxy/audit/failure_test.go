package audit_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// fault breaks a store, and mends it.
type fault struct {
	name   string
	breaks func(t *testing.T, file string, s *audit.Store)
	mends  func(t *testing.T, file string, s *audit.Store)
}

func faults() []fault {
	var lock *sql.Conn
	return []fault{{
		name:   "full disk",
		breaks: func(t *testing.T, _ string, s *audit.Store) { audit.Fill(t, s) },
		mends:  func(t *testing.T, _ string, s *audit.Store) { audit.Empty(t, s) },
	}, {
		name: "locked",
		breaks: func(t *testing.T, file string, _ *audit.Store) {
			db, err := sql.Open("sqlite", file)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			if lock, err = db.Conn(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := lock.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
				t.Fatal(err)
			}
		},
		mends: func(t *testing.T, _ string, _ *audit.Store) {
			if _, err := lock.ExecContext(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		},
	}}
}

// While the store fails, a destructive statement is refused, forwarded or
// everything is refused, as configured; refusals are counted; afterwards every
// count is exact.
func TestABrokenStore(t *testing.T) {
	for _, f := range faults() {
		for _, choice := range []audit.OnFailure{audit.RefuseDestructive, audit.RefuseAll, audit.Forward} {
			t.Run(f.name+"/"+string(choice), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "audit.db")
				s := open(t, file, "")
				k := keep(t, s, func(o *audit.Options) { o.OnFailure = choice })
				var told told
				told.record(t, k, 10)
				f.breaks(t, file, s)
				told.outage(t, k, choice)
				f.mends(t, file, s)
				told.healed(t, k)
			})
		}
	}
}

// told is what a Book has told the callers of Record.
type told struct{ refusals, kept, unsafe int64 }

// record records n refusals and n losses.
func (c *told) record(t *testing.T, k *keeper, n int) {
	t.Helper()
	for range n {
		if err := k.Record(drop(time.Now())); err != nil {
			t.Fatalf("a refusal: %v", err)
		}
		c.refusals++
		switch err := k.Record(loss(time.Now())); {
		case err == nil:
			c.kept++
		case errors.Is(err, audit.ErrNotRecorded):
			c.unsafe++
		default:
			t.Fatalf("a loss: %v", err)
		}
	}
}

// outage records until the failure is known, and checks that it is told everywhere.
func (c *told) outage(t *testing.T, k *keeper, choice audit.OnFailure) {
	t.Helper()
	until(t, "the failure is known", func() bool {
		c.record(t, k, 1)
		return k.Health().Err != nil
	})
	kept, unsafe := c.kept, c.unsafe
	c.record(t, k, 10)
	if forwarded := choice == audit.Forward; (c.kept-kept == 10) != forwarded || (c.unsafe-unsafe == 10) == forwarded {
		t.Errorf("%d forwarded, %d refused", c.kept-kept, c.unsafe-unsafe)
	}
	if refusing := k.Refusing() != nil; refusing != (choice == audit.RefuseAll) {
		t.Errorf("refusing everything: %v", refusing)
	}
	if k.metric(t, "guardrail_audit_store_up") != 0 || k.metric(t, "guardrail_audit_store_failures_total") == 0 {
		t.Error("the metrics say that all is well")
	}
	if n := k.metric(t, "guardrail_audit_unrecorded_total"); (n >= 10) != (choice == audit.Forward) {
		t.Errorf("%v forwarded unrecorded", n)
	}
}

// healed waits until the store works again, and compares what it has with what was told.
func (c *told) healed(t *testing.T, k *keeper) {
	t.Helper()
	until(t, "the store heals", func() bool { return k.Health().Err == nil })
	if k.Refusing() != nil || k.metric(t, "guardrail_audit_store_up") != 1 {
		t.Error("healed, and still refusing")
	}
	unsafe := c.unsafe
	c.record(t, k, 10)
	if c.unsafe != unsafe {
		t.Error("healed, and still refusing")
	}
	k.mustStop(t)
	var got told
	for _, i := range issues(t, k.store) {
		switch {
		case i.Decision == audit.AllowedDestructive:
			got.kept += i.Events
		case i.Cause == audit.CauseNotRecorded:
			got.unsafe += i.Events
		default:
			got.refusals += i.Events
		}
	}
	if got != *c {
		t.Errorf("the store has %+v, told was %+v", got, *c)
	}
}

// A damaged database is put aside whole, a new one begun, and what is missing in it told.
func TestADamagedStoreIsReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	k := keep(t, s)
	new(told).record(t, k, 10)
	k.mustStop(t)
	s.Close()
	if err := os.WriteFile(file, bytes.Repeat([]byte("not a database. "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, file, "")
	k = keep(t, s)
	until(t, "a new store is begun", func() bool {
		found, _, err := s.Issues(t.Context(), audit.Filter{}, audit.ByLast, 10, 0)
		return err == nil && len(found) > 0 && k.Health().Err == nil
	})
	new(told).record(t, k, 5)
	k.mustStop(t)
	gap := count(issues(t, s, audit.RecordGap)) // refusals, and losses that the journal no longer has
	if gap < 10 || gap > 20 {
		t.Errorf("a gap of %d events", gap)
	}
	if n := count(issues(t, s)); n != 30 {
		t.Errorf("%d events and missing ones", n)
	}
	if aside, _ := filepath.Glob(file + ".damaged-*"); len(aside) == 0 {
		t.Error("the damaged database is gone")
	}
	if n := k.metric(t, "guardrail_audit_lost_events_total"); n != float64(gap) {
		t.Errorf("the metric knows of %v lost events", n)
	}
}

// A database that is damaged under a running proxy: whatever it still has, what
// is missing in the end is told.
func TestAStoreDamagedWhileItIsWrittenTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	k := keep(t, s)
	var told told
	told.record(t, k, 10)
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte("damaged "), 32<<10), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	told.record(t, k, 10)
	_ = stop(k.Book)
	s.Close()

	s = open(t, file, "")
	k = keep(t, s)
	all := told.refusals + told.kept + told.unsafe
	until(t, "all is there or missing", func() bool {
		found, _, err := s.Issues(t.Context(), audit.Filter{}, audit.ByLast, 100, 0)
		return err == nil && k.Health().Err == nil && count(found) == all
	})
	k.mustStop(t)
}

func TestMySQLStoreGoneAndBack(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Exec(t, "CREATE DATABASE gone")
		s := open(t, mysqlName(server, "gone"), mysqltest.Password)
		k := keep(t, s)
		var told told
		told.record(t, k, 10)
		killed := make(chan struct{})
		go func() {
			defer close(killed)
			server.Kill(t)
		}()
		told.record(t, k, 300) // the server dies in the middle of it
		<-killed
		told.outage(t, k, audit.RefuseDestructive)
		server.Restart(t)
		told.healed(t, k)
	}, mysqltest.Own())
}

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

// A store of another version is not written to.
func TestAnotherVersionsStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	k := keep(t, s)
	new(told).record(t, k, 1)
	k.mustStop(t)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE versions SET version = 99"); err != nil {
		t.Fatal(err)
	}
	k = keep(t, open(t, file, ""))
	until(t, "the failure is known", func() bool { return k.Health().Err != nil })
	if err := k.Health().Err; !strings.Contains(err.Error(), "another version") {
		t.Error(err)
	}
	if aside, _ := filepath.Glob(file + ".damaged-*"); len(aside) != 0 {
		t.Error("a store of another version is put aside as if it were damaged")
	}
	if _, err := db.Exec("UPDATE versions SET version = 1"); err != nil {
		t.Fatal(err)
	}
	until(t, "it heals", func() bool { return k.Health().Err == nil })
}

// A proxy starts although its store is away, and stores all when it comes.
func TestAStoreThatComesLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	s := open(t, filepath.Join(dir, "audit.db"), "")
	k := keep(t, s)
	until(t, "the failure is known", func() bool { return k.Health().Err != nil })
	var told told
	told.outage(t, k, audit.RefuseDestructive)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	told.healed(t, k)
}

func TestTwoProcessesDoNotShareAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	keep(t, open(t, file, ""))
	_, err := audit.New(audit.Options{Store: open(t, file, ""), Log: zap.NewNop(), Registerer: prometheus.NewRegistry()})
	if err == nil {
		t.Error("a second process writes to the same file")
	}
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
