package audit

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// Kept is an event as the store has it, with the issue it belongs to.
type Kept struct {
	Event
	Issue IssueID
}

const eventColumns = `e.id, e.issue, e.account, e.client, e.attributes, e.schema_name, e.need, e.objects, COALESCE(x.statement, ''), e.reason, e.code,
	e.policy_hash, e.rule_file, e.rule_line, e.row_count, e.duration,
	i.decision, i.environment, i.backend, i.app, i.rule, i.shape, i.kind, i.cause, i.because`

const eventTables = " FROM events e JOIN issues i ON i.id = e.issue LEFT JOIN texts x ON x.issue = e.issue AND x.hash = e.text "

func scanEvent(row scanner) (Kept, error) {
	var k Kept
	var id []byte
	var attributes, objects string
	e := &k.Event
	err := row.Scan(&id, &k.Issue, &e.Account, &e.Client, &attributes, &e.Schema, &e.Need, &objects, &e.Statement, &e.Reason, &e.Code,
		&e.PolicyHash, &e.RuleFile, &e.RuleLine, &e.Rows, &e.Duration,
		&e.Decision, &e.Environment, &e.Backend, &e.App, &e.Rule, &e.Shape, &e.Kind, &e.Cause, &e.Because)
	if err != nil {
		return Kept{}, err
	}
	var u ulid.ULID
	copy(u[:], id)
	e.ID, e.Time = u.String(), ulid.Time(u.Time())
	return k, errors.Join(fromJSON(attributes, &e.Attributes), fromJSON(objects, &e.Objects))
}

func fromJSON(text string, to any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

// Event returns the event of an id. One that was counted and not kept gives
// ErrNotFound, and the issue that its id tells, if that is known.
func (s *Store) Event(ctx context.Context, id string) (Kept, error) {
	u, err := ulid.ParseStrict(id)
	if err != nil {
		return Kept{}, fmt.Errorf("%w: %q is no event's id", ErrNotFound, id)
	}
	db := s.reader(ctx)
	stored := func() (Kept, error) {
		return scanEvent(db.QueryRowContext(ctx, "SELECT "+eventColumns+eventTables+"WHERE e.id = ?", u[:]))
	}
	k, err := stored()
	if !errors.Is(err, sql.ErrNoRows) {
		return k, err
	}
	if k, err = s.eventAhead(ctx, db, id); !errors.Is(err, ErrNotFound) {
		return k, err
	}
	if k, err = stored(); !errors.Is(err, sql.ErrNoRows) { // it was on its way from there
		return k, err
	}
	from, to := prefixOf(u)
	err = db.QueryRowContext(ctx, "SELECT id FROM issues WHERE id BETWEEN ? AND ? AND first_seen <= ? AND last_seen >= ?",
		int64(from), int64(to), int64(u.Time()), int64(u.Time())).Scan(&k.Issue)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Kept{}, err
	}
	return Kept{Event: Event{ID: id, Time: ulid.Time(u.Time())}, Issue: k.Issue}, ErrNotFound
}

// Events returns kept events, the latest first, at most limit: those before an
// id, if one is given.
func (s *Store) Events(ctx context.Context, f Filter, before string, limit int) ([]Kept, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if before != "" {
		u, err := ulid.ParseStrict(before)
		if err != nil {
			return nil, fmt.Errorf("%q is no event's id", before)
		}
		return s.latest(ctx, f, u[:], limit)
	}
	return s.latest(ctx, f, nil, limit)
}

// latest finds the events that a filter names: among the latest of all, or
// where they are rarer issue by issue.
func (s *Store) latest(ctx context.Context, f Filter, before []byte, limit int) ([]Kept, error) {
	if len(f.Decisions) == 0 && len(f.Conditions) == 0 && f.Acknowledged == nil {
		ids, err := s.idsWhere(ctx, f, "", "1 = 1", nil, before, limit)
		if err != nil {
			return nil, err
		}
		return s.byID(ctx, ids)
	}
	candidates, err := s.candidates(ctx, f)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	if clients := f.values("client", false); len(clients) > 0 {
		return s.latestOf(ctx, f, clients, candidates, before, limit)
	}
	page, err := s.idsWhere(ctx, f, "", "1 = 1", nil, before, walkAtOnce)
	if err != nil {
		return nil, err
	}
	ids := among(page, candidates)
	if len(ids) < limit && len(page) == walkAtOnce {
		if ids, err = s.latestByIssue(ctx, f, candidates, before, limit); err != nil {
			return nil, err
		}
	}
	return s.byID(ctx, ids[:min(len(ids), limit)])
}

// among returns the events whose issue is one of those named.
func among(events []found, issues []candidate) []found {
	wanted := make(map[IssueID]bool, len(issues))
	for _, c := range issues {
		wanted[c.id] = true
	}
	return slices.DeleteFunc(events, func(e found) bool { return !wanted[e.issue] })
}

