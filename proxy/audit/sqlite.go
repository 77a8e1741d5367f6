package audit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// sqlite keeps the record in one file, with a write-ahead log beside it.
type sqlite struct{ file string }

// open returns one writing connection, whose commits are on the disk when they
// return, and a few that read.
func (d sqlite) open() (write, read *sql.DB, err error) {
	if write, err = sql.Open("sqlite", d.dsn("FULL", "0", time.Second)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = sql.Open("sqlite", d.dsn("NORMAL", "1", 5*time.Second)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(maxReaders)
	read.SetMaxIdleConns(maxReaders)
	read.SetConnMaxIdleTime(time.Minute)
	return write, read, nil
}

func (d sqlite) dsn(synchronous, queryOnly string, wait time.Duration) string {
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()),
		"auto_vacuum(incremental)",
		"journal_mode(wal)",
		"journal_size_limit(67108864)",
		"synchronous(" + synchronous + ")",
		"cache_size(-65536)",
		"mmap_size(268435456)",
		"temp_store(memory)",
		"query_only(" + queryOnly + ")",
	}, "_txlock": {"immediate"}}
	if queryOnly == "1" {
		q.Del("_txlock")
	}
	return "file:" + (&url.URL{Path: d.file}).EscapedPath() + "?" + q.Encode()
}

// private makes the file for the proxy's own account to read, unless it is there;
// SQLite makes those beside it alike. One that is there is not opened: closing it
// would end the locks that SQLite has on it.
func (d sqlite) private() error {
	f, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (d sqlite) create(ctx context.Context, db *sql.DB) error {
	if err := d.private(); err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := db.ExecContext(ctx, t.create("INTEGER", "BLOB", "TEXT", func(int) string { return "TEXT" }, t.tail())); err != nil {
			return err
		}
	}
	for _, x := range indexes {
		if _, err := db.ExecContext(ctx, "CREATE INDEX IF NOT EXISTS "+x.name+" ON "+x.table+" ("+x.columns+")"); err != nil {
			return err
		}
	}
	return nil
}

func (sqlite) upsert(t table, rows int) string { return t.insert(rows) + t.onConflict() }

// size is what the pages in use take.
func (d sqlite) size(ctx context.Context, db *sql.DB) (int64, error) {
	var n int64
	err := db.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	return n, err
}

// shrink gives at most 4 MiB of free pages back to the file system.
func (sqlite) shrink(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "PRAGMA incremental_vacuum(1000)")
	return err
}

func (sqlite) damaged(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == codes.SQLITE_CORRUPT || code == codes.SQLITE_NOTADB
}

func (sqlite) isolation() sql.IsolationLevel { return sql.LevelDefault }

func (sqlite) by(index string) string {
	if index == "" {
		return " NOT INDEXED"
	}
	return " INDEXED BY " + index
}

// lock is none: a transaction that writes is alone from its start.
func (sqlite) lock() string { return "" }

func (sqlite) joinInOrder() string { return "CROSS JOIN" }

func (sqlite) retry(error) bool { return false }
