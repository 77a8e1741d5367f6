package audit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"guardrail/policy/traffic"
)

// The tables of traffic: what an app sends, one row for each shape that an
// account sends in one schema and mode, and how often it did on each day.
var (
	trafficTable = table{name: "traffic", key: []string{"id"}, columns: []column{
		{name: "id", kind: 'b'}, text("environment", 64, ""), text("backend", 64, ""), text("app", 128, ""), text("account", 128, ""),
		text("schema_name", 128, ""), text("server", 64, ""), text("sql_mode", 256, ""), integer("lower_case_names", ""), text("shape", 64, ""),
		{name: "example", kind: 't'}, {name: "masked", kind: 't'}, integer("first_seen", "min"), integer("last_seen", "max"),
	}}
	trafficCountsTable = table{name: "traffic_counts", key: []string{"id", "day"}, columns: []column{
		{name: "id", kind: 'b'}, integer("day", ""), integer("events", "add"), integer("refused", "add"),
	}}
)

const (
	keepTraffic = 35 * day // a month end is in it
	maxTraffic  = 5000     // shapes of one app; those that were not seen for longest go
)

// trafficID names a record by all that sets it apart from others.
func trafficID(r *traffic.Record) []byte {
	h := sha256.New()
	for _, s := range []string{r.Environment, r.Backend, r.App, r.Account, r.Schema, r.Server, r.SQLMode, fmt.Sprint(r.LowerCaseNames), r.Shape} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return h.Sum(nil)[:16]
}

// WriteTraffic adds the counts of records to those in the store, all or none.
func (s *Store) WriteTraffic(ctx context.Context, records []traffic.Record) error {
	var shapes, counts [][]any
	for i := range records {
		r := &records[i]
		id, lower := trafficID(r), 0
		if r.LowerCaseNames {
			lower = 1
		}
		shapes = append(shapes, []any{id, r.Environment, r.Backend, r.App, r.Account, r.Schema, r.Server, r.SQLMode, lower, r.Shape,
			r.Example, r.Masked, r.FirstSeen.UnixMilli(), r.LastSeen.UnixMilli()})
		counts = append(counts, []any{id, dayOf(r.LastSeen), int64(r.Count), int64(r.Refused)})
	}
	return s.transact(ctx, func(tx *sql.Tx) error {
		return errors.Join(s.insert(ctx, tx, trafficTable, shapes...), s.insert(ctx, tx, trafficCountsTable, counts...))
	})
}

// dayOf is the day of a moment, since 1970 in UTC.
func dayOf(t time.Time) int64 { return t.UnixMilli() / day.Milliseconds() }

// Traffic returns what is recorded of the apps' traffic, the most frequent
// first; of one app where that is not empty.
func (s *Store) Traffic(ctx context.Context, app string) ([]traffic.Record, error) {
	rows, err := s.reader(ctx).QueryContext(ctx, `SELECT t.environment, t.backend, t.app, t.account, t.schema_name, t.server, t.sql_mode,
			t.lower_case_names, t.shape, t.example, t.masked, t.first_seen, t.last_seen, n.events, n.refused, n.day
		FROM traffic t JOIN (SELECT id, SUM(events) AS events, SUM(refused) AS refused, MIN(day) AS day FROM traffic_counts GROUP BY id) n ON n.id = t.id
		WHERE ? IN (t.app, '') ORDER BY n.events DESC, t.id`, app)
	if err != nil {
		return nil, fmt.Errorf("traffic: %w", err)
	}
	defer rows.Close()
	var records []traffic.Record
	for rows.Next() {
		r, err := scanTraffic(rows)
		if err != nil {
			return nil, fmt.Errorf("traffic: %w", err)
		}
		records = append(records, r)
	}
	return records, rows.Err()
}

// scanTraffic reads a row. What is counted was first seen on the first day that still counts.
func scanTraffic(row scanner) (traffic.Record, error) {
	var r traffic.Record
	var lower, first, last, firstDay int64
	err := row.Scan(&r.Environment, &r.Backend, &r.App, &r.Account, &r.Schema, &r.Server, &r.SQLMode,
		&lower, &r.Shape, &r.Example, &r.Masked, &first, &last, &r.Count, &r.Refused, &firstDay)
	r.LowerCaseNames = lower != 0
	r.LastSeen = time.UnixMilli(last).UTC()
	r.FirstSeen = time.UnixMilli(max(first, min(firstDay*day.Milliseconds(), last))).UTC()
	return r, err
}

// pruneTraffic removes a little of what is too old or too much.
func (s *Store) pruneTraffic(ctx context.Context, now time.Time) error {
	return s.use(ctx, func(db *sql.DB) error {
		before := now.Add(-keepTraffic)
		if _, err := pruneRange(ctx, db, "traffic_counts", "day", "day < ?", dayOf(before)); err != nil {
			return err
		}
		if _, err := pruneRange(ctx, db, "traffic", "last_seen", "last_seen < ?", before.UnixMilli()); err != nil {
			return err
		}
		return s.pruneApps(ctx, db)
	})
}

// pruneApps removes what apps with too many shapes have not sent for longest.
func (s *Store) pruneApps(ctx context.Context, db *sql.DB) error {
	apps, err := texts(ctx, db, "SELECT app FROM traffic GROUP BY app HAVING COUNT(*) > ?", maxTraffic)
	if err != nil || len(apps) == 0 {
		return err
	}
	for _, app := range apps {
		if err := pruneApp(ctx, db, app); err != nil {
			return err
		}
	}
	_, err = db.ExecContext(ctx, "DELETE FROM traffic_counts WHERE NOT EXISTS (SELECT 1 FROM traffic t WHERE t.id = traffic_counts.id)")
	return err
}

func pruneApp(ctx context.Context, db *sql.DB, app string) error {
	var cut int64
	err := db.QueryRowContext(ctx, "SELECT last_seen FROM traffic WHERE app = ? ORDER BY last_seen DESC LIMIT 1 OFFSET ?", app, maxTraffic).Scan(&cut)
	for more := true; more && err == nil; {
		more, err = pruneRange(ctx, db, "traffic", "last_seen", "app = ? AND last_seen <= ?", app, cut)
	}
	return err
}

// texts returns the texts that a query finds.
func texts(ctx context.Context, db *sql.DB, query string, args ...any) ([]string, error) {
	found, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []string
	for found.Next() {
		var s string
		if err := found.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return slices.Clip(out), found.Err()
}
