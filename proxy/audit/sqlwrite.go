package audit

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// standing is where a writer ended.
type standing struct {
	writer string
	number int64   // of its last batch
	events int64   // in all its batches
	ahead  int64   // the last number that it has written ahead
	left   []Event // what is written ahead and in no batch
}

// resume says where a writer ended, and signs it on. The journal of a file knows
// the writer's name better than one who was given another. The entry that it
// disowns is not among what is left.
func (s *Store) resume(ctx context.Context, writer string, disowned int64) (at standing, err error) {
	if s.journal != nil {
		if err := s.journal.open(); err != nil {
			return standing{}, err
		}
		writer = cmp.Or(s.journal.last.Writer, writer)
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		at = standing{writer: writer}
		row := tx.QueryRowContext(ctx, "SELECT batch, events FROM writers WHERE writer = ?", writer)
		err := row.Scan(&at.number, &at.events)
		if errors.Is(err, sql.ErrNoRows) {
			err = s.insert(ctx, tx, writersTable, []any{writer, 0, 0, time.Now().UnixMilli(), 0})
		}
		return err
	})
	if s.journal != nil && err == nil {
		at.left, at.ahead = s.journal.since(at.number, disowned), s.journal.last.Number
	}
	return at, err
}

// signOff notes that a writer stored all that it took in.
func (s *Store) signOff(ctx context.Context, writer string) error {
	return s.use(ctx, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "UPDATE writers SET closed = 1 WHERE writer = ?", writer)
		return err
	})
}

// write stores a batch whole, once.
func (s *Store) write(b *batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	slices.SortFunc(b.deltas, func(x, y *delta) int { return cmp.Compare(x.id, y.id) }) // two writers lock rows in the same order
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var last, closed int64
		err := tx.QueryRowContext(ctx, "SELECT batch, closed FROM writers WHERE writer = ?"+s.dialect.lock(), b.writer).Scan(&last, &closed)
		if errors.Is(err, sql.ErrNoRows) {
			err = errUnknown
		}
		if err != nil {
			return err
		}
		if last >= b.number {
			return errWritten
		}
		if err := s.insert(ctx, tx, writersTable, []any{b.writer, b.number, b.events(), b.at.UnixMilli(), 0}); err != nil {
			return err
		}
		if closed == buried {
			if err := s.rise(ctx, tx, b.writer); err != nil {
				return err
			}
		}
		if s.journal == nil {
			if err := takeAhead(ctx, tx, b.writer, b.ahead); err != nil {
				return err
			}
		}
		if b.dead != nil {
			if err := b.dead.bury(ctx, tx); err != nil {
				return err
			}
		}
		return s.writeRows(ctx, tx, rowsOf(b.deltas))
	})
	if s.journal != nil && (err == nil || errors.Is(err, errWritten)) {
		s.journal.stored(b.number)
	}
	return err
}

// rows are what a batch puts into each table.
type rows struct {
	issues, texts, clients, counts, series, events [][]any
	finished                                       []Event
}

func rowsOf(deltas []*delta) rows {
	var r rows
	series := map[seriesKey]int64{}
	for _, d := range deltas {
		r.issue(d)
		for minute, n := range d.minutes {
			for _, grain := range grains {
				start := minute * 60 / grain.seconds * grain.seconds
				r.counts = append(r.counts, []any{grain.seconds, start, int64(d.id), n})
				series[seriesKey{grain.seconds, start, d.key.environment, d.key.app, d.key.decision}] += n
			}
		}
		for client, n := range d.clients {
			r.clients = append(r.clients, []any{int64(d.id), client, n, d.first.UnixMilli(), d.last.UnixMilli()})
		}
		for i := range d.samples {
			r.event(d.id, &d.samples[i])
		}
		r.finished = append(r.finished, d.finished...)
	}
	for k, n := range series {
		r.series = append(r.series, []any{k.grain, k.start, k.environment, k.app, string(k.decision), n})
	}
	slices.SortFunc(r.series, func(x, y []any) int { return cmp.Compare(x[1].(int64), y[1].(int64)) })
	return r
}

