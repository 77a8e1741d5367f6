package audit

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A file that is removed or moved away while it is open can be written to as
// before, and nobody finds again what is. So the names are looked at, every
// second and after each destructive statement that was stored, and what stands
// at them is taken up where it is not what is open.

// lookEvery is how often an idle store's files are looked at.
const lookEvery = time.Second

// here reports whether a name leads to the file that was opened by it.
func here(name string, opened os.FileInfo) bool {
	now, err := os.Stat(name)
	return err == nil && opened != nil && os.SameFile(now, opened)
}

func gone(name string) error { return fmt.Errorf("%s was removed or replaced", name) }

// look finds out, now and again, whether the files are there. Where they are not
// it tells so, and takes up what is in their place, which is written to at the
// next attempt.
func (w *writer) look(now time.Time) (ok bool) {
	if now.Sub(w.looked) < lookEvery {
		return true
	}
	err := w.present()
	if err != nil {
		w.tried = now
		w.failed(now, err)
		if mendErr := w.mend(); mendErr != nil {
			w.fail(fmt.Errorf("%w, and cannot be taken up again: %w", err, mendErr))
			return false
		}
	}
	w.looked = now
	return err == nil
}

func (w *writer) present() error {
	if err := w.o.Store.present(); err != nil {
		return err
	}
	return w.tally.present()
}

// mend takes up the files that stand at the names now, the tally first: its lock
// may be another process's.
func (w *writer) mend() error {
	if w.tally.present() != nil {
		w.mu.Lock()
		fresh, err := w.tally.renewed()
		if err == nil {
			w.tally = fresh
		}
		w.mu.Unlock()
		if err != nil {
			return err
		}
	}
	w.resumed = 0
	return w.o.Store.renew()
}

// present reports which of the store's files is not there any more. Of the
// journal only the writer may ask.
func (s *Store) present() error {
	if s.journal == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.ready && !here(s.file, s.opened):
		return gone(s.file)
	case s.lacksLog():
		return gone(s.file + "-wal")
	case !s.journal.present():
		return gone(s.journal.name)
	}
	return nil
}

// lacksLog reports whether SQLite's log was removed, which is there as long as a
// connection is.
func (s *Store) lacksLog() bool {
	if !s.ready || s.log == nil || s.db.Stats().OpenConnections == 0 {
		return false
	}
	_, err := os.Stat(s.file + "-wal")
	return errors.Is(err, fs.ErrNotExist)
}

// made takes note that a database has its tables, and which files it is.
func (s *Store) made(db *sql.DB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready = s.db == db; s.ready && s.file != "" {
		s.opened, _ = os.Stat(s.file) // one that is gone is missed later
		s.log, _ = os.Stat(s.file + "-wal")
	}
}

// renew takes up the files that stand at the store's names now.
func (s *Store) renew() error {
	if !s.journal.present() {
		s.journal.forget()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready || here(s.file, s.opened) && !s.lacksLog() {
		return nil
	}
	s.closeDatabase() // stores what is in a log without a name
	if !here(s.file, s.opened) && s.ownsLog() {
		if err := moveAside(s.file, s.file+".removed-"+stamp(), "-wal", "-shm"); err != nil {
			return err
		}
	}
	return s.begin()
}

// ownsLog reports whether the log that stands beside the file's name is that of
// the file which was there, and not of another that was put in its place.
func (s *Store) ownsLog() bool {
	_, err := os.Stat(s.file)
	return errors.Is(err, fs.ErrNotExist) || here(s.file+"-wal", s.log)
}

// closeDatabase closes the connections, and waits a little for those that read:
// the last one that is closed tidies up.
func (s *Store) closeDatabase() {
	_ = s.db.Close()
	_ = s.read.Close()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if s.db.Stats().OpenConnections+s.read.Stats().OpenConnections == 0 {
			return
		}
		<-tick.C
	}
}

// begin opens the database that stands at the file's name, or a new one.
func (s *Store) begin() error {
	write, read, err := s.dialect.open()
	if err != nil {
		return fmt.Errorf("begin a new record: %w", err)
	}
	s.db, s.read, s.ready = write, read, false
	s.generation++
	return nil
}

// begun is the generation of the database.
func (s *Store) begun() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.generation
}

func stamp() string { return time.Now().UTC().Format("20060102T150405.000") }

// moveAside renames what there is of a file and its companions, by the ends of their names.
func moveAside(from, to string, ends ...string) (err error) {
	for _, end := range ends {
		if moveErr := os.Rename(from+end, to+end); !errors.Is(moveErr, fs.ErrNotExist) {
			err = errors.Join(err, moveErr)
		}
	}
	return err
}

// replace puts a damaged database aside, whole, and begins a new one, unless that
// was done meanwhile.
func (s *Store) replace(damaged *sql.DB) (aside string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != damaged {
		return "", nil
	}
	s.closeDatabase()
	aside = s.file + ".damaged-" + stamp()
	err = moveAside(s.file, aside, "", "-wal", "-shm")
	return aside, errors.Join(err, s.begin())
}
