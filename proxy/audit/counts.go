package audit

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"
)

// Point is how many events there were in a grain of time.
type Point struct {
	Start  time.Time
	Events int64
}

// Series returns the events of each app in the filter's time, by a grain: a
// minute up to six hours, ten minutes up to a day, an hour up to a week, then a
// day; coarser ones where there is too much of them. Points without events are
// left out.
func (s *Store) Series(ctx context.Context, f Filter) (map[string][]Point, time.Duration, error) {
	if err := f.check(); err != nil {
		return nil, 0, err
	}
	if f.simple() {
		w, where := windowOf(f, 1), f.issues()
		return s.drawn(ctx, w, "SELECT i.app, i.start, SUM(i.events) FROM series i WHERE i.grain = ? AND i.start >= ? AND i.start < ? AND "+
			where.text+" GROUP BY i.app, i.start ORDER BY i.start", append([]any{w.grain, w.from, w.to}, where.args...))
	}
	seen := f.seen(windowOf(f, 0))
	var lines int
	if err := s.reader(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM issues i WHERE "+seen.text, seen.args...).Scan(&lines); err != nil {
		return nil, 0, err
	}
	w := windowOf(f, lines)
	return s.drawn(ctx, w, "SELECT i.app, c.start, SUM(c.events) FROM issues i "+s.dialect.joinInOrder()+
		" counts c ON c.issue = i.id AND c.grain = ? AND c.start >= ? AND c.start < ? WHERE "+seen.text+" GROUP BY i.app, c.start ORDER BY c.start",
		append([]any{w.grain, w.from, w.to}, seen.args...))
}

// simple reports whether the small table that knows only app, environment and
// decision can answer.
func (f Filter) simple() bool {
	return f.Acknowledged == nil && !slices.ContainsFunc(f.Conditions, func(c Condition) bool {
		return c.Field != "app" && c.Field != "environment" && c.Field != "decision"
	})
}

func (s *Store) drawn(ctx context.Context, w window, query string, args []any) (map[string][]Point, time.Duration, error) {
	out, err := points[string](ctx, s.reader(ctx), query, args)
	return out, time.Duration(w.grain) * time.Second, err
}

// Trends returns the events of each of some issues in the filter's time, by its
// grain or, where these are more bars than asked for, by several of them. Bars
// begin at multiples of that since 1970. bars of 0 stands for any number.
func (s *Store) Trends(ctx context.Context, f Filter, ids []IssueID, bars int) (map[IssueID][]Point, time.Duration, error) {
	w := windowOf(f, len(ids))
	step := w.grain
	if bars > 0 && w.from > 0 {
		step *= max(1, (w.slots(time.Now())+int64(bars)-1)/int64(bars))
	}
	length := time.Duration(step) * time.Second
	if len(ids) == 0 {
		return nil, length, nil
	}
	args := append(append([]any{step}, anys(ids)...), w.grain, w.from, w.to)
	out, err := points[IssueID](ctx, s.reader(ctx), "SELECT issue, start - start % ? AS bar, SUM(events) FROM counts WHERE issue IN ("+marks(len(ids))+
		") AND grain = ? AND start >= ? AND start < ? GROUP BY issue, bar ORDER BY bar", args)
	return out, length, err
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

// Values returns what fields of the issues seen since a time can be, for menus:
// at most limit of each, in order.
func (s *Store) Values(ctx context.Context, since time.Time, limit int) (map[string][]string, error) {
	rows, err := s.reader(ctx).QueryContext(ctx, "SELECT DISTINCT app, environment, rule, kind FROM issues WHERE last_seen >= ?", since.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]map[string]struct{}{"app": {}, "environment": {}, "rule": {}, "kind": {}}
	for rows.Next() {
		var app, environment, rule, kind string
		if err := rows.Scan(&app, &environment, &rule, &kind); err != nil {
			return nil, err
		}
		for field, value := range map[string]string{"app": app, "environment": environment, "rule": rule, "kind": kind} {
			if value != "" {
				found[field][value] = struct{}{}
			}
		}
	}
	out := map[string][]string{}
	for field, values := range found {
		sorted := slices.Sorted(maps.Keys(values))
		out[field] = sorted[:min(len(sorted), limit)]
	}
	return out, rows.Err()
}
