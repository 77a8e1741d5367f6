package audit

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"
)

const (
	pruneAtOnce = 1000   // rows of a table removed in one transaction, about
	maxIssues   = 10_000 // kept; beyond these the refusals that were seen last longest ago go

	writersKept = 30 * day // after their last word: nobody who is away for so long comes back to where it ended
)

// prune removes a little of what is too old or too much, and reports whether
// there is more of it.
func (s *Store) prune(ctx context.Context, keep Retention, now time.Time) (more bool, err error) {
	err = s.use(ctx, func(db *sql.DB) error {
		h, err := s.horizon(ctx, db, keep, now)
		if err != nil {
			return err
		}
		more, err = s.pruneBefore(ctx, db, h, now)
		return errors.Join(err, s.dialect.shrink(ctx, db))
	})
	return more, err
}

// horizon is the time before which things go.
type horizon struct {
	now          time.Time
	events, rest time.Time
	minutes      time.Time // for counts by less than an hour, where even these are too much
}

// horizon is given by age, and for a store that is too large by what takes the
// most room: the oldest events, and when there are few, counts by the minute.
func (s *Store) horizon(ctx context.Context, db *sql.DB, keep Retention, now time.Time) (horizon, error) {
	h := horizon{now: now}
	if keep.Age > 0 {
		h.events, h.rest = now.Add(-keep.Age), now.Add(-keep.Age)
	}
	if keep.Size <= 0 {
		return h, nil
	}
	size, err := s.dialect.size(ctx, db)
	if err != nil || size <= keep.Size {
		return h, err
	}
	var id []byte
	err = db.QueryRowContext(ctx, "SELECT id FROM events ORDER BY id LIMIT 1 OFFSET ?", pruneAtOnce-1).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		h.minutes = now.Add(-day)
		return h, nil
	}
	h.events = later(h.events, timeOf(id).Add(time.Millisecond))
	return h, err
}

// of is the end of a grain's counts.
func (h horizon) of(g grain) time.Time {
	end := h.rest
	if g.kept > 0 {
		end = later(end, h.now.Add(-g.kept))
	}
	if g.seconds < 3600 {
		end = later(end, h.minutes)
	}
	return end
}

func timeOf(id []byte) time.Time {
	var u ulid.ULID
	copy(u[:], id)
	return ulid.Time(u.Time())
}

// firstID is the smallest event id of a time.
func firstID(t time.Time) []byte {
	var u ulid.ULID
	_ = u.SetTime(uint64(max(t.UnixMilli(), 0))) // fails beyond the year 10889
	return u[:]
}

func (s *Store) pruneBefore(ctx context.Context, db *sql.DB, h horizon, now time.Time) (more bool, err error) {
	more, err = pruneRange(ctx, db, "events", "id", "id < ?", firstID(h.events))
	if err != nil {
		return false, err
	}
	for _, table := range []string{"counts", "series"} {
		for _, g := range grains {
			rest, err := pruneRange(ctx, db, table, "start", "start <= ? AND grain = ?", h.of(g).Unix()-g.seconds, g.seconds)
			if err != nil {
				return false, err
			}
			more = more || rest
		}
	}
	rest, err := s.pruneIssues(ctx, db, h.rest, maxIssues)
	if err != nil {
		return false, err
	}
	if err := s.pruneWriters(ctx, db, now); err != nil {
		return false, err
	}
	return more || rest, s.foldClients(ctx, db, now)
}

