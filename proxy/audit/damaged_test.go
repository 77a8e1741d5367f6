package audit_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardrail/proxy/audit"
)

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
