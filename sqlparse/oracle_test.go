package sqlparse_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// grantor asks a real server whether needs are right: it gives an account
// exactly some needs, and lets it prepare or execute a statement.
type grantor struct {
	server *mysqltest.Server
	admin  *sql.Conn
	reader *sqlparse.Reader
	mode   sqlparse.Mode
	schema string // where the statements are at home
}

func newGrantor(t *testing.T, server *mysqltest.Server, schema string) *grantor {
	t.Helper()
	version, err := sqlparse.ParseServer(server.Version())
	if err != nil {
		t.Fatal(err)
	}
	server.Database(t, schema)
	server.User(t, "oracle")
	admin, err := server.Admin().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	return &grantor{server: server, admin: admin, reader: sqlparse.NewReader(sqlparse.Options{}), schema: schema,
		mode: sqlparse.Mode{Server: version, Charset: sqlparse.CharsetUTF8}}
}

// foot is a function that the account may always call, so that it can be at
// home in a schema without any privilege that counts.
const foot = "CREATE FUNCTION oracle_foot() RETURNS int DETERMINISTIC RETURN 1"

// must executes statements of the test's own as the administrator.
func (o *grantor) must(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := o.admin.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
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
	return slices.Contains([]int{1142, 1143, 1044, 1227, 1370, 1045, 1049, 1345, 1419, 1410, 1131, 1698, 3630, 1401}, errno(err))
}

// late reports whether an error comes after the server has looked at
// privileges: what is made is there already, what is named is not.
func late(err error) bool {
	return slices.Contains([]int{1304, 1359, 1537, 1007, 1094, 1126, 1373, 1617, 1200, 1957, 1959, 3529}, errno(err))
}

// give makes the account one with exactly the needs.
func (o *grantor) give(ctx context.Context, kind sqlparse.Kind, needs []sqlparse.Need) error {
	if _, err := o.admin.ExecContext(ctx, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM oracle"); err != nil {
		return err
	}
	byObject := map[string][]string{"FUNCTION `" + o.schema + "`.oracle_foot": {"EXECUTE"}}
	for _, n := range needs {
		for _, privilege := range o.words(n) {
			if on := o.level(ctx, kind, n); !slices.Contains(byObject[on], privilege) {
				byObject[on] = append(byObject[on], privilege)
			}
		}
	}
	for on, list := range byObject {
		if err := o.grant(ctx, on, list); err != nil {
			return fmt.Errorf("GRANT %v ON %s: %w", list, on, err)
		}
	}
	return nil
}

// grant gives privileges on one object. On a routine that is not there they are
// given in its schema, on a table while there is one: they outlive it.
func (o *grantor) grant(ctx context.Context, on string, list []string) error {
	option := ""
	if i := slices.Index(list, "GRANT OPTION"); i >= 0 && len(list) > 1 {
		list, option = slices.Delete(list, i, i+1), " WITH GRANT OPTION"
	}
	if slices.Contains(list, "ALL PRIVILEGES") {
		list = []string{"ALL PRIVILEGES"}
	}
	give := func() error {
		return o.each(ctx, "GRANT "+strings.Join(list, ", ")+" ON "+on+" TO oracle"+option)
	}
	err := give()
	switch {
	case errno(err) == 1305 && strings.HasPrefix(on, "FUNCTION"):
		on = "LIBRARY" + strings.TrimPrefix(on, "FUNCTION")
		if err = give(); errno(err) == 1064 || errno(err) == 1305 {
			err = o.grant(ctx, schemaOf(on), list)
		}
	case errno(err) == 1305:
		err = o.grant(ctx, schemaOf(on), list)
	case errno(err) == 1146:
		if err = o.each(ctx, "CREATE TABLE "+on+" (a INT)"); err == nil {
			err = errors.Join(give(), o.each(ctx, "DROP TABLE "+on))
		}
	case strings.HasPrefix(on, "PACKAGE"):
		if err = o.each(ctx, "SET @was = @@sql_mode, sql_mode = ORACLE"); err == nil {
			err = errors.Join(give(), o.each(ctx, "SET sql_mode = @was"))
		}
	}
	return err
}