// latestByIssue walks over issues, the one seen last first, and stops where no
// later issue can have a later event.
func (s *Store) latestByIssue(ctx context.Context, f Filter, candidates []candidate, before []byte, limit int) ([]found, error) {
	var ids []found
	for _, c := range candidates {
		if len(ids) >= limit && c.seen.Before(ids[limit-1].at()) {
			break
		}
		more, err := s.idsOf(ctx, f, c.id, before, limit)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
		slices.SortFunc(ids, latestFirst)
		ids = ids[:min(len(ids), limit)]
	}
	return ids, nil
}

func latestFirst(a, b found) int { return -cmp.Compare(string(a.event), string(b.event)) }

// latestOf walks over the events of clients, the latest first, and takes those
// of the issues that the filter names.
func (s *Store) latestOf(ctx context.Context, f Filter, clients []string, candidates []candidate, before []byte, limit int) ([]Kept, error) {
	var ids []found
	for _, client := range clients {
		of := f
		of.Conditions = append(slices.DeleteFunc(slices.Clone(f.Conditions), func(c Condition) bool { return c.Field == "client" && !c.Not }),
			Condition{Field: "client", Value: client})
		for end, taken := before, 0; taken < limit; {
			page, err := s.idsWhere(ctx, of, "events_client", "1 = 1", nil, end, walkAtOnce)
			if err != nil {
				return nil, err
			}
			if len(page) > 0 {
				end = page[len(page)-1].event
			}
			last := len(page) < walkAtOnce
			ours := among(page, candidates)
			ids, taken = append(ids, ours...), taken+len(ours)
			if last {
				break
			}
		}
	}
	slices.SortFunc(ids, latestFirst)
	return s.byID(ctx, ids[:min(len(ids), limit)])
}

// walkAtOnce is how many events are looked at in one query.
const walkAtOnce = 2000

type candidate struct {
	id   IssueID
	seen time.Time
}

// found is an event's id, and its issue's.
type found struct {
	event []byte
	issue IssueID
}

func (f found) at() time.Time { return timeOf(f.event) }

func (s *Store) candidates(ctx context.Context, f Filter) ([]candidate, error) {
	where := f.issues()
	query, args := "SELECT i.id, i.last_seen FROM issues i WHERE "+where.text, where.args
	if !f.From.IsZero() {
		query, args = query+" AND i.last_seen >= ?", append(args, f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		query, args = query+" AND i.first_seen < ?", append(args, f.To.UnixMilli())
	}
	rows, err := s.reader(ctx).QueryContext(ctx, query+" ORDER BY i.last_seen DESC", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []candidate
	for rows.Next() {
		var c candidate
		var seen int64
		if err := rows.Scan(&c.id, &seen); err != nil {
			return nil, err
		}
		c.seen = time.UnixMilli(seen)
		out = append(out, c)
	}
	return out, rows.Err()
}

// idsOf returns the ids of an issue's latest events.
func (s *Store) idsOf(ctx context.Context, f Filter, issue IssueID, before []byte, limit int) ([]found, error) {
	return s.idsWhere(ctx, f, "events_issue", "e.issue = ?", []any{int64(issue)}, before, limit)
}

// idsWhere returns the ids of the latest events that a condition and a filter
// name, by an index that holds them in order; the empty one is the key.
func (s *Store) idsWhere(ctx context.Context, f Filter, index, condition string, args []any, before []byte, limit int) ([]found, error) {
	where := f.events()
	query, args := "SELECT e.id, e.issue FROM events e"+s.dialect.by(index)+" WHERE "+condition+" AND "+where.text, append(args, where.args...)
	if before != nil {
		query, args = query+" AND e.id < ?", append(args, before)
	}
	rows, err := s.reader(ctx).QueryContext(ctx, query+" ORDER BY e.id DESC LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []found
	for rows.Next() {
		var e found
		if err := rows.Scan(&e.event, &e.issue); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// byID returns events in the order of the ids.
func (s *Store) byID(ctx context.Context, ids []found) ([]Kept, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i := range ids {
		args[i] = ids[i].event
	}
	rows, err := s.reader(ctx).QueryContext(ctx, "SELECT "+eventColumns+eventTables+"WHERE e.id IN ("+marks(len(args))+") ORDER BY e.id DESC", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Kept
	for rows.Next() {
		k, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// EventsOf returns the kept events of an issue, the latest first, at most
// limit: those before an id, if one is given.
func (s *Store) EventsOf(ctx context.Context, issue IssueID, before string, limit int) ([]Kept, error) {
	var end []byte
	if before != "" {
		u, err := ulid.ParseStrict(before)
		if err != nil {
			return nil, fmt.Errorf("%q is no event's id", before)
		}
		end = u[:]
	}
	ids, err := s.idsOf(ctx, Filter{}, issue, end, limit)
	if err != nil {
		return nil, err
	}
	return s.byID(ctx, ids)
}
