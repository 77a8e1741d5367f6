package sqlparse_test

import (
	"strings"
	"testing"

	"guardrail/sqlparse"
)

var (
	mysql97   = sqlparse.Mode{Server: sqlparse.Server{Flavour: sqlparse.MySQL, Version: 90704}, Charset: sqlparse.CharsetUTF8}
	mariadb10 = sqlparse.Mode{Server: sqlparse.Server{Flavour: sqlparse.MariaDB, Version: 101119}, Charset: sqlparse.CharsetUTF8}
)

// needs is what a statement needs as one line: "SELECT a, UPDATE b.c".
func needs(st sqlparse.Statement) string {
	var list []string
	for _, n := range st.Needs {
		list = append(list, string(n.Privilege)+" "+n.Object.String())
	}
	return strings.Join(list, ", ")
}

// readOne reads a text of one statement.
func readOne(t *testing.T, sql string, m sqlparse.Mode) sqlparse.Statement {
	t.Helper()
	reading := sqlparse.NewReader(sqlparse.Options{}).Read([]byte(sql), m)
	if len(reading.Statements) != 1 {
		t.Fatalf("%s: %d statements, want 1", sql, len(reading.Statements))
	}
	return reading.Statements[0]
}

func TestNeeds(t *testing.T) {
	for _, row := range []struct {
		sql   string
		kind  sqlparse.Kind
		needs string
	}{
		{"SELECT 1", "select", ""},
		{"SELECT a FROM t JOIN b.u USING (id)", "select", "SELECT t, SELECT b.u"},
		{"SELECT (SELECT max(x) FROM u) FROM t", "select", "SELECT t, SELECT u"},
		{"SELECT * FROM information_schema.tables", "select", ""},
		{"WITH c AS (SELECT * FROM c) SELECT * FROM c", "select", "SELECT c"},
		{"WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT * FROM c) SELECT * FROM c", "select", ""},
		{"SELECT a FROM t FOR UPDATE", "select", "SELECT t, UPDATE t"},
		{"SELECT a FROM t LOCK IN SHARE MODE", "select", "SELECT t"},
		{"SELECT a FROM t INTO OUTFILE '/tmp/x'", "select", "SELECT t, FILE *.*"},
		{"SELECT load_file('/etc/passwd')", "select", "FILE *.*"},
		{"SELECT f(1), now()", "select", "EXECUTE f"},
		{"SELECT d.now()", "select", "EXECUTE d.now"},
		{"SELECT DATE '2001-01-01', {ts '2001-01-01 00:00:00'}, INSERT('a', 1, 1, 'b'), CHAR(65)", "select", ""},
		{"SELECT a MEMBER OF ('[1]') FROM t", "select", "SELECT t"},
		{"SELECT insert_func(1), json_memberof(1, 2), `'tidb``.(dateliteral`(1)", "select", "EXECUTE insert_func, EXECUTE json_memberof, EXECUTE 'tidb`.(dateliteral"},
		{"INSERT INTO t VALUES (1)", "insert", "INSERT t"},
		{"INSERT INTO t SELECT * FROM u", "insert_select", "INSERT t, SELECT u"},
		{"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a=1", "insert", "INSERT t, UPDATE t"},
		{"REPLACE INTO t VALUES (1)", "replace", "INSERT t, DELETE t"},
		{"UPDATE t SET a=1", "update", "UPDATE t"},
		{"SELECT TIME_FORMAT(a, 1), sets (1) FROM t GROUP BY GROUPING SETS ((a), ())", "select", "EXECUTE sets, SELECT t"},
		{"UPDATE t SET a=1 WHERE id=1", "update", "UPDATE t, SELECT t"},
		{"UPDATE t x JOIN u y ON x.id=y.id SET x.a=1", "update_multi", "UPDATE t, SELECT u, SELECT t"},
		{"DELETE FROM t", "delete", "DELETE t"},
		{"DELETE x FROM t x JOIN u y ON x.id=y.id", "delete_multi", "DELETE t, SELECT t, SELECT u"},
		{"DROP DATABASE d", "drop_db", "DROP DATABASE d.*"},
		{"DROP TABLE a, b.c", "drop_table", "DROP TABLE a, DROP TABLE b.c"},
		{"DROP VIEW v", "drop_view", "DROP VIEW v"},
		{"DROP TEMPORARY TABLE a", "drop_table", "ANY *"},
		{"DROP TEMPORARY TABLE IF EXISTS a, d.b", "drop_table", "ANY *, ANY d.*"},
		{"CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1, @b = NEW.c", "create_trigger", "TRIGGER t"},
		{"TRUNCATE t", "truncate", "TRUNCATE t"},
		{"TRUNCATE TABLE .t", "truncate", "TRUNCATE t"},
		{"TRUNCATE TABLE.t", "truncate", "TRUNCATE TABLE.t"}, // a dot binds the word that it touches
		{"INSERT INTO/**/.t VALUES (1)", "insert", "INSERT t"},
		{"INSERT INTO/**/.t SET a = 1, t.b := 2", "insert", "INSERT t"},
		{"INSERT INTO/**/.t SET a = 1, b = c", "insert", "INSERT t, SELECT t"},
		{"INSERT INTO/**/.t VALUES (1) ON DUPLICATE KEY UPDATE a=1, b=2", "insert", "INSERT t, UPDATE t"},
		{"INSERT INTO/**/.t VALUES (1) ON DUPLICATE KEY UPDATE a=a+1", "insert", "INSERT t, UPDATE t, SELECT t"},
		{"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE t.a = VALUES(a)", "insert", "INSERT t, UPDATE t, SELECT t"},
		{"INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE t.a = (SELECT 1)", "insert", "INSERT t, UPDATE t"},
		{"INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE t.a = n.a", "insert", "INSERT t, UPDATE t, SELECT t"},
		{"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE t.a = DEFAULT", "insert", "INSERT t, UPDATE t"},
		{"INSERT INTO.t SET a=1", "insert", "INSERT INTO.t"},
		{"RENAME TABLE a TO b", "rename_table", "ALTER a, DROP TABLE a, CREATE b, INSERT b"},
		{"CREATE TABLE t SELECT * FROM u", "create_table", "CREATE t, INSERT t, SELECT u"},
		{"CREATE TABLE t LIKE u", "create_table", "CREATE t, SELECT u"},
		{"CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES p(id))", "create_table", "CREATE t, REFERENCES p"},
		{"CREATE TEMPORARY TABLE t (a int)", "create_table", "CREATE TEMPORARY TABLES *"},
		{"ALTER TABLE t ADD c int", "alter_table", "ALTER t"},
		{"ALTER TABLE t DROP PARTITION p", "alter_table", "ALTER t, DROP TABLE t"},
		{"ALTER TABLE t TRUNCATE PARTITION ALL", "alter_table", "ALTER t, TRUNCATE t"},
		{"ALTER TABLE IF EXISTS t TRUNCATE PARTITION p", "alter_table", "ALTER t, TRUNCATE t"},
		{"ALTER TABLE t RENAME TO u", "alter_table", "ALTER t, DROP TABLE t, CREATE u, INSERT u"},
		{"ALTER TABLE t ORDER BY a", "alter_table", "ALTER t, SELECT t"},
		{"ALTER TABLE t ALTER INDEX i VISIBLE, ORDER BY a, b", "alter_table", "ALTER t, SELECT t"},
		{"CREATE INDEX i ON t (a)", "create_index", "INDEX t"},
		{"CALL p(1)", "call_procedure", "EXECUTE p"},
		{"CALL sys.execute_prepared_stmt('DROP TABLE t, b.u')", "call_procedure", "EXECUTE sys.execute_prepared_stmt, DROP TABLE sys.t, DROP TABLE b.u"},
		{`CALL sys.execute_prepared_stmt('SELECT "a"')`, "call_procedure", "EXECUTE sys.execute_prepared_stmt, UNPARSED *.*"},
		{"USE d", "change_db", "ANY d.*"},
		{"SET GLOBAL a=1, b=2", "set_option", "SYSTEM_VARIABLES_ADMIN *.*"},
		{"SET sql_log_bin=0", "set_option", "SESSION_VARIABLES_ADMIN *.*"},
		{"OPTIMIZE LOCAL TABLE t", "optimize", "OPTIMIZE_LOCAL_TABLE *.*, SELECT t, INSERT t"},
		{"CREATE USER a DEFAULT ROLE r", "create_user", "ROLE_ADMIN *.*, CREATE USER *.*"},
		{"EXPLAIN DELETE FROM t", "delete", "DELETE t"},
		{"DESC t", "show_fields", "ANY t"},
		{"PREPARE s FROM 'DELETE FROM t'", "prepare_sql", "DELETE t"},
		{"SET GLOBAL init_connect = 'USE d; DELETE FROM t', a = 1", "set_option", "ANY d.*, DELETE d.t, SYSTEM_VARIABLES_ADMIN *.*"},
		{"SET PERSIST init_replica = 'DELETE FROM t'", "set_option", "DELETE t, UNPARSED *.*, SYSTEM_VARIABLES_ADMIN *.*"}, // of whose schema
		{"SET @@GLOBAL.init_connect := ''", "set_option", "SYSTEM_VARIABLES_ADMIN *.*"},
		{"SET GLOBAL init_connect = DEFAULT", "set_option", "SYSTEM_VARIABLES_ADMIN *.*"},
		{"SET GLOBAL init_connect = CONCAT('DELETE FROM ', 'd.t')", sqlparse.Unknown, "UNPARSED *.*"},
		{"SET GLOBAL init_connect = 'frobnicate'", sqlparse.Unknown, "UNPARSED *.*"},
		{"BINLOG 'AAAA'", "binlog", "BINLOG_ADMIN *.*, UNPARSED *.*"},
		{"BINLOG @a, @b", "binlog", "BINLOG_ADMIN *.*, UNPARSED *.*"},
		{"LOCK TABLES t READ", "lock_tables", "SELECT t, LOCK TABLES t"},
		{"", "empty_query", ""},
		{"/* nothing */", "empty_query", ""},
	} {
		t.Run(row.sql, func(t *testing.T) {
			st := readOne(t, row.sql, mysql97)
			if st.Kind != row.kind || needs(st) != row.needs {
				t.Errorf("read as %q %q (%s), want %q %q", st.Kind, needs(st), st.Reason, row.kind, row.needs)
			}
		})
	}
}

