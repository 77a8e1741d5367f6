package audit

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
)

// window is a filter's time in whole grains, in seconds since 1970.
type window struct{ grain, from, to int64 }

// windowOf chooses the grain that answers for a filter's time within a bounded
// number of rows.
func windowOf(f Filter) window {
	w := window{grain: 86400, from: 0, to: 1 << 40}
	if !f.To.IsZero() {
		w.to = f.To.Unix()
	}
	if f.From.IsZero() {
		return w
	}
	end := f.To
	if end.IsZero() {
		end = time.Now()
	}
	switch span := end.Sub(f.From); {
	case span <= 6*time.Hour:
		w.grain = 60
	case span <= 7*24*time.Hour:
		w.grain = 3600
	}
	w.from = f.From.Unix() / w.grain * w.grain
	return w
}

// Point is how many events there were in a grain of time.
type Point struct {
	Start  time.Time
	Events int64
}

// Series returns the events of each app in the filter's time, by its grain: a
// minute up to six hours, an hour up to a week, then a day. Points without
// events are left out.
func (s *Store) Series(ctx context.Context, f Filter) (map[string][]Point, time.Duration, error) {
	if err := f.check(); err != nil {
		return nil, 0, err
	}
	w := windowOf(f)
	query, args := f.series(w)
	out, err := points[string](ctx, s.reader(ctx), query, args)
	return out, time.Duration(w.grain) * time.Second, err
}

// series asks the small table that knows only app, environment and decision,
// unless the filter asks for more.
func (f Filter) series(w window) (string, []any) {
	where := f.issues()
	simple := f.Acknowledged == nil && !slices.ContainsFunc(f.Conditions, func(c Condition) bool {
		return c.Field != "app" && c.Field != "environment" && c.Field != "decision"
	})
	args := append([]any{w.grain, w.from, w.to}, where.args...)
	if simple {
		return "SELECT i.app, i.start, SUM(i.events) FROM series i WHERE i.grain = ? AND i.start >= ? AND i.start < ? AND " +
			where.text + " GROUP BY i.app, i.start ORDER BY i.start", args
	}
	return "SELECT i.app, c.start, SUM(c.events) FROM counts c JOIN issues i ON i.id = c.issue WHERE c.grain = ? AND c.start >= ? AND c.start < ? AND " +
		where.text + " GROUP BY i.app, c.start ORDER BY c.start", args
}

// Trends returns the events of each of some issues in the filter's time, by its grain.
func (s *Store) Trends(ctx context.Context, f Filter, ids []IssueID) (map[IssueID][]Point, time.Duration, error) {
	w := windowOf(f)
	grain := time.Duration(w.grain) * time.Second
	if len(ids) == 0 {
		return nil, grain, nil
	}
	args := append(anys(ids), w.grain, w.from, w.to)
	out, err := points[IssueID](ctx, s.reader(ctx), "SELECT issue, start, events FROM counts WHERE issue IN ("+marks(len(ids))+
		") AND grain = ? AND start >= ? AND start < ? ORDER BY start", args)
	return out, grain, err
}

// points reads rows of a key, a start and a number.
func points[K comparable](ctx context.Context, db *sql.DB, query string, args []any) (map[K][]Point, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[K][]Point{}
	for rows.Next() {
		var key K
		var start, n int64
		if err := rows.Scan(&key, &start, &n); err != nil {
			return nil, err
		}
		out[key] = append(out[key], Point{time.Unix(start, 0), n})
	}
	return out, rows.Err()
}

// Values returns what a field of the issues seen since a time can be, for
// menus: at most limit, in order. Client and account have too many.
func (s *Store) Values(ctx context.Context, field string, since time.Time, limit int) ([]string, error) {
	if !slices.Contains([]string{"app", "environment", "backend", "rule", "kind", "decision"}, field) {
		return nil, Filter{Conditions: []Condition{{Field: field + "?"}}}.check()
	}
	rows, err := s.reader(ctx).QueryContext(ctx, strings.ReplaceAll("SELECT DISTINCT @ FROM issues WHERE last_seen >= ? AND @ <> '' ORDER BY @ LIMIT ?", "@", field),
		since.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
