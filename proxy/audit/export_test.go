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

// ClaimDead finds writers that ended without signing off.
func (s *Store) ClaimDead(ctx context.Context, now time.Time) (names []string, err error) {
	found, err := s.claimDead(ctx, now, "heir", 0)
	for _, d := range found {
		names = append(names, d.name)
	}
	return names, err
}

// WriteAhead writes an event ahead as a writer of a name.
func WriteAhead(t testing.TB, s *Store, writer string, e Event) {
	t.Helper()
	if err := s.writeAhead(t.Context(), writer, 1, []Event{e}); err != nil {
		t.Fatal(err)
	}
}

// Ahead is how many rows are written ahead.
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
