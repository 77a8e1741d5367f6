package audit

import (
	"fmt"
	"slices"
	"strings"
)

// column is one column of a table.
type column struct {
	name  string
	kind  byte   // 'i' integer, 'b' 16 bytes, 'v' text of at most size, 't' longer text
	size  int    // of 'v', in bytes
	merge string // what a second row with the same key does: add, min, max, set; nothing where empty
}

// table is one of the store's, in words that both dialects know.
type table struct {
	name    string
	columns []column
	key     []string
}

func integer(name, merge string) column { return column{name: name, kind: 'i', merge: merge} }
func text(name string, size int, merge string) column {
	return column{name: name, kind: 'v', size: size, merge: merge}
}

// The tables. Times are milliseconds since 1970. An event's id holds its time,
// so that the events' own order is that of time. Statements stand apart, once
// for an issue and not once for an event.
var (
	issuesTable = table{name: "issues", key: []string{"id"}, columns: []column{
		integer("id", ""), text("decision", 32, ""), text("environment", 64, ""), text("backend", 64, ""),
		text("app", 128, ""), text("account", 128, ""), text("rule", 256, ""), text("shape", 64, ""),
		text("kind", 64, "set"), text("need", 512, "set"), {name: "objects", kind: 't', merge: "set"}, text("cause", 64, "set"), text("because", 512, "set"),
		text("reason", 512, "set"), text("rule_file", 512, "set"), integer("rule_line", "set"), integer("code", "set"),
		text("schema_name", 128, "set"), text("policy_hash", 128, "set"), integer("text", "set"),
		integer("first_seen", "min"), integer("last_seen", "max"), integer("events", "add"), integer("row_count", "add"),
		integer("acknowledged_at", "-"), text("acknowledged_by", 128, "-"), text("acknowledged_note", 1024, "-"),
		integer("acknowledged_events", "-"),
	}}
	eventsTable = table{name: "events", key: []string{"id"}, columns: []column{
		{name: "id", kind: 'b'}, integer("issue", ""), text("account", 128, ""), text("client", 64, ""),
		{name: "attributes", kind: 't'}, text("schema_name", 128, ""), text("need", 512, ""), {name: "objects", kind: 't'},
		integer("text", ""), text("reason", 512, ""), integer("code", ""), text("policy_hash", 128, ""),
		text("rule_file", 512, ""), integer("rule_line", ""), integer("row_count", "set"), integer("duration", "set"),
	}}
	textsTable = table{name: "texts", key: []string{"issue", "hash"}, columns: []column{
		integer("issue", ""), integer("hash", ""), {name: "statement", kind: 't'},
	}}
	clientsTable = table{name: "clients", key: []string{"issue", "client"}, columns: []column{
		integer("issue", ""), text("client", 64, ""), integer("events", "add"), integer("first_seen", "min"), integer("last_seen", "max"),
	}}
	countsTable = table{name: "counts", key: []string{"grain", "start", "issue"}, columns: []column{
		integer("grain", ""), integer("start", ""), integer("issue", ""), integer("events", "add"),
	}}
	seriesTable = table{name: "series", key: []string{"grain", "start", "environment", "app", "decision"}, columns: []column{
		integer("grain", ""), integer("start", ""), text("environment", 64, ""), text("app", 128, ""), text("decision", 32, ""),
		integer("events", "add"),
	}}
	notesTable = table{name: "notes", key: []string{"issue", "at"}, columns: []column{
		integer("issue", ""), integer("at", ""), text("author", 128, ""), text("action", 32, ""), text("note", 1024, ""),
	}}
	writersTable = table{name: "writers", key: []string{"writer"}, columns: []column{
		text("writer", 64, ""), integer("batch", "set"), integer("events", "add"), integer("seen", "set"), integer("closed", "set"),
	}}
	aheadTable = table{name: "ahead", key: []string{"writer", "number"}, columns: []column{
		text("writer", 64, ""), integer("number", ""), {name: "events", kind: 't'},
	}}
	versionsTable = table{name: "versions", key: []string{"id"}, columns: []column{integer("id", ""), integer("version", "")}}

	tables = []table{versionsTable, issuesTable, eventsTable, textsTable, clientsTable, countsTable, seriesTable, notesTable, writersTable, aheadTable, serversTable, trafficTable, trafficCountsTable}
)

// index is one that a view needs.
type index struct{ name, table, columns string }

var indexes = []index{
	{"issues_seen", "issues", "last_seen"},
	{"events_issue", "events", "issue, id"},
	{"events_client", "events", "client, id"},
	{"clients_client", "clients", "client"},
	{"counts_issue", "counts", "issue, grain, start, events"}, // holds all that is asked of an issue
	{"traffic_seen", "traffic", "last_seen"},
	{"traffic_app", "traffic", "app, last_seen"},
	{"traffic_counts_day", "traffic_counts", "day"},
}

// create is the table's definition in a dialect's types.
func (t table) create(integer, bytes, long string, short func(size int) string, tail string) string {
	parts := make([]string, 0, len(t.columns)+1)
	for _, c := range t.columns {
		kind := integer
		switch c.kind {
		case 'b':
			kind = bytes
		case 't':
			kind = long
		case 'v':
			kind = short(c.size)
		}
		null := " NOT NULL"
		if c.merge == "-" {
			null = ""
		}
		parts = append(parts, c.name+" "+kind+null)
	}
	parts = append(parts, "PRIMARY KEY ("+strings.Join(t.key, ", ")+")")
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (\n%s\n)%s", t.name, strings.Join(parts, ",\n"), tail)
}

// tail keeps SQLite's rows in the order of their key.
func (t table) tail() string {
	if t.name == "issues" {
		return ""
	}
	return " WITHOUT ROWID"
}

// written are the columns that a batch fills.
func (t table) written() []string {
	var names []string
	for _, c := range t.columns {
		if c.merge != "-" {
			names = append(names, c.name)
		}
	}
	return names
}

// insert is a statement that inserts rows, up to what happens with those that are there.
func (t table) insert(rows int) string {
	names := t.written()
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", len(names)), ",") + ")"
	return "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ") VALUES " +
		strings.TrimSuffix(strings.Repeat(one+",", rows), ",")
}

// merges are the columns that a second row with the same key changes, each as
// given by the format of what it does.
func (t table) merges(add, minimum, maximum, set string) []string {
	formats := map[string]string{"add": add, "min": minimum, "max": maximum, "set": set}
	var out []string
	for _, c := range t.columns {
		if f := formats[c.merge]; f != "" && !slices.Contains(t.key, c.name) {
			out = append(out, fmt.Sprintf(f, c.name))
		}
	}
	return out
}

func (t table) onConflict() string {
	sets := t.merges("%[1]s = %[1]s + excluded.%[1]s", "%[1]s = min(%[1]s, excluded.%[1]s)",
		"%[1]s = max(%[1]s, excluded.%[1]s)", "%[1]s = excluded.%[1]s")
	if len(sets) == 0 {
		return " ON CONFLICT DO NOTHING"
	}
	return " ON CONFLICT (" + strings.Join(t.key, ", ") + ") DO UPDATE SET " + strings.Join(sets, ", ")
}

func (t table) onDuplicateKey() string {
	sets := t.merges("%[1]s = %[1]s + VALUES(%[1]s)", "%[1]s = LEAST(%[1]s, VALUES(%[1]s))",
		"%[1]s = GREATEST(%[1]s, VALUES(%[1]s))", "%[1]s = VALUES(%[1]s)")
	if len(sets) == 0 {
		sets = []string{t.key[0] + " = " + t.key[0]}
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
}
