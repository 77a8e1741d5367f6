package audit_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

// Whatever was written and stored before, a journal that is opened after a kill
// has what no batch has stored, in order and once.
func TestAJournalHasWhatNoBatchHasStored(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	name := filepath.Join(t.TempDir(), "audit.db-ahead")
	j := audit.OpenJournal(t, name, 0)
	var waiting []string
	batch := int64(1)
	for step := range 400 {
		switch r.IntN(8) {
		case 0:
			j.Stored(batch)
			waiting, batch = nil, batch+1
		case 1:
			j.Close(t)
			j = audit.OpenJournal(t, name, batch-1)
			if !slices.Equal(j.Left, waiting) {
				t.Fatalf("step %d: %q is left, want %q", step, j.Left, waiting)
			}
		default:
			e := loss(time.Now())
			e.ID, e.Statement = fmt.Sprintf("%d", step), strings.Repeat("x", r.IntN(3)*r.IntN(500))
			j.Write(t, batch, e)
			waiting = append(waiting, e.ID)
		}
	}
	j.Close(t)
}

// A killed process's journal is stored once by the next, even when the file that
// knows its name is gone.
func TestWhatAKilledProxyHadWrittenAheadIsStoredOnce(t *testing.T) {
	for _, without := range []string{"", "-tally"} {
		t.Run("without"+without, func(t *testing.T) {
			file := killed(t, 3)
			if without != "" {
				if err := os.Remove(file + without); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				s := open(t, file, "")
				keep(t, s).mustStop(t)
				if got := issues(t, s, audit.AllowedDestructive); count(got) != 3 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

// An entry that was not written whole was never answered. It ends the journal,
// and so does one that the disk has changed, which is missed.
func TestADamagedJournal(t *testing.T) {
	file := killed(t, 3)
	content, err := os.ReadFile(file + "-ahead")
	if err != nil {
		t.Fatal(err)
	}
	third := bytes.LastIndex(content, []byte("GRAHEAD1"))
	content[third+100] ^= 1
	if err := os.WriteFile(file+"-ahead", content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, file, "")
	keep(t, s).mustStop(t)
	byDecision := map[audit.Decision]int64{}
	for _, i := range issues(t, s) {
		byDecision[i.Decision] += i.Events
	}
	if want := (map[audit.Decision]int64{audit.AllowedDestructive: 2, audit.RecordGap: 1}); !maps.Equal(byDecision, want) {
		t.Errorf("%v, want %v", byDecision, want)
	}
}

// A disk that takes so long to write that the statement is refused, and writes it
// then: it is no allowed one, whenever the process is killed.
func TestAJournalThatHangs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s := open(t, file, "")
	release := audit.Hang(t, s)
	k := keep(t, s, func(o *audit.Options) { o.CommitTimeout = 50 * time.Millisecond })
	t.Cleanup(release) // before the book's end
	until(t, "the first batch, which is empty, is stored", func() bool { return audit.Batches(t, s) > 0 })
	var told told
	told.record(t, k, 1)
	if told.unsafe != 1 {
		t.Fatalf("%+v: recorded by a disk that hangs", told)
	}
	until(t, "it is written", func() bool {
		content, err := os.ReadFile(file + "-ahead")
		return err == nil && bytes.Contains(content, []byte("DROP TABLE old_1"))
	})
	left := asLeft(t, file)
	release()
	told.healed(t, k)
	for _, file := range []string{left, asLeft(t, file)} {
		s := open(t, file, "")
		keep(t, s).mustStop(t)
		if n, lost := count(issues(t, s, audit.AllowedDestructive)), count(issues(t, s, audit.RecordGap)); n > told.kept || file == left && (n != 0 || lost != 2) {
			t.Errorf("%d allowed, %d lost", n, lost)
		}
	}
}

func TestAJournalThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	if err := os.Mkdir(file+"-ahead", 0o700); err != nil {
		t.Fatal(err)
	}
	k := keep(t, open(t, file, ""))
	if err := k.Record(loss(time.Now())); err == nil {
		t.Error("a destructive statement went on unrecorded")
	}
	if err := os.Remove(file + "-ahead"); err != nil {
		t.Fatal(err)
	}
	until(t, "the record heals", func() bool { return k.Record(loss(time.Now())) == nil })
}

// killed is a store's file as a kill leaves it: n destructive statements were
// recorded, and none is in a batch.
func killed(t *testing.T, n int) (file string) {
	t.Helper()
	from := t.TempDir()
	k := keep(t, open(t, filepath.Join(from, "audit.db"), ""), func(o *audit.Options) { o.FlushEvery = time.Hour })
	until(t, "the first batch, which is empty, is stored", func() bool { return audit.Batches(t, k.store) > 0 })
	for range n {
		e := loss(time.Now())
		k.submit(t, &e)
	}
	return asLeft(t, filepath.Join(from, "audit.db"))
}

// asLeft copies a store's files as a kill would leave them now.
func asLeft(t *testing.T, file string) (copied string) {
	t.Helper()
	to := t.TempDir()
	files, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(file), f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(to, filepath.Base(file))
}