// pruneWriters removes those of a shared store that ended long ago: every start
// of a proxy is one.
func (s *Store) pruneWriters(ctx context.Context, db *sql.DB, now time.Time) error {
	if s.file != "" {
		return nil
	}
	before := now.Add(-writersKept).UnixMilli()
	old, err := names(db.QueryContext(ctx, "SELECT writer FROM writers WHERE closed <> 0 AND seen < ?", before))
	if err != nil {
		return err
	}
	for _, name := range old {
		err := s.transact(ctx, func(tx *sql.Tx) error {
			n, err := affected(tx.ExecContext(ctx, "DELETE FROM writers WHERE writer = ? AND closed <> 0 AND seen < ?", name, before))
			if err == nil && n > 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM ahead WHERE writer = ?", name) // what an heir has counted
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pruneRange deletes the lowest rows of those that a condition names, about
// pruneAtOnce, and reports whether there are more.
func pruneRange(ctx context.Context, db *sql.DB, table, by, where string, args ...any) (more bool, err error) {
	var cut any
	err = db.QueryRowContext(ctx, "SELECT "+by+" FROM "+table+" WHERE "+where+" ORDER BY "+by+" LIMIT 1 OFFSET ?", append(args, pruneAtOnce)...).Scan(&cut)
	switch {
	case err == nil:
		more, where, args = true, where+" AND "+by+" <= ?", append(args, cut)
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM "+table+" WHERE "+where, args...)
	return more, err
}

// pruneIssues removes issues that were last seen before a time, and of more than
// most the refusals seen longest ago: an app that makes ever new shapes of
// statements fills no store with them, and pushes out nothing that was destroyed.
func (s *Store) pruneIssues(ctx context.Context, db *sql.DB, before time.Time, most int) (more bool, err error) {
	old, err := numbers(ctx, db, "SELECT id FROM issues WHERE last_seen < ? LIMIT 200", before.UnixMilli())
	if err != nil {
		return false, err
	}
	extra, err := numbers(ctx, db, `SELECT id FROM issues WHERE last_seen < (SELECT last_seen FROM issues ORDER BY last_seen DESC LIMIT 1 OFFSET ?)
		AND decision IN (?, ?, ?) AND acknowledged_at IS NULL ORDER BY last_seen LIMIT 200`, most-1, string(Refused), string(WouldRefuse), string(LoginRefused))
	if err != nil {
		return false, err
	}
	for _, id := range append(old, extra...) {
		left, err := s.pruneIssue(ctx, db, id)
		if err != nil {
			return false, err
		}
		more = more || left
	}
	return more || len(old) == 200 || len(extra) == 200, nil
}

// pruneIssue removes an issue, or a part of its events where there are many.
func (s *Store) pruneIssue(ctx context.Context, db *sql.DB, id int64) (more bool, err error) {
	if more, err = pruneRange(ctx, db, "events", "id", "issue = ?", id); more || err != nil {
		return more, err
	}
	return false, s.transact(ctx, func(tx *sql.Tx) error { return deleteIssue(ctx, tx, id) })
}

// deleteIssue removes an issue whose events are gone.
func deleteIssue(ctx context.Context, tx *sql.Tx, id int64) error {
	for _, t := range []string{"texts WHERE issue", "clients WHERE issue", "notes WHERE issue", "issues WHERE id"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+t+" = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// numbers returns the integers that a query finds.
func numbers(ctx context.Context, db *sql.DB, query string, args ...any) ([]int64, error) {
	found, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []int64
	for found.Next() {
		var n int64
		if err := found.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, found.Err()
}

// foldClients counts the clients of an issue together that were not seen for
// longest, where there are more than twice maxClients.
func (s *Store) foldClients(ctx context.Context, db *sql.DB, now time.Time) error {
	ids, err := numbers(ctx, db, `SELECT issue FROM clients WHERE issue IN (SELECT id FROM issues WHERE last_seen >= ?)
		GROUP BY issue HAVING COUNT(*) > ?`, now.Add(-2*pruneEvery).UnixMilli(), 2*maxClients)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.transact(ctx, func(tx *sql.Tx) error { return s.foldClientsOf(ctx, tx, id) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) foldClientsOf(ctx context.Context, tx *sql.Tx, issue int64) error {
	var cut int64
	err := tx.QueryRowContext(ctx, "SELECT last_seen FROM clients WHERE issue = ? ORDER BY last_seen DESC LIMIT 1 OFFSET ?", issue, maxClients).Scan(&cut)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var n, first, last sql.NullInt64
	const old = " FROM clients WHERE issue = ? AND last_seen <= ? AND client <> ''"
	if err := tx.QueryRowContext(ctx, "SELECT SUM(events), MIN(first_seen), MAX(last_seen)"+old, issue, cut).Scan(&n, &first, &last); err != nil {
		return err
	}
	if !n.Valid {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE"+old, issue, cut); err != nil {
		return err
	}
	return s.insert(ctx, tx, clientsTable, []any{issue, "", n.Int64, first.Int64, last.Int64})
}
