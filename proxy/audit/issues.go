package audit

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// ErrNotFound is the answer where the store has no such issue or event.
var ErrNotFound = errors.New("not in the record")

// Issue is what the same app did against the same rule with the same shape of
// statement.
type Issue struct {
	ID          IssueID
	Decision    Decision
	Environment string
	Backend     string
	App         string
	Account     string // only where no app is known
	Rule        string
	Shape       string

	// Of its latest event.
	Kind       string
	Need       string
	Objects    []string
	Cause      string
	Because    string
	Reason     string
	RuleFile   string
	RuleLine   int
	Code       uint16
	Schema     string
	PolicyHash string
	Statement  string

	FirstSeen time.Time
	LastSeen  time.Time
	Events    int64 // since FirstSeen, exact
	Rows      int64 // affected by those that were forwarded
	InWindow  int64 // events in the time that was asked for

	Acknowledged *Acknowledgement
	Clients      []ClientCount // the busiest first
}

// Mixed reports whether the issue counts statements of many shapes, which came at
// once in greater number than are told apart. What it tells is of the latest; of a
// single one it tells all.
func (i Issue) Mixed() bool { return strings.HasPrefix(i.Shape, manyShapes) && i.Events > 1 }

// Acknowledgement says that someone knows of an issue.
type Acknowledgement struct {
	At     time.Time
	By     string
	Note   string
	Events int64 // how many there were by then
}

// ClientCount is how often an issue came from a client.
type ClientCount struct {
	Client    string // empty for those that are not counted one by one
	Events    int64
	FirstSeen time.Time
	LastSeen  time.Time
}

// Order says which issues come first.
type Order string

// The orders. An unknown one is ByLast.
const (
	ByLast  Order = "last"
	ByCount Order = "count"
	ByFirst Order = "first"
)

const issueColumns = `i.id, i.decision, i.environment, i.backend, i.app, i.account, i.rule, i.shape, i.kind, i.need, i.objects, i.cause, i.because,
	i.reason, i.rule_file, i.rule_line, i.code, i.schema_name, i.policy_hash, COALESCE(x.statement, ''), i.first_seen, i.last_seen,
	i.events, i.row_count, i.acknowledged_at, i.acknowledged_by, i.acknowledged_note, i.acknowledged_events`

const issueTables = " FROM issues i LEFT JOIN texts x ON x.issue = i.id AND x.hash = i.text "

// Issue returns one issue, with all its clients.
func (s *Store) Issue(ctx context.Context, id IssueID) (Issue, error) {
	found, err := scanIssue(s.reader(ctx).QueryRowContext(ctx, "SELECT "+issueColumns+issueTables+"WHERE i.id = ?", int64(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return Issue{}, ErrNotFound
	}
	if err != nil {
		return Issue{}, err
	}
	found.InWindow = found.Events
	one := []Issue{found}
	err = s.addClients(ctx, one, 4*maxClients)
	return one[0], err
}

// scanner is a row of a query.
type scanner interface{ Scan(...any) error }

func scanIssue(row scanner) (Issue, error) {
	var i Issue
	var first, last int64
	var at, count sql.NullInt64
	var by, note sql.NullString
	var objects string
	err := row.Scan(&i.ID, &i.Decision, &i.Environment, &i.Backend, &i.App, &i.Account, &i.Rule, &i.Shape, &i.Kind, &i.Need, &objects, &i.Cause,
		&i.Because, &i.Reason, &i.RuleFile, &i.RuleLine, &i.Code, &i.Schema, &i.PolicyHash, &i.Statement, &first, &last,
		&i.Events, &i.Rows, &at, &by, &note, &count)
	i.FirstSeen, i.LastSeen = time.UnixMilli(first), time.UnixMilli(last)
	if at.Valid {
		i.Acknowledged = &Acknowledgement{At: time.UnixMilli(at.Int64), By: by.String, Note: note.String, Events: count.Int64}
	}
	if err == nil {
		err = fromJSON(objects, &i.Objects)
	}
	return i, err
}

// addClients fills in the clients of issues, at most limit in all.
func (s *Store) addClients(ctx context.Context, issues []Issue, limit int) error {
	if len(issues) == 0 {
		return nil
	}
	at := make(map[IssueID]*Issue, len(issues))
	ids := make([]IssueID, 0, len(issues))
	for k := range issues {
		at[issues[k].ID] = &issues[k]
		ids = append(ids, issues[k].ID)
	}
	rows, err := s.reader(ctx).QueryContext(ctx, "SELECT issue, client, events, first_seen, last_seen FROM clients WHERE issue IN ("+marks(len(ids))+
		") AND (client <> '' OR events > 0) ORDER BY events DESC LIMIT ?", append(anys(ids), limit)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id IssueID
		var c ClientCount
		var first, last int64
		if err := rows.Scan(&id, &c.Client, &c.Events, &first, &last); err != nil {
			return err
		}
		c.FirstSeen, c.LastSeen = time.UnixMilli(first), time.UnixMilli(last)
		at[id].Clients = append(at[id].Clients, c)
	}
	return rows.Err()
}

// Acknowledge notes that someone knows of an issue, or with an empty author no
// longer does. What was noted before is kept among its Notes.
func (s *Store) Acknowledge(ctx context.Context, id IssueID, a Acknowledgement) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE issues SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_note = ?, acknowledged_events = events
			WHERE id = ?`, a.At.UnixMilli(), fit(a.By, 128), fit(a.Note, 1024), int64(id))
		return s.note(ctx, tx, result, err, id, a, "acknowledged")
	})
}

// Reopen takes an acknowledgement back.
func (s *Store) Reopen(ctx context.Context, id IssueID, a Acknowledgement) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE issues SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_note = NULL,
			acknowledged_events = NULL WHERE id = ?`, int64(id))
		return s.note(ctx, tx, result, err, id, a, "reopened")
	})
}

func (s *Store) note(ctx context.Context, tx *sql.Tx, result sql.Result, err error, id IssueID, a Acknowledgement, action string) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
	}
	return s.insert(ctx, tx, notesTable, []any{int64(id), a.At.UnixMilli(), a.By, action, a.Note})
}

// Note is one acknowledgement, or its end, of an issue's past.
type Note struct {
	At     time.Time
	By     string
	Action string // acknowledged or reopened
	Note   string
}

// Notes returns what was noted of an issue, the latest first.
func (s *Store) Notes(ctx context.Context, id IssueID) ([]Note, error) {
	rows, err := s.reader(ctx).QueryContext(ctx, "SELECT at, author, action, note FROM notes WHERE issue = ? ORDER BY at DESC LIMIT 100", int64(id))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Note
	for rows.Next() {
		var n Note
		var at int64
		if err := rows.Scan(&at, &n.By, &n.Action, &n.Note); err != nil {
			return nil, err
		}
		n.At = time.UnixMilli(at)
		out = append(out, n)
	}
	return out, rows.Err()
}
