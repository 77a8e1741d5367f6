package sqlparse_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

const oracleDB = "test"

// grantor asks a real server whether needs are right: it gives an account
// exactly some needs, and lets it prepare or execute a statement.
type grantor struct {
	t      *testing.T
	server *mysqltest.Server
	admin  *sql.Conn
	reader *sqlparse.Reader
	mode   sqlparse.Mode
}

func newGrantor(t *testing.T, server *mysqltest.Server) *grantor {
	t.Helper()
	version, err := sqlparse.ParseServer(server.Version())
	if err != nil {
		t.Fatal(err)
	}
	server.Database(t, oracleDB)
	server.User(t, "oracle")
	admin, err := server.Admin().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	o := &grantor{t: t, server: server, admin: admin, reader: sqlparse.NewReader(sqlparse.Options{}),
		mode: sqlparse.Mode{Server: version, Charset: sqlparse.CharsetUTF8}}
	o.fresh()
	return o
}

// fresh makes the scratch database anew, with a function that gives the
// account a foot in it.
func (o *grantor) fresh() {
	for _, text := range []string{"SET sql_mode=DEFAULT", "USE mysql", "DROP DATABASE IF EXISTS " + oracleDB, "CREATE DATABASE " + oracleDB, "USE " + oracleDB,
		"CREATE FUNCTION oracle_foot() RETURNS int DETERMINISTIC RETURN 1"} {
		o.must(text)
	}
}

func (o *grantor) must(text string) {
	o.t.Helper()
	if _, err := o.admin.ExecContext(o.t.Context(), text); err != nil {
		o.t.Fatalf("%s: %v", text, err)
	}
}

// errno is the server's error number, 0 for none.
func errno(err error) int {
	var e *mysql.MySQLError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return int(e.Number)
	}
	return -1
}

// denied reports whether the server refused for want of a privilege.
func denied(err error) bool {
	return slices.Contains([]int{1142, 1143, 1044, 1227, 1370, 1045, 1049, 1345, 1419}, errno(err))
}

// give makes the account one with exactly the needs.
func (o *grantor) give(kind sqlparse.Kind, needs []sqlparse.Need) error {
	ctx := o.t.Context()
	if _, err := o.admin.ExecContext(ctx, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM oracle"); err != nil {
		return err
	}
	byObject := map[string][]string{"FUNCTION " + oracleDB + ".oracle_foot": {"EXECUTE"}}
	for _, n := range needs {
		on, privilege := o.grant(kind, n)
		if privilege != "" && !slices.Contains(byObject[on], privilege) {
			byObject[on] = append(byObject[on], privilege)
		}
	}
	for on, list := range byObject {
		if _, err := o.admin.ExecContext(ctx, "GRANT "+strings.Join(list, ", ")+" ON "+on+" TO oracle"); err != nil {
			return fmt.Errorf("GRANT %v ON %s: %w", list, on, err)
		}
	}
	return nil
}

