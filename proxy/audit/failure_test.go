package audit_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
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

// A store that takes too long is told to fail before it does.
func TestASlowStore(t *testing.T) {
	locked := faults()[1]
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	k := keep(t, s, func(o *audit.Options) { o.CommitTimeout = 50 * time.Millisecond })
	var told told
	locked.breaks(t, file, s)
	told.outage(t, k, audit.RefuseDestructive)
	locked.mends(t, file, s)
	told.healed(t, k)
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

// A store whose server hangs for longer than a connection waits: what was refused
// meanwhile is no allowed statement, although the server did as it was asked in
// the end, and the record heals.
func TestAMySQLStoreThatHangs(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Exec(t, "CREATE DATABASE hangs")
		s := open(t, mysqlName(server, "hangs"), mysqltest.Password)
		k := keep(t, s)
		var told told
		told.record(t, k, 10)
		resume := freeze(t, server)
		until(t, "the server stands still", func() bool {
			told.record(t, k, 1)
			return told.unsafe > 0
		})
		until(t, "the connection is given up", func() bool {
			err := k.Health().Err
			return err != nil && !strings.Contains(err.Error(), "took more than")
		})
		told.outage(t, k, audit.RefuseDestructive)
		resume()
		told.healed(t, k)
		if n := audit.Ahead(t, open(t, mysqlName(server, "hangs"), mysqltest.Password)); n != 0 {
			t.Errorf("%d rows are left ahead", n)
		}
	}, mysqltest.Own())
}

// freeze stops a server's process until it is resumed, or t ends.
func freeze(t *testing.T, server *mysqltest.Server) (resume func()) {
	t.Helper()
	var file string
	if err := server.Admin().QueryRow("SELECT @@pid_file").Scan(&file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(server.CAFile()), filepath.Base(file)))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	send := func(s syscall.Signal) {
		if err := syscall.Kill(pid, s); err != nil {
			t.Error(err)
		}
	}
	send(syscall.SIGSTOP)
	resume = sync.OnceFunc(func() { send(syscall.SIGCONT) })
	t.Cleanup(resume)
	return resume
}

// A store whose rows were deleted takes new ones.
func TestAStoreThatWasEmptied(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "emptied")
		k := keep(t, open(t, mysqlName(server, "emptied"), mysqltest.Password))
		new(told).record(t, k, 1)
		server.Exec(t, "DELETE FROM emptied.writers")
		var told told
		told.outage(t, k, audit.RefuseDestructive)
		until(t, "the store heals", func() bool { return k.Health().Err == nil })
		told.record(t, k, 1)
		k.mustStop(t)
		if got := count(issues(t, k.store, audit.Refused)); got < told.refusals {
			t.Errorf("%d refusals of %d", got, told.refusals)
		}
	})
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
