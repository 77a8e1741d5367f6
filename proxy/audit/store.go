package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Retention says how long a store keeps what it has. Zero fields keep all.
type Retention struct {
	Age  time.Duration
	Size int64 // in bytes
}

var (
	errInUse   = errors.New("another process writes to this store")
	errWritten = errors.New("this batch is stored already")
	errUnknown = errors.New("the store does not know this proxy any more")
	errOutrun  = errors.New("another proxy was faster")
)

// Store keeps issues, events and counts in an SQL database. It is made of what
// it finds at the first use, so that one that is away heals when it comes back.
// All methods are safe for concurrent use.
type Store struct {
	dialect dialect
	file    string // of SQLite

	mu    sync.RWMutex // held for writing while a damaged database is replaced
	db    *sql.DB      // one writer
	read  *sql.DB      // many readers
	ready bool         // the tables are there

	generation  int64       // of the database at the store's name: one that took another's place has a higher one
	opened, log os.FileInfo // of SQLite's file and its log, once ready

	journal *journal // beside SQLite's file; the writer's
}

// dialect is what SQLite and MySQL do not have in common.
type dialect interface {
	open() (write, read *sql.DB, err error)
	create(context.Context, *sql.DB) error
	upsert(t table, rows int) string
	size(context.Context, *sql.DB) (int64, error)
	shrink(context.Context, *sql.DB) error // gives back room that is free, a little
	isolation() sql.IsolationLevel
	by(index string) string // has a table read by an index, or by its key where it has no name
	lock() string           // ends a SELECT of a row that is changed next
	joinInOrder() string    // joins the second table to the first, whatever the planner thinks
	damaged(error) bool
	retry(error) bool // a conflict with another writer
}

// Open opens a store by its name: the file of an SQLite database, or
// mysql://user@host:port/database with the password apart. Nothing is read or
// written yet.
func Open(name, password string) (*Store, error) {
	if strings.HasPrefix(name, "mysql://") {
		d, err := newMySQL(name, password)
		if err != nil {
			return nil, err
		}
		return newStore(d, "")
	}
	return newStore(sqlite{file: name}, name)
}

func newStore(d dialect, file string) (*Store, error) {
	write, read, err := d.open()
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	s := &Store{dialect: d, file: file, db: write, read: read, generation: 1}
	if file != "" {
		s.journal = &journal{name: file + "-ahead"}
	}
	return s, nil
}

// Close closes the store's connections.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errors.Join(s.db.Close(), s.read.Close())
	if s.journal != nil {
		err = errors.Join(err, s.journal.close())
	}
	return err
}

// tallyFile is where the events taken in are counted beside the store.
func (s *Store) tallyFile() string {
	if s.file == "" {
		return ""
	}
	return s.file + "-tally"
}

// use hands out the writing connection, with the tables made.
func (s *Store) use(ctx context.Context, do func(*sql.DB) error) error {
	s.mu.RLock()
	db, ready := s.db, s.ready
	s.mu.RUnlock()
	if !ready {
		if err := s.create(ctx, db); err != nil {
			return s.judge(db, err)
		}
		s.made(db)
	}
	return s.judge(db, do(db))
}

// schemaVersion is that of the tables. A store of another version is left as it
// is: what an older or newer Guardrail wrote there is not to be guessed at.
const schemaVersion = 1

// create makes the tables, or finds that they are there and as this version knows them.
func (s *Store) create(ctx context.Context, db *sql.DB) error {
	if err := s.dialect.create(ctx, db); err != nil {
		return err
	}
	return inTransaction(ctx, db, s.dialect.isolation(), func(tx *sql.Tx) error {
		if err := s.insert(ctx, tx, versionsTable, []any{1, schemaVersion}); err != nil {
			return err
		}
		var found int
		if err := tx.QueryRowContext(ctx, "SELECT version FROM versions WHERE id = 1").Scan(&found); err != nil {
			return err
		}
		if found != schemaVersion {
			return fmt.Errorf("the store was made by another version of Guardrail (its tables are of version %d, not %d); move it aside", found, schemaVersion)
		}
		return nil
	})
}

// maxReaders is how many queries of views run at a time. Their connections stay for
// a minute: one that is new has nothing in its cache.
const maxReaders = 4

// reader returns the connections that read. Before the first batch is stored it
// makes the tables, so that an empty record reads as one; where that fails, the
// reading will say why.
func (s *Store) reader(ctx context.Context) *sql.DB {
	s.mu.RLock()
	write, read, ready := s.db, s.read, s.ready
	s.mu.RUnlock()
	if !ready && s.create(ctx, write) == nil {
		s.made(write)
	}
	return read
}

// Version changes when events were stored or issues noted.
func (s *Store) Version(ctx context.Context) (string, error) {
	var events, notes sql.NullInt64
	err := s.reader(ctx).QueryRowContext(ctx, "SELECT (SELECT SUM(events) FROM writers), (SELECT MAX(at) FROM notes)").Scan(&events, &notes)
	return fmt.Sprintf("%d.%d", events.Int64, notes.Int64), err
}

// Size is how many bytes the store takes.
func (s *Store) Size(ctx context.Context) (int64, error) { return s.dialect.size(ctx, s.reader(ctx)) }

// judge replaces the store where an error says that it is damaged.
func (s *Store) judge(db *sql.DB, err error) error {
	if err == nil || !s.dialect.damaged(err) {
		return err
	}
	aside, replaceErr := s.replace(db)
	if replaceErr != nil || aside == "" {
		return errors.Join(err, replaceErr)
	}
	return fmt.Errorf("the store was damaged: it is kept as %s, and a new one is begun: %w", aside, err)
}

// transact runs do in a transaction, again where another writer was in its way.
func (s *Store) transact(ctx context.Context, do func(*sql.Tx) error) error {
	return s.use(ctx, func(db *sql.DB) error {
		for try := 0; ; try++ {
			err := inTransaction(ctx, db, s.dialect.isolation(), do)
			if err == nil || try == 3 || !s.dialect.retry(err) {
				return err
			}
		}
	})
}

func inTransaction(ctx context.Context, db *sql.DB, level sql.IsolationLevel, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
