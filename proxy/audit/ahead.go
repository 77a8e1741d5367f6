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
// alone is written ahead, as one entry for all that come at once: to a journal
// beside an SQLite store, to a table of a MySQL store, which another proxy of a
// fleet can read. The next batch stores the rest. What a killed process has
// written ahead and not in a batch comes back when its writer is resumed, or with
// another writer of the fleet.

// entry is what is written ahead at once.
type entry struct {
	Writer string  `json:"writer"`
	Number int64   `json:"number"` // one after another
	Batch  int64   `json:"batch"`  // that will store it
	Events []Event `json:"events"`
}

// head is the entry without its events.
func (e entry) head() entry {
	e.Events = nil
	return e
}

// writeAhead stores an entry by itself. It is safe when writeAhead returns.
func (s *Store) writeAhead(e entry) error {
	if s.journal != nil {
		return s.journal.write(e)
	}
	text, err := json.Marshal(e.Events)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	return s.use(ctx, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, aheadTable.insert(1), e.Writer, e.Number, string(text))
		return err
	})
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
func (s *Store) eventAhead(ctx context.Context, db *sql.DB, id string) (Kept, error) {
	var e Event
	var err error
	if s.journal != nil {
		e, err = journalled(s.journal.name, id)
	} else {
		e, err = inAheadTable(ctx, db, id)
	}
	if err != nil {
		return Kept{}, err
	}
	return Kept{Event: e, Issue: keyOf(&e).id()}, nil
}

func inAheadTable(ctx context.Context, db *sql.DB, id string) (Event, error) {
	var text string
	err := db.QueryRowContext(ctx, "SELECT events FROM ahead WHERE events LIKE ?", "%"+id+"%").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, ErrNotFound
	}
	if err != nil {
		return Event{}, err
	}
	events, err := parseAhead(text)
	if err != nil {
		return Event{}, err
	}
	return withID(events, id)
}

// withID finds an event among others, or gives ErrNotFound.
func withID(events []Event, id string) (Event, error) {
	i := slices.IndexFunc(events, func(e Event) bool { return e.ID == id })
	if i < 0 {
		return Event{}, ErrNotFound
	}
	return events[i], nil
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