// What init_connect does is done in other sessions: this one stays as it is.
func TestATextForOtherSessionsHasNoEffectHere(t *testing.T) {
	st := readOne(t, "SET GLOBAL init_connect = 'USE d; SET sql_mode = ANSI_QUOTES'", mysql97)
	if st.Kind != "set_option" || st.Effect != 0 || len(st.Inner) != 2 {
		t.Errorf("read as %s with the effect %d and %d statements inside", st.Kind, st.Effect, len(st.Inner))
	}
}

func TestNeedsOnMariaDB(t *testing.T) {
	for _, row := range []struct{ sql, needs string }{
		{"ALTER TABLE t ORDER BY a", "ALTER t"},
		{"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1", "INSERT t, UPDATE t, SELECT t"},
		{"INSERT INTO/**/.t VALUES (1) ON DUPLICATE KEY UPDATE a = DEFAULT", "INSERT t, UPDATE t, SELECT t"},
		{"CREATE TABLE t VALUES (1), (2)", "CREATE t, INSERT t"},
		{"CREATE TABLE t AS VALUES (1)", "CREATE t, INSERT t"},
		{"SELECT NEXTVAL(s), LASTVAL(r)", "SELECT s, INSERT s, SELECT r"},
		{"SELECT SETVAL(s, 5)", "INSERT s"},
		{"SELECT COLUMN_ADD(a, 1, 'x'), SCHEMAS() FROM t", "SELECT t"},
		{"SELECT 2 LIKE 2 ESCAPE (3), (VALUES (1))", ""},
		{"SELECT 1 OR escape (3), (VALUES (1))", "EXECUTE escape"},
		{"SELECT CAST(a AS INTERVAL DAY_SECOND(6)) FROM t", "SELECT t"},
		{"SELECT NOW() + INTERVAL day_second(6) SECOND, (VALUES (1))", "EXECUTE day_second"},
	} {
		t.Run(row.sql, func(t *testing.T) {
			if st := readOne(t, row.sql, mariadb10); needs(st) != row.needs {
				t.Errorf("needs %q (%s), want %q", needs(st), st.Reason, row.needs)
			}
		})
	}
}
