package audit_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

// A store whose files are removed, moved away or replaced under a running proxy:
// it is noticed, the record goes on in what stands at the names, and what is not
// there in the end is told as missing, once.
func TestFilesThatAreRemovedWhileTheyAreWrittenTo(t *testing.T) {
	remove := func(ends ...string) func(*testing.T, string) {
		return func(t *testing.T, file string) {
			for _, end := range ends {
				if err := os.Remove(file + end); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		breaks func(t *testing.T, file string)
		gap    bool
	}{
		{"all", remove("", "-wal", "-shm", "-ahead", "-tally"), true},
		{"the database", remove(""), true},
		{"the log", remove("-wal"), false},
		{"all but the database", remove("-wal", "-shm", "-ahead", "-tally"), false},
		{"the journal", remove("-ahead"), false},
		{"the tally", remove("-tally"), false},
		{"moved away", func(t *testing.T, file string) { rename(t, file, file+".old") }, true},
		{"another in its place", func(t *testing.T, file string) {
			other := filepath.Join(t.TempDir(), "other.db")
			s := open(t, other, "")
			keep(t, s).mustStop(t)
			s.Close()
			rename(t, other, file)
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "audit.db")
			s := open(t, file, "")
			k := keep(t, s)
			var told told
			told.record(t, k, 10)
			before := told
			until(t, "all is in a batch", func() bool {
				found, _, err := s.Issues(t.Context(), audit.Filter{}, audit.ByLast, 10, 0)
				return err == nil && count(found) == 20
			})
			c.breaks(t, file)
			at := time.Now()
			until(t, "it is noticed", func() bool { return k.Health().Err != nil })
			if took := time.Since(at); took > 5*time.Second {
				t.Errorf("noticed after %v", took)
			}
			t.Log(k.Health().Err)
			told.record(t, k, 1)
			until(t, "the store heals", func() bool { return k.Health().Err == nil })
			told.record(t, k, 10)
			if told.unsafe != 1 {
				t.Errorf("%d statements refused", told.unsafe)
			}
			k.mustStop(t)
			s.Close()
			for range 2 {
				s := open(t, file, "")
				keep(t, s).mustStop(t)
				all, gap := count(issues(t, s)), count(issues(t, s, audit.RecordGap))
				want := int64(0)
				if c.gap {
					want = before.refusals + before.kept
				}
				if all != told.refusals+told.kept+told.unsafe || gap > want || c.gap && gap == 0 {
					t.Errorf("%d events in all, of %+v; %d are missing, at most %d", all, told, gap, want)
				}
				s.Close()
			}
			private(t, filepath.Dir(file))
		})
	}
}

// A statement that is stored in a file without a name is not told to be stored.
func TestAFileIsThereWhenAStatementIsForwarded(t *testing.T) {
	for _, end := range []string{"", "-ahead", "-wal"} {
		file := filepath.Join(t.TempDir(), "audit.db")
		k := keep(t, open(t, file, ""), func(o *audit.Options) { o.FlushEvery = time.Hour })
		var told told
		told.record(t, k, 1)
		if err := os.Remove(file + end); err != nil {
			t.Fatal(err)
		}
		if told.record(t, k, 1); told.unsafe != 1 {
			t.Errorf("without audit.db%s: %+v", end, told)
		}
	}
}

// A second process that took the names over while the first one's files were
// moved away has them for itself.
func TestAnotherProcessHasTakenOver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	first := keep(t, open(t, file, ""))
	new(told).record(t, first, 1)
	for _, end := range []string{"", "-wal", "-shm", "-ahead", "-tally"} {
		rename(t, file+end, file+end+".old")
	}
	second := keep(t, open(t, file, ""))
	new(told).record(t, second, 1)
	until(t, "it is noticed", func() bool { return first.Health().Err != nil })
	var firsts told
	firsts.outage(t, first, audit.RefuseDestructive)
	if firsts.kept != 0 || second.Health().Err != nil {
		t.Errorf("%+v, %v", firsts, second.Health().Err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// private checks that all files of a folder are the account's own to read.
func private(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != fs.FileMode(0o600) {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	k := keep(t, open(t, filepath.Join(dir, "audit.db"), ""))
	new(told).record(t, k, 1)
	private(t, dir)
}
