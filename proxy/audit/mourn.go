package audit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"time"

	"go.uber.org/zap"
)

// A proxy of a fleet that is killed leaves destructive statements in the shared
// store, written ahead and in no batch. Another proxy finds it silent, and makes
// a batch of these: it is stored once or not at all, like every batch, by one
// heir. Should the writer be alive, and only have been cut off, it finds with its
// next batch what the heir has counted, and takes that back: it knows better.

// deadAfter is how long a writer that did not sign off may be silent.
const deadAfter = 8 * beatEvery

// dead is a writer that ended without signing off.
type dead struct {
	name    string
	silent  int64   // since when at least, in milliseconds since 1970
	entries int64   // how many it has written ahead that are in no batch
	left    []Event // in these
}

// mourn records that other proxies were killed, each in a batch of its own. How
// many refusals went with them nobody knows; their destructive statements are there.
func (w *writer) mourn(ctx context.Context, now time.Time) {
	if now.Sub(w.Health().Since) < deadAfter {
		return // while the store was away all were silent
	}
	found, err := w.o.Store.findDead(ctx, now.Add(-deadAfter))
	if err != nil {
		w.o.Log.Error("the record's other writers could not be looked at", zap.Error(err))
		return
	}
	for i := range found {
		w.pending = w.inheritance(&found[i], now)
		if w.attempt(now); w.pending != nil {
			return
		}
	}
}

// inheritance is the batch that makes this writer another's heir.
func (w *writer) inheritance(d *dead, now time.Time) *batch {
	in := newIntake()
	in.add(w.gap(d.environment(w.o.Environment), "the proxy "+d.name+
		" was killed, or cut off from the store; how many of its refusals are missing is not known: those of its last second may be"), 1)
	for i := range d.left {
		in.add(&d.left[i], 1)
	}
	return &batch{writer: w.name, number: w.next(), at: now, deltas: in.drain(now), dead: d}
}

// inherited tells of an inheritance that is stored.
func (w *writer) inherited(p *batch) {
	if err := w.lines.write(p.deltas); err != nil {
		w.metrics.lineFailures.Inc()
	}
	w.mu.Lock()
	h := w.Health()
	h.Killed++
	w.health.Store(&h)
	w.mu.Unlock()
	w.metrics.killed.Inc()
	w.o.Log.Error("a proxy on this store was killed, or cut off from it; how many of its refusals are missing in the record is not known",
		zap.String("proxy", p.dead.name), zap.Int("destructive_statements_inherited", len(p.dead.left)))
}

// maxName is the length of a writer's name in the store.
const maxName = 64

// newName is a writer's name: its environment, for those who find it dead, and
// what tells it from all others.
func newName(environment string) string {
	own := rand.Text()
	if name := environment + "/" + own; len(name) <= maxName {
		return name
	}
	return own
}

// environment is the writer's own, or where that is not known, otherwise.
func (d *dead) environment(otherwise string) string {
	if i := strings.LastIndexByte(d.name, '/'); i > 0 {
		return d.name[:i]
	}
	if len(d.left) > 0 {
		return d.left[0].Environment
	}
	return otherwise
}

// findDead finds the writers of a shared store that said nothing since a time.
func (s *Store) findDead(ctx context.Context, since time.Time) (found []dead, err error) {
	if s.journal != nil {
		return nil, nil // the tally beside the file knows more
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		found = nil
		silent, err := names(tx.QueryContext(ctx, "SELECT writer FROM writers WHERE closed = 0 AND seen < ?", since.UnixMilli()))
		if err != nil {
			return err
		}
		for _, name := range silent {
			d := dead{name: name, silent: since.UnixMilli()}
			if err := d.read(ctx, tx); err != nil {
				return err
			}
			found = append(found, d)
		}
		return nil
	})
	return found, err
}

// read reads what the writer has written ahead and no batch has stored.
func (d *dead) read(ctx context.Context, tx *sql.Tx) error {
	entries, err := names(tx.QueryContext(ctx, "SELECT events FROM ahead WHERE writer = ? ORDER BY number", d.name))
	if err != nil {
		return err
	}
	d.entries = int64(len(entries))
	for _, text := range entries {
		events, err := parseAhead(text)
		if err != nil {
			return err
		}
		d.left = append(d.left, events...)
	}
	return nil
}

// buried is what stands in the column closed of a writer that has an heir.
const buried = 2

// bury takes what the writer has left, unless it has spoken since, has left more,
// or has an heir. The entries stay, should it speak again.
func (d *dead) bury(ctx context.Context, tx *sql.Tx) error {
	n, err := affected(tx.ExecContext(ctx, "UPDATE writers SET closed = ? WHERE writer = ? AND closed = 0 AND seen < ?", buried, d.name, d.silent))
	if err != nil {
		return err
	}
	again := dead{name: d.name}
	if err := again.read(ctx, tx); err != nil {
		return err
	}
	if n == 0 || again.entries != d.entries {
		return errOutrun
	}
	return nil
}

// rise takes back what an heir has counted of a writer that lives.
func (s *Store) rise(ctx context.Context, tx *sql.Tx, writer string) error {
	d := dead{name: writer}
	if err := d.read(ctx, tx); err != nil {
		return err
	}
	if err := s.uncount(ctx, tx, d.left); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM ahead WHERE writer = ?", writer)
	return err
}

// uncount takes events out of the store as a batch has put them in.
func (s *Store) uncount(ctx context.Context, tx *sql.Tx, events []Event) error {
	in := newIntake()
	for i := range events {
		in.add(&events[i], -1)
	}
	deltas := in.drain(time.Now())
	r := rowsOf(deltas)
	for _, e := range r.events {
		if _, err := tx.ExecContext(ctx, "DELETE FROM events WHERE id = ?", e[0]); err != nil {
			return err
		}
	}
	r.events = nil
	if err := s.writeRows(ctx, tx, r); err != nil {
		return err
	}
	for _, d := range deltas {
		var left int64
		if err := tx.QueryRowContext(ctx, "SELECT events FROM issues WHERE id = ?", int64(d.id)).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			continue
		}
		if err := deleteIssue(ctx, tx, int64(d.id)); err != nil {
			return err
		}
	}
	return nil
}

// affected is how many rows a statement has changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
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
