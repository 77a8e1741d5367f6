package audit

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
	"time"
)

// Fill lets an SQLite store grow no more and fills what room it has, as on a
// full disk. Empty undoes it.
func Fill(t testing.TB, s *Store) {
	t.Helper()
	for _, text := range []string{"CREATE TABLE filler (filling BLOB)", "PRAGMA max_page_count = 1"} {
		if _, err := s.db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if _, err := s.db.Exec("INSERT INTO filler VALUES (zeroblob(100))"); err != nil {
			return
		}
	}
}

// Empty gives a store that was filled its room again.
func Empty(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.db.Exec("PRAGMA max_page_count = 1073741823"); err != nil {
		t.Fatal(err)
	}
}

// Prune removes a little of what is too old or too much.
func (s *Store) Prune(ctx context.Context, keep Retention, now time.Time) (bool, error) {
	return s.prune(ctx, keep, now)
}

// PruneIssues removes a little of what is beyond so many issues.
func (s *Store) PruneIssues(ctx context.Context, most int) (more bool, err error) {
	err = s.use(ctx, func(db *sql.DB) error {
		more, err = s.pruneIssues(ctx, db, time.Time{}, most)
		return err
	})
	return more, err
}

// Writers is how many a store knows.
func Writers(t testing.TB, s *Store) (n int) {
	t.Helper()
	if err := s.reader(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM writers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// WriteAhead writes events ahead of a batch of the only writer that a MySQL store knows.
func WriteAhead(t testing.TB, s *Store, batch int64, events ...Event) error {
	t.Helper()
	var writer string
	if err := s.db.QueryRowContext(t.Context(), "SELECT writer FROM writers").Scan(&writer); err != nil {
		t.Fatal(err)
	}
	return s.writeAhead(entry{Writer: writer, Number: 1 << 40, Batch: batch, Events: events})
}

// Hang lets the journal of a store that is not in use yet write, and not return
// from it until it is released.
func Hang(t testing.TB, s *Store) (release func()) {
	t.Helper()
	if err := s.journal.open(); err != nil {
		t.Fatal(err)
	}
	h := hanging{s.journal.file, make(chan struct{})}
	s.journal.file = h
	return sync.OnceFunc(func() { close(h.released) })
}

type hanging struct {
	journalFile
	released chan struct{}
}

func (h hanging) WriteAt(p []byte, off int64) (int, error) {
	n, err := h.journalFile.WriteAt(p, off)
	<-h.released
	return n, err
}

// Ahead is how many rows are written ahead in a MySQL store.
func Ahead(t testing.TB, s *Store) (n int) {
	t.Helper()
	if err := s.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM ahead").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Watch returns what a store of SQLite will ask its database, with the arguments.
func Watch(t testing.TB, s *Store) *Asked {
	t.Helper()
	asked := &Asked{}
	read := sql.OpenDB(watched{sqlite{file: s.file}.dsn("NORMAL", "1", time.Second), s.read.Driver(), asked})
	t.Cleanup(func() { read.Close() })
	if err := s.read.Close(); err != nil {
		t.Fatal(err)
	}
	s.read = read
	return asked
}

// Asked is what a database was asked.
type Asked struct {
	mu      sync.Mutex
	Queries []string
	Args    [][]any
}

// watched is a driver's connector that keeps what is asked.
type watched struct {
	name  string
	base  driver.Driver
	asked *Asked
}

func (w watched) Driver() driver.Driver { return w.base }

func (w watched) Connect(context.Context) (driver.Conn, error) {
	c, err := w.base.Open(w.name)
	return watchedConn{c, w.asked}, err
}

type watchedConn struct {
	driver.Conn
	asked *Asked
}

func (c watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a.Value
	}
	c.asked.mu.Lock()
	c.asked.Queries, c.asked.Args = append(c.asked.Queries, query), append(c.asked.Args, values)
	c.asked.mu.Unlock()
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// Batches is the number of the last batch that a store has taken.
func Batches(t testing.TB, s *Store) (n int) {
	t.Helper()
	if err := s.reader(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(MAX(batch), 0) FROM writers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Journal is a journal without a store.
type Journal struct {
	j    *journal
	Left []string // ids of the events that were found in it and are in no batch
}

// OpenJournal opens a journal whose store has taken the batches up to stored.
func OpenJournal(t testing.TB, name string, stored int64) Journal {
	t.Helper()
	j := &journal{name: name}
	if err := j.open(); err != nil {
		t.Fatal(err)
	}
	opened := Journal{j: j}
	for _, e := range j.since(stored, 0) {
		opened.Left = append(opened.Left, e.ID)
	}
	return opened
}

// Write writes an event that a batch will store.
func (j Journal) Write(t testing.TB, batch int64, e Event) {
	t.Helper()
	if err := j.j.write(entry{Number: j.j.last.Number + 1, Batch: batch, Events: []Event{e}}); err != nil {
		t.Fatal(err)
	}
}

// Stored notes that a batch is stored.
func (j Journal) Stored(batch int64) { j.j.stored(batch) }

// Close closes the file.
func (j Journal) Close(t testing.TB) {
	t.Helper()
	if err := j.j.close(); err != nil {
		t.Fatal(err)
	}
}