// schemaOf is the schema of what a GRANT names: PROCEDURE `d`.`p`, all of it.
func schemaOf(on string) string {
	return on[strings.Index(on, "`"):strings.Index(on, "`.`")+1] + ".*"
}

// each executes texts as the administrator up to the first error.
func (o *grantor) each(ctx context.Context, texts ...string) error {
	for _, text := range texts {
		if _, err := o.admin.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// level is what a need's privilege is granted on, in the server's words.
func (o *grantor) level(ctx context.Context, kind sqlparse.Kind, n sqlparse.Need) string {
	schema := quoteName(n.Object.Schema)
	if n.Object.Schema == "" {
		schema = quoteName(o.schema)
	}
	switch n.Privilege {
	case "LOCK TABLES", "EVENT", "CREATE ROUTINE", "CREATE TEMPORARY TABLES":
		return schema + ".*" // on nothing smaller
	}
	switch n.Object.Type {
	case sqlparse.Schema:
		return schema + ".*"
	case sqlparse.Table:
		return schema + "." + quoteName(n.Object.Name)
	case sqlparse.Routine:
		return o.routineWord(ctx, kind, n.Object) + " " + schema + "." + quoteName(n.Object.Name)
	}
	return "*.*"
}

// routineWord is the kind of routine that an object is, or would be by the
// kind of the statement that names it.
func (o *grantor) routineWord(ctx context.Context, kind sqlparse.Kind, r sqlparse.Object) string {
	likely := "FUNCTION"
	switch k := string(kind); {
	case strings.HasSuffix(k, "package"):
		return "PACKAGE"
	case k == "drop_function":
		return "FUNCTION"
	case strings.HasSuffix(k, "procedure"), strings.HasSuffix(k, "_proc"):
		likely = "PROCEDURE"
	}
	var word string
	err := o.admin.QueryRowContext(ctx, "SELECT ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND ROUTINE_NAME = ? ORDER BY ROUTINE_TYPE = ? DESC, ROUTINE_TYPE DESC",
		cmp.Or(r.Schema, o.schema), r.Name, likely).Scan(&word)
	if err != nil {
		return likely
	}
	return word
}

// words is a need's privilege in the server's words.
func (o *grantor) words(n sqlparse.Need) []string {
	if o.mode.Server.Flavour == sqlparse.MariaDB {
		if words, ok := mariaDBWords[n.Privilege]; ok {
			return words
		}
	}
	switch n.Privilege {
	case sqlparse.DropDatabase, sqlparse.DropTable, sqlparse.DropView, sqlparse.Truncate:
		return []string{"DROP"}
	case sqlparse.AllPrivileges:
		return []string{"ALL PRIVILEGES"}
	case "SET_USER_ID":
		return []string{"SET_ANY_DEFINER"}
	case sqlparse.LoadDataLocal, sqlparse.Unparsed:
		return nil
	case sqlparse.AnyPrivilege:
		switch {
		case n.Object.Type == sqlparse.Schema && (n.Object.Schema == "" || n.Object.Schema == o.schema):
			return nil // it has a foot there
		}
		switch n.Object.Type {
		case sqlparse.Routine:
			return []string{"EXECUTE"}
		}
		return []string{"SELECT"}
	}
	return []string{string(n.Privilege)}
}

// mariaDBWords are MariaDB's names of privileges that it splits otherwise than MySQL.
var mariaDBWords = map[sqlparse.Privilege][]string{
	"SYSTEM_VARIABLES_ADMIN":  {"SUPER"},
	"SESSION_VARIABLES_ADMIN": {"SUPER", "BINLOG ADMIN", "REPLICATION SLAVE ADMIN"},
	"SET_USER_ID":             {"SET USER"},
	"BINLOG_ADMIN":            {"BINLOG ADMIN", "BINLOG REPLAY"},
	"CONNECTION_ADMIN":        {"CONNECTION ADMIN"},
	"REPLICATION_SLAVE_ADMIN": {"REPLICATION SLAVE ADMIN"},
	"REPLICATION CLIENT":      {"BINLOG MONITOR", "SLAVE MONITOR"},
	"REPLICATION SLAVE":       {"REPLICATION MASTER ADMIN", "BINLOG MONITOR", "SLAVE MONITOR"},
	"ROLE_ADMIN":              {"SUPER"},
}

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// as lets the account prepare or execute a text on a connection of its own.
func (o *grantor) as(ctx context.Context, sqlMode, text string, execute bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	db, err := sql.Open("mysql", o.server.DSN("oracle", o.schema))
	if err != nil {
		return err
	}
	defer db.Close()
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
	return run(ctx, conn, text, execute)
}

// run prepares or executes a text.
func run(ctx context.Context, conn *sql.Conn, text string, execute bool) error {
	if execute {
		_, err := conn.ExecContext(ctx, text)
		return err
	}
	st, err := conn.PrepareContext(ctx, text)
	if err == nil {
		st.Close()
	}
	return err
}

// asking is one statement to ask about.
type asking struct {
	listed
	st      sqlparse.Statement
	execute bool
}

// answer is what the server says of a statement's needs.
type answer struct {
	ungrantable error           // the needs cannot be granted: an object is not there
	exact       error           // with exactly the needs
	admin       error           // as the administrator, where exact is an error that speaks of no privilege
	superfluous []sqlparse.Need // those that the statement does without
}

// missing reports whether the needs were not enough: the administrator can do
// what the account cannot, or fails for a reason of another kind.
func (a answer) missing() bool {
	switch {
	case a.ungrantable != nil || a.exact == nil || late(a.exact):
		return false
	case a.admin == nil:
		return true
	}
	return denied(a.exact) && errno(a.admin) != errno(a.exact) && !absent(a.admin)
}

// absent reports whether what a statement is about is not there.
func absent(err error) bool {
	return slices.Contains([]int{1305, 1051, 1146, 1360, 1539, 1049, 1091, 4092}, errno(err))
}

// ask lets the account try the statement with each need but one, and with all.
func (o *grantor) ask(ctx context.Context, q asking) (a answer) {
	without := make([]error, len(q.st.Needs))
	for i := range q.st.Needs {
		rest := slices.Delete(slices.Clone(q.st.Needs), i, i+1)
		if !o.matters(ctx, q.st, rest, q.st.Needs[i]) {
			without[i] = &mysql.MySQLError{Number: 1142}
			continue
		}
		if a.ungrantable = o.give(ctx, q.st.Kind, rest); a.ungrantable != nil {
			return a
		}
		if without[i] = o.as(ctx, q.sqlMode, q.text, q.execute); without[i] == nil {
			a.superfluous = append(a.superfluous, q.st.Needs[i])
			return a
		}
	}
	if a.ungrantable = o.give(ctx, q.st.Kind, q.st.Needs); a.ungrantable != nil {
		return a
	}
	a.exact = o.as(ctx, q.sqlMode, q.text, q.execute)
	if a.exact != nil && !late(a.exact) {
		a.admin = run(ctx, o.admin, q.text, q.execute)
		return a
	}
	for i, n := range q.st.Needs {
		if (a.exact == nil || late(a.exact)) && !denied(without[i]) {
			a.superfluous = append(a.superfluous, n)
		}
	}
	return a
}

// matters reports whether the need is granted by no word that the rest ask for too.
func (o *grantor) matters(ctx context.Context, st sqlparse.Statement, rest []sqlparse.Need, n sqlparse.Need) bool {
	var have []string
	for _, r := range rest {
		for _, word := range o.words(r) {
			have = append(have, word+" "+o.level(ctx, st.Kind, r))
		}
	}
	words := o.words(n)
	return slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(have, word+" "+o.level(ctx, st.Kind, n)) })
}