// grant is a need in the server's words.
func (o *grantor) grant(kind sqlparse.Kind, n sqlparse.Need) (on, privilege string) {
	schema := quoteName(n.Object.Schema)
	if n.Object.Schema == "" {
		schema = oracleDB
	}
	switch n.Object.Type {
	case sqlparse.Global:
		on = "*.*"
	case sqlparse.Schema:
		on = schema + ".*"
	case sqlparse.Table:
		on = schema + "." + quoteName(n.Object.Name)
	case sqlparse.Routine:
		on = "FUNCTION " + schema + "." + quoteName(n.Object.Name)
		if kind == "call_procedure" || strings.HasSuffix(string(kind), "procedure") {
			on = "PROCEDURE " + schema + "." + quoteName(n.Object.Name)
		}
	}
	mariaDB := o.mode.Server.Flavour == sqlparse.MariaDB
	switch n.Privilege {
	case sqlparse.DropDatabase, sqlparse.DropTable, sqlparse.DropView, sqlparse.Truncate:
		return on, "DROP"
	case sqlparse.LoadDataLocal:
		return on, ""
	case sqlparse.AnyPrivilege:
		if n.Object.Type == sqlparse.Schema {
			return on, ""
		}
		return on, "SELECT"
	case "LOCK TABLES", "EVENT", "CREATE ROUTINE":
		return schema + ".*", string(n.Privilege)
	case "SYSTEM_VARIABLES_ADMIN", "SESSION_VARIABLES_ADMIN", "SET_USER_ID", "ROLE_ADMIN", "BINLOG_ADMIN", "CONNECTION_ADMIN":
		if mariaDB {
			return on, "SUPER"
		}
		if n.Privilege == "SET_USER_ID" {
			return on, "SET_ANY_DEFINER"
		}
	}
	return on, string(n.Privilege)
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// as lets the account do something on a connection of its own.
func (o *grantor) as(sqlMode string, do func(context.Context, *sql.Conn) error) error {
	db, err := sql.Open("mysql", o.server.DSN("oracle", oracleDB))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx := o.t.Context()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if sqlMode != "" {
		if _, err := conn.ExecContext(ctx, "SET sql_mode='"+sqlMode+"'"); err != nil {
			return err
		}
	}
	return do(ctx, conn)
}

// prepares lets the account prepare a text.
func prepares(text string) func(context.Context, *sql.Conn) error {
	return func(ctx context.Context, conn *sql.Conn) error {
		st, err := conn.PrepareContext(ctx, text)
		if err == nil {
			st.Close()
		}
		return err
	}
}

// replayed are the kinds that make the tables and routines the corpus is about.
var replayed = []sqlparse.Kind{"create_table", "create_view", "create_index", "alter_table", "create_function", "create_procedure",
	"drop_table", "drop_view", "rename_table", "drop_function", "drop_procedure"}

// verdicts collect what the server says against the needs.
type verdicts struct {
	asked, missing, superfluous int
	lines                       []string
	kinds                       map[sqlparse.Kind]int
	shapes                      map[sqlparse.Shape]bool
}

// TestNeedsOracle prepares the corpus's statements with exactly the needs read
// from them, and with each need but one.
func TestNeedsOracle(t *testing.T) {
	full := os.Getenv("GUARDRAIL_ORACLE") == "full"
	perKind := 25
	if full {
		perKind = 1 << 30
	}
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		o := newGrantor(t, server)
		v := verdicts{kinds: map[sqlparse.Kind]int{}, shapes: map[sqlparse.Shape]bool{}}
		source := ""
		readCorpus(t, server.Flavour(), func(c corpusLine) {
			if c.SQL == "" || c.Charset != "" || len(c.kinds()) != 1 || !full && len(c.Source)%8 != 3 {
				return
			}
			if c.Source != source {
				source = c.Source
				o.fresh()
			}
			o.statement(c, perKind, &v)
		})
		t.Logf("%d statements prepared; %d lacked a need, %d needs were not asked for", v.asked, v.missing, v.superfluous)
		if name := os.Getenv("ORACLE_DUMP"); name != "" {
			if err := os.WriteFile(name+"-"+server.Flavour()+".txt", []byte(strings.Join(v.lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// statement asks about one statement of the corpus, or replays it.
func (o *grantor) statement(c corpusLine, perKind int, v *verdicts) {
	mode := o.mode
	mode.SQLMode = sqlparse.ParseSQLMode(c.SQLMode)
	reading := o.reader.Read([]byte(c.SQL), mode)
	if len(reading.Statements) != 1 || reading.Statements[0].Kind == sqlparse.Unknown {
		return
	}
	st := reading.Statements[0]
	if slices.Contains(replayed, st.Kind) && o.local(st) {
		o.setMode(c.SQLMode)
		_, _ = o.admin.ExecContext(o.t.Context(), c.SQL) // what fails is not there for those that follow
		return
	}
	if !preparable(st) || v.kinds[st.Kind] >= perKind {
		return
	}
	var buf sqlparse.Tokens
	lexed := sqlparse.Lex([]byte(c.SQL), mode, &buf)
	if v.shapes[lexed.Shape] {
		return
	}
	o.setMode(c.SQLMode)
	if err := prepares(c.SQL)(o.t.Context(), o.admin); err != nil {
		return
	}
	v.kinds[st.Kind]++
	v.shapes[lexed.Shape] = true
	o.ask(c, st, v)
}

func (o *grantor) setMode(mode string) {
	if mode == "" {
		mode = "DEFAULT"
	} else {
		mode = "'" + mode + "'"
	}
	o.must("SET sql_mode=" + mode)
}

// local reports whether a statement touches the scratch database alone.
func (o *grantor) local(st sqlparse.Statement) bool {
	for _, n := range st.Needs {
		if n.Object.Schema != "" && n.Object.Schema != oracleDB {
			return false
		}
	}
	return true
}

// preparable are the kinds whose privileges the servers check at PREPARE.
func preparable(st sqlparse.Statement) bool {
	switch st.Kind {
	case "select", "insert", "insert_select", "replace", "replace_select", "update", "update_multi", "delete", "delete_multi", "do":
		return true
	}
	return false
}

// ask grants exactly the needs, and then all but each.
func (o *grantor) ask(c corpusLine, st sqlparse.Statement, v *verdicts) {
	if err := o.give(st.Kind, st.Needs); err != nil {
		v.lines = append(v.lines, fmt.Sprintf("grant\t%v\t%q", err, c.SQL))
		return
	}
	v.asked++
	if err := o.as(c.SQLMode, prepares(c.SQL)); denied(err) {
		v.missing++
		v.lines = append(v.lines, fmt.Sprintf("missing\t%s\t%s\t%v\t%q", st.Kind, needs(st), err, c.SQL))
		return
	}
	for i, n := range st.Needs {
		rest := slices.Delete(slices.Clone(st.Needs), i, i+1)
		if err := o.give(st.Kind, rest); err != nil {
			continue
		}
		if err := o.as(c.SQLMode, prepares(c.SQL)); !denied(err) {
			v.superfluous++
			v.lines = append(v.lines, fmt.Sprintf("superfluous\t%s\t%s %s\t%v\t%q", st.Kind, n.Privilege, n.Object, err, c.SQL))
		}
	}
}
