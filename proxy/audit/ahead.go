package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A destructive statement is stored before it is forwarded. All that a batch
// tells of it (its issue, counts, client, text) is much work, so first its event
// alone is written ahead, as one row for all that come at once. The next batch
// stores the rest, and takes those rows away in the same transaction. What a
// killed process has written ahead and not in a batch comes back when its writer
// is resumed, or with another writer of the fleet.

// writeAhead stores events under the next number of a writer.
func (s *Store) writeAhead(ctx context.Context, writer string, number int64, events []Event) error {
	text, err := json.Marshal(events)
	if err != nil {
		return err
	}
	return s.use(ctx, func(db *sql.DB) error {
		if s.ahead.on != db {
			insert, err := db.PrepareContext(ctx, aheadTable.insert(1))
			if err != nil {
				return err
			}
			s.ahead = aheadInsert{on: db, insert: insert}
		}
		_, err := s.ahead.insert.ExecContext(ctx, writer, number, string(text))
		return err
	})
}

// aheadInsert is the statement that writes ahead, prepared once for a database.
// It is closed with that.
type aheadInsert struct {
	on     *sql.DB
	insert *sql.Stmt
}

// takeAhead removes what a writer has written ahead, up to a number.
func takeAhead(ctx context.Context, tx *sql.Tx, writer string, number int64) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM ahead WHERE writer = ? AND number <= ?", writer, number)
	return err
}

// left is what a writer has written ahead and no batch has stored, and its last number.
func left(ctx context.Context, tx *sql.Tx, writer string) (events []Event, last int64, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT number, events FROM ahead WHERE writer = ? ORDER BY number", writer)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&last, &text); err != nil {
			return nil, 0, err
		}
		some, err := parseAhead(text)
		if err != nil {
			return nil, 0, err
		}
		events = append(events, some...)
	}
	return events, last, errors.Join(rows.Err(), rows.Close())
}

// eventAhead is an event that is written ahead, or ErrNotFound.
func eventAhead(ctx context.Context, db *sql.DB, id string) (Kept, error) {
	var text string
	err := db.QueryRowContext(ctx, "SELECT events FROM ahead WHERE events LIKE ?", "%"+id+"%").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return Kept{}, ErrNotFound
	}
	if err != nil {
		return Kept{}, err
	}
	events, err := parseAhead(text)
	if err != nil {
		return Kept{}, err
	}
	i := slices.IndexFunc(events, func(e Event) bool { return e.ID == id })
	if i < 0 {
		return Kept{}, ErrNotFound
	}
	return Kept{Event: events[i], Issue: keyOf(&events[i]).id()}, nil
}

func parseAhead(text string) (events []Event, err error) {
	if err = json.Unmarshal([]byte(text), &events); err != nil {
		err = fmt.Errorf("events that are written ahead: %w", err)
	}
	return events, err
}

// inherit makes what a writer that is no more has written ahead another's, under
// that one's next number, and returns it.
func inherit(ctx context.Context, tx *sql.Tx, dead, heir string, number int64) ([]Event, error) {
	events, last, err := left(ctx, tx, dead)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	text, err := json.Marshal(events)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, aheadTable.insert(1), heir, number, string(text)); err != nil {
		return nil, err
	}
	return events, takeAhead(ctx, tx, dead, last)
}

// othersAhead are the writers beside one that have written ahead. A file has one
// writer at a time, so that all others are no more.
func othersAhead(ctx context.Context, tx *sql.Tx, writer string) ([]string, error) {
	return names(tx.QueryContext(ctx, "SELECT DISTINCT writer FROM ahead WHERE writer <> ?", writer))
}

// names reads rows of one text each.
func names(rows *sql.Rows, err error) (all []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}