type seriesKey struct {
	grain, start     int64
	environment, app string
	decision         Decision
}

func (r *rows) issue(d *delta) {
	e := &d.latest
	hash := textHash(e.Statement)
	r.texts = append(r.texts, []any{int64(d.id), hash, e.Statement})
	r.issues = append(r.issues, []any{
		int64(d.id), string(d.key.decision), d.key.environment, d.key.backend, d.key.app, d.key.account, d.key.rule, d.key.shape,
		e.Kind, e.Need, jsonText(e.Objects), e.Cause, e.Because, e.Reason, e.RuleFile, e.RuleLine, int64(e.Code),
		e.Schema, e.PolicyHash, hash, d.first.UnixMilli(), d.last.UnixMilli(), d.count, d.rows,
	})
}

func (r *rows) event(issue IssueID, e *Event) {
	hash := textHash(e.Statement)
	r.texts = append(r.texts, []any{int64(issue), hash, e.Statement})
	id := ulid.MustParseStrict(e.ID)
	r.events = append(r.events, []any{
		id[:], int64(issue), e.Account, e.Client, jsonText(e.Attributes), e.Schema, e.Need, jsonText(e.Objects),
		hash, e.Reason, int64(e.Code), e.PolicyHash, e.RuleFile, e.RuleLine, e.Rows, int64(e.Duration),
	})
}

// jsonText keeps a list or a map in one column, nothing as nothing.
func jsonText[T []string | map[string]string](v T) string {
	if len(v) == 0 {
		return ""
	}
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

func (s *Store) writeRows(ctx context.Context, tx *sql.Tx, r rows) error {
	for _, t := range []struct {
		table table
		rows  [][]any
	}{
		{issuesTable, r.issues}, {textsTable, r.texts}, {clientsTable, r.clients},
		{countsTable, r.counts}, {seriesTable, r.series}, {eventsTable, r.events},
	} {
		if err := s.insert(ctx, tx, t.table, t.rows...); err != nil {
			return err
		}
	}
	return s.finish(ctx, tx, r.finished)
}

// finish adds what became of statements to those of them that are kept.
func (s *Store) finish(ctx context.Context, tx *sql.Tx, finished []Event) error {
	if len(finished) == 0 {
		return nil
	}
	update, err := tx.PrepareContext(ctx, "UPDATE events SET row_count = ?, duration = ?, code = ? WHERE id = ?")
	if err != nil {
		return err
	}
	defer update.Close()
	for _, e := range finished {
		id, err := ulid.ParseStrict(e.ID)
		if err != nil {
			continue // not one of ours
		}
		if _, err := update.ExecContext(ctx, e.Rows, int64(e.Duration), int64(e.Code), id[:]); err != nil {
			return err
		}
	}
	return nil
}

// rowsAtOnce is how many rows one statement inserts.
const rowsAtOnce = 64

// insert puts rows into a table, whose merges hold for those that are there.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, t table, rows ...[]any) error {
	for chunk := range slices.Chunk(rows, rowsAtOnce) {
		args := make([]any, 0, len(chunk)*len(chunk[0]))
		for _, row := range chunk {
			args = append(args, t.fit(row)...)
		}
		if _, err := tx.ExecContext(ctx, s.dialect.upsert(t, len(chunk)), args...); err != nil {
			return err
		}
	}
	return nil
}

// fit makes a row's texts valid and as short as their columns, in place.
func (t table) fit(row []any) []any {
	for i, v := range row {
		if s, ok := v.(string); ok {
			row[i] = fit(s, t.columns[i].size)
		}
	}
	return row
}

// fit returns s as valid UTF-8 of at most size bytes; of any length where size is 0.
func fit(s string, size int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if size == 0 || len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "")
}
