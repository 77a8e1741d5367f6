package audit

import (
	"context"
	"database/sql"
	"slices"
)

// Issues returns the issues with events in the filter's time, with their
// clients, and how many there are in all.
//
// First it finds which issues these are, by the small table of issues; what is
// to be told of them is asked for those alone.
func (s *Store) Issues(ctx context.Context, f Filter, by Order, limit, offset int) (issues []Issue, total int, err error) {
	if err := f.check(); err != nil {
		return nil, 0, err
	}
	w := windowOf(f, 0)
	seen := f.seen(w)
	db := s.reader(ctx)
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM issues i WHERE "+seen.text, seen.args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	q := by.query(seen, w, s.dialect.joinInOrder())
	ids, err := idsOfIssues(ctx, db, q.text+" LIMIT ? OFFSET ?", append(q.args, limit, offset)...)
	if err != nil {
		return nil, 0, err
	}
	for some := range slices.Chunk(ids, issuesAtOnce) {
		found, err := s.listed(ctx, db, some, w)
		if err != nil {
			return nil, 0, err
		}
		issues = append(issues, found...)
	}
	return issues, total, nil
}

// issuesAtOnce is how many issues one query is asked about.
const issuesAtOnce = 500

// seen is the condition on issues that they have events in a window.
func (f Filter) seen(w window) clause {
	c := f.issues()
	c.text += " AND i.last_seen >= ?"
	c.args = append(c.args, w.from*1000)
	if !f.To.IsZero() {
		c.text += ` AND i.first_seen < ? AND EXISTS (SELECT 1 FROM counts c WHERE c.issue = i.id AND c.grain = ? AND c.start >= ? AND c.start < ?)`
		c.args = append(c.args, w.to*1000, w.grain, w.from, w.to)
	}
	return c
}

// query finds the ids of issues in the order; join puts tables together as they are written.
func (o Order) query(seen clause, w window, join string) clause {
	switch o {
	case ByCount:
		sums := w.sums(nil)
		return clause{"SELECT i.id FROM (SELECT issue, SUM(events) AS n FROM (" + sums.text + ") AS parts GROUP BY issue) AS sums " + join + " issues i ON i.id = sums.issue WHERE " +
			seen.text + " ORDER BY sums.n DESC, i.last_seen DESC", append(sums.args, seen.args...)}
	case ByFirst:
		return clause{"SELECT i.id FROM issues i WHERE " + seen.text + " ORDER BY i.first_seen DESC, i.id", seen.args}
	}
	return clause{"SELECT i.id FROM issues i WHERE " + seen.text + " ORDER BY i.last_seen DESC, i.id", seen.args}
}

func idsOfIssues(ctx context.Context, db *sql.DB, query string, args ...any) ([]IssueID, error) {
	found, err := numbers(ctx, db, query, args...)
	ids := make([]IssueID, len(found))
	for i, n := range found {
		ids[i] = IssueID(n)
	}
	return ids, err
}

// listed returns issues in the order of their ids, with the events that each
// has in a window, and their clients.
func (s *Store) listed(ctx context.Context, db *sql.DB, ids []IssueID, w window) ([]Issue, error) {
	rows, err := db.QueryContext(ctx, "SELECT "+issueColumns+issueTables+"WHERE i.id IN ("+marks(len(ids))+")", anys(ids)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	byID := make(map[IssueID]Issue, len(ids))
	for rows.Next() {
		i, err := scanIssue(rows)
		if err != nil {
			return nil, err
		}
		byID[i.ID] = i
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	n, err := sumsOf(ctx, db, w, ids)
	if err != nil {
		return nil, err
	}
	var out []Issue
	for _, id := range ids {
		if i, ok := byID[id]; ok { // else it was removed meanwhile
			i.InWindow = n[id]
			out = append(out, i)
		}
	}
	return out, s.addClients(ctx, out, 20*issuesAtOnce)
}

// sumsOf returns how many events issues have in a window.
func sumsOf(ctx context.Context, db *sql.DB, w window, ids []IssueID) (map[IssueID]int64, error) {
	sums := w.sums(ids)
	rows, err := db.QueryContext(ctx, "SELECT issue, SUM(events) FROM ("+sums.text+") AS parts GROUP BY issue", sums.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[IssueID]int64, len(ids))
	for rows.Next() {
		var id IssueID
		var n int64
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}
