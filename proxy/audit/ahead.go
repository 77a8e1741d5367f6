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
// another writer of the fleet. What was told to have failed is taken back by the
// next batch, should it be there; until then only the tally beside a file knows.

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
		return errors.Join(s.journal.write(e), s.present())
	}
	text, err := json.Marshal(e.Events)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	return s.use(ctx, func(db *sql.DB) error {
		n, err := affected(db.ExecContext(ctx, insertAhead, e.Writer, e.Number, string(text), e.Writer, e.Batch))
		if err == nil && n == 0 {
			err = errFenced
		}
		return err
	})
}

// insertAhead comes before the batch that will store the entry, or not at all: an
// attempt that nobody heard of may stay on its way for as long as the server hangs.
const insertAhead = `INSERT INTO ahead (writer, number, events)
	SELECT ?, ?, ? FROM writers WHERE writer = ? AND batch < ? AND closed = 0 LOCK IN SHARE MODE`

var errFenced = errors.New("the store holds this proxy for dead")

// takeAhead removes what a writer has written ahead, up to a number.
func takeAhead(ctx context.Context, tx *sql.Tx, writer string, number int64) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM ahead WHERE writer = ? AND number <= ?", writer, number)
	return err
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
