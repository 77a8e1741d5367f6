package audit

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Sighting is a server that was met behind a backend's address.
type Sighting struct {
	Time        time.Time
	Environment string
	Backend     string
	ID          string // what tells servers apart beside host name, port and version
	Host        string
	Port        string
	Version     string
}

// forgetAfter is how long a server stays known while others are met in its
// place. An address may lead to several servers in turn; one that comes back
// after this long is news.
const forgetAfter = time.Hour

// serversTable remembers the servers behind each backend. A server is known by
// the hash of all that is told of it.
var serversTable = table{name: "servers", key: []string{"environment", "backend", "hash"}, columns: []column{
	text("environment", 64, ""), text("backend", 64, ""), integer("hash", ""),
	text("id", 512, ""), text("host", 255, ""), text("port", 16, ""), text("version", 128, ""),
	integer("first_seen", ""), integer("last_seen", ""),
}}

func (s Sighting) hash() int64 {
	return textHash(s.ID + "\x00" + s.Host + "\x00" + s.Port + "\x00" + s.Version)
}

// Meet takes note of a server. Where it has taken another one's place, that one
// is returned, to one caller of all that share the store. Time in which nobody
// met a server does not count: after a restart the same server is no news.
func (s *Store) Meet(ctx context.Context, met Sighting) (earlier *Sighting, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		earlier, err = s.meet(ctx, tx, met)
		return err
	})
	return earlier, err
}

func (s *Store) meet(ctx context.Context, tx *sql.Tx, met Sighting) (earlier *Sighting, err error) {
	hash, now := met.hash(), met.Time.UnixMilli()
	// From here to the end of the transaction the server's row is locked, so that
	// of two callers one sees what the other has written.
	if err := s.insert(ctx, tx, serversTable, []any{met.Environment, met.Backend, hash, met.ID, met.Host, met.Port, met.Version, now, 0}); err != nil {
		return nil, err
	}
	var seen int64
	err = tx.QueryRowContext(ctx, "SELECT last_seen FROM servers WHERE environment = ? AND backend = ? AND hash = ?", met.Environment, met.Backend, hash).Scan(&seen)
	if err != nil {
		return nil, err
	}
	last, err := lastBut(ctx, tx, met)
	if err != nil {
		return nil, err
	}
	if last != nil {
		forgotten := last.Time.Add(-forgetAfter).UnixMilli()
		if seen < forgotten {
			earlier = last
		}
		if _, err = tx.ExecContext(ctx, "DELETE FROM servers WHERE environment = ? AND backend = ? AND hash <> ? AND last_seen < ?", met.Environment, met.Backend, hash, forgotten); err != nil {
			return nil, err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE servers SET last_seen = ? WHERE environment = ? AND backend = ? AND hash = ?", max(seen, now), met.Environment, met.Backend, hash)
	return earlier, err
}

// lastBut returns the server of the backend that was met last, this one aside.
func lastBut(ctx context.Context, tx *sql.Tx, met Sighting) (*Sighting, error) {
	last := Sighting{Environment: met.Environment, Backend: met.Backend}
	var seen int64
	err := tx.QueryRowContext(ctx, `SELECT id, host, port, version, last_seen FROM servers
		WHERE environment = ? AND backend = ? AND hash <> ? AND last_seen > 0 ORDER BY last_seen DESC LIMIT 1`,
		met.Environment, met.Backend, met.hash()).Scan(&last.ID, &last.Host, &last.Port, &last.Version, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	last.Time = time.UnixMilli(seen)
	return &last, err
}
