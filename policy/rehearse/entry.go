// Package rehearse judges recorded traffic by policies that are not in force:
// what would be refused, what would be let through, what would have to be granted.
package rehearse

import (
	"fmt"
	"time"

	"guardrail/policy"
	"guardrail/policy/traffic"
	"guardrail/sqlparse"
)

// Entry is a record of traffic, read as its server read it.
type Entry struct {
	traffic.Record
	// Request is what the record's texts ask for. It has no statement where the
	// record has no example, which then cannot be rehearsed.
	Request policy.Request
}

// Readable reports whether the entry can be rehearsed.
func (e *Entry) Readable() bool { return len(e.Request.Statements) > 0 }

// Read reads records of traffic as their servers would. Each entry is judged at
// the same hour and day of the week as it was last seen at, next after now, so
// that time windows mean what they mean, and ends are those of today.
func Read(records []traffic.Record, reader *sqlparse.Reader, now time.Time) ([]Entry, error) {
	entries := make([]Entry, 0, len(records))
	for _, r := range records {
		e, err := newEntry(r, reader, now)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func newEntry(r traffic.Record, reader *sqlparse.Reader, now time.Time) (Entry, error) {
	e := Entry{Record: r, Request: policy.Request{Schema: r.Schema, LowerCaseNames: r.LowerCaseNames, Now: next(r.LastSeen, now)}}
	server, err := sqlparse.ParseServer(r.Server)
	if err != nil {
		return e, fmt.Errorf("record of %s: %w", r.App, err)
	}
	if r.Example != "" {
		mode := sqlparse.Mode{Server: server, SQLMode: sqlparse.ParseSQLMode(r.SQLMode), Charset: sqlparse.CharsetUTF8}
		e.Request.Statements = reader.Read([]byte(r.Example), mode).Statements
	}
	return e, nil
}

// next returns the first moment from now on that lies whole weeks after seen.
func next(seen, now time.Time) time.Time {
	const week = 7 * 24 * time.Hour
	if behind := now.Sub(seen); behind > 0 {
		return seen.Add((behind + week - 1) / week * week)
	}
	return seen
}

// Days is how long a record lasts, at least one day: from the first moment at
// which something of it was seen to the last.
func Days(entries []Entry) float64 {
	if len(entries) == 0 {
		return 1
	}
	first, last := entries[0].FirstSeen, entries[0].LastSeen
	for _, e := range entries {
		if e.FirstSeen.Before(first) {
			first = e.FirstSeen
		}
		if e.LastSeen.After(last) {
			last = e.LastSeen
		}
	}
	return max(1, last.Sub(first).Hours()/24)
}
