package sqlparse_test

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// TestNeedsOracle asks about the corpus: queries and changes of rows are
// prepared, what defines the corpus's tables and routines is executed, both
// with exactly their needs and with each need but one. It asks about a few
// statements of each kind, or about all with GUARDRAIL_ORACLE=full.
func TestNeedsOracle(t *testing.T) {
	most := 4
	if os.Getenv("GUARDRAIL_ORACLE") == "full" {
		most = 1 << 30
	}
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		o := newGrantor(t, server, "test")
		r := replay{t: t, o: o, maker: o.maker(t), v: newVerdicts(server.Flavour()), most: most,
			kinds: map[sqlparse.Kind]int{}, shapes: map[string]bool{}}
		source := ""
		readCorpus(t, server.Flavour(), func(c corpusLine) {
			if c.SQL == "" || c.Charset != "" || len(c.kinds()) != 1 || most < 1<<30 && len(c.Source)%16 != 3 {
				return
			}
			if c.Source != source {
				source = c.Source
				r.fresh()
			}
			r.statement(c)
		})
		r.v.report(t)
	}, mysqltest.Own(), mysqltest.Args("--lock-wait-timeout=5", "--loose-max-statement-time=6")) // which MySQL does not know
}

// replay goes through the corpus in its order, so that the tables are there
// which the statements are about.
type replay struct {
	t      *testing.T
	o      *grantor
	maker  *sql.Conn // makes what the statements are about
	v      *verdicts
	most   int // statements of a kind to ask about
	kinds  map[sqlparse.Kind]int
	shapes map[string]bool
}

// fresh makes the scratch database anew.
func (r *replay) fresh() {
	r.t.Helper()
	r.o.must(r.t, "SET sql_mode=DEFAULT", "USE mysql", "DROP DATABASE IF EXISTS test", "CREATE DATABASE test", "USE test", foot)
	_ = run(r.t.Context(), r.maker, "USE test", true)
}

// statement asks about one statement of the corpus, or only replays it.
func (r *replay) statement(c corpusLine) {
	mode := r.o.mode
	mode.SQLMode = sqlparse.ParseSQLMode(c.SQLMode)
	reading := r.o.reader.Read([]byte(c.SQL), mode)
	if len(reading.Statements) != 1 || reading.Statements[0].Kind == sqlparse.Unknown {
		return
	}
	q := asking{listed{c.SQLMode, c.SQL}, reading.Statements[0], false}
	switch {
	case strings.Contains(strings.ToUpper(c.SQL), "TEMPORARY"): // the account has none
	case defines(q.st) && r.local(q.st):
		q.execute = true
		r.o.setMode(r.t, c.SQLMode)
		r.define(q)
	case prepares(q.st):
		r.o.setMode(r.t, c.SQLMode)
		if run(r.t.Context(), r.o.admin, c.SQL, false) == nil && r.wanted(q) {
			r.v.take(q, r.o.ask(r.t.Context(), q))
		}
	}
}

// define replays a definition. What makes something is made by the
// administrator first, who stays its definer; the account then finds it there.
func (r *replay) define(q asking) {
	ctx := r.t.Context()
	if !strings.HasPrefix(string(q.st.Kind), "create") && r.wanted(q) {
		a := r.o.ask(ctx, q)
		r.v.take(q, a)
		if a.ungrantable == nil {
			return
		}
	}
	r.make(q)
	if strings.HasPrefix(string(q.st.Kind), "create") && r.wanted(q) {
		r.v.take(q, r.o.ask(ctx, q))
		r.make(q) // OR REPLACE has made it the account's
	}
}

// make executes a definition, by the administrator if it needs to be one. What
// fails is not there for the statements that follow.
func (r *replay) make(q asking) {
	ctx := r.t.Context()
	set := "SET sql_mode=DEFAULT"
	if q.sqlMode != "" {
		set = "SET sql_mode='" + q.sqlMode + "'"
	}
	if run(ctx, r.maker, set, true) != nil || denied(run(ctx, r.maker, q.text, true)) {
		_ = run(ctx, r.o.admin, q.text, true)
	}
	for _, conn := range []*sql.Conn{r.maker, r.o.admin} {
		_ = run(ctx, conn, "ROLLBACK", true) // CREATE TABLE ... START TRANSACTION
		_ = run(ctx, conn, "UNLOCK TABLES", true)
	}
}

// maker is a connection of an account that may do everything in the schema but
// has no privilege that protects what it makes, as MySQL's SYSTEM_USER does.
func (o *grantor) maker(t *testing.T) *sql.Conn {
	t.Helper()
	o.server.User(t, "maker", "ALL ON "+o.schema+".*")
	db, err := sql.Open("mysql", o.server.DSN("maker", o.schema))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// wanted reports whether a statement is to be asked about: the first of its
// shape, and not one of too many of its kind.
func (r *replay) wanted(q asking) bool {
	mode := r.o.mode
	mode.SQLMode = sqlparse.ParseSQLMode(q.sqlMode)
	var buf sqlparse.Tokens
	shape := string(sqlparse.Lex([]byte(q.text), mode, &buf).Shape)
	if r.shapes[shape] || r.kinds[q.st.Kind] >= r.most {
		return false
	}
	r.shapes[shape] = true
	r.kinds[q.st.Kind]++
	return true
}

// local reports whether a statement touches the scratch database alone.
func (r *replay) local(st sqlparse.Statement) bool {
	for _, n := range st.Needs {
		if n.Object.Type == sqlparse.Global && n.Privilege != "FILE" || n.Object.Schema != "" && n.Object.Schema != "test" {
			return false
		}
	}
	return true
}

// defines reports whether a statement makes, changes or takes away tables,
// views and routines.
func defines(st sqlparse.Statement) bool {
	return slices.Contains([]sqlparse.Kind{"create_table", "create_view", "create_index", "alter_table", "create_function", "create_procedure",
		"create_trigger", "create_event", "create_sequence", "drop_table", "drop_view", "drop_index", "drop_trigger", "drop_sequence", "drop_event",
		"rename_table", "drop_function", "drop_procedure", "truncate", "analyze", "check", "optimize", "repair", "checksum",
		"show_create_table", "show_fields", "show_keys", "show_tables", "show_table_status", "show_triggers"}, st.Kind)
}

// prepares reports whether the servers check a statement's privileges when it
// is prepared.
func prepares(st sqlparse.Statement) bool {
	return slices.Contains([]sqlparse.Kind{"select", "insert", "insert_select", "replace", "replace_select", "update", "update_multi", "delete",
		"delete_multi", "do"}, st.Kind)
}
