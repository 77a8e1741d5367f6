package sqlparse_test

import (
	"strings"
	"testing"

	"guardrail/sqlparse"
)

// TestSchemaInText holds which schema a name without one is in: that of a USE
// before it, that of the routine it stands in, that of a foreign key's child.
func TestSchemaInText(t *testing.T) {
	for _, row := range []struct {
		sql            string
		mysql, mariadb string // what the last statement needs
	}{
		{"USE b; DROP TABLE t", "DROP TABLE b.t", "DROP TABLE b.t"},
		{"USE b; USE c; DELETE FROM t, a.u USING t, a.u", "DELETE c.t, DELETE a.u, SELECT c.t, SELECT a.u", "DELETE c.t, DELETE a.u, SELECT c.t, SELECT a.u"},
		{"USE b; SELECT f()", "EXECUTE b.f", "EXECUTE b.f"},
		{"USE sys; CALL execute_prepared_stmt('DROP TABLE t')", "EXECUTE sys.execute_prepared_stmt, DROP TABLE sys.t", "EXECUTE sys.execute_prepared_stmt, DROP TABLE sys.t"},
		{"EXECUTE s; DELETE FROM b.t", "DELETE b.t", "DELETE b.t"},
		{"EXECUTE s; DELETE FROM t", "DELETE t", "UNPARSED *.*"},
		{"PREPARE s FROM 'USE c'; DELETE FROM t", "DELETE t", "DELETE t"},
		{"CALL p(); DELETE FROM t", "DELETE t", "UNPARSED *.*"},
		{"CALL p(); SELECT 1", "", ""},
		{"CALL p(); SELECT * FROM b.t", "SELECT b.t", "SELECT b.t"},
		{"CALL p(1, @a); CALL p(2, @b); SELECT @a, @b", "", ""},
		{"CALL p(1); CALL p(2)", "EXECUTE p", "EXECUTE p"},
		{"CALL p(1); CALL q(2)", "EXECUTE q", "UNPARSED *.*"},
		{"CALL p(); USE b; DELETE FROM t", "DELETE b.t", "DELETE b.t"},
		{"USE b; CALL p(); DELETE FROM t", "DELETE b.t", "UNPARSED *.*"},
		{"CREATE PROCEDURE p() EXECUTE s; DELETE FROM t", "DELETE t", "DELETE t"},
		{"CREATE PROCEDURE b.p() BEGIN DELETE FROM t; CALL q(); SELECT f() FROM c.u; END",
			"CREATE ROUTINE b.*, DELETE b.t, EXECUTE b.q, SELECT c.u, EXECUTE b.f", "CREATE ROUTINE b.*, DELETE b.t, EXECUTE b.q, SELECT c.u, EXECUTE b.f"},
		{"CREATE TRIGGER b.g AFTER INSERT ON b.t FOR EACH ROW DELETE FROM u", "TRIGGER b.t, DELETE b.u", "TRIGGER b.t, DELETE b.u"},
		{"CREATE EVENT b.e ON SCHEDULE EVERY 1 DAY DO TRUNCATE t", "EVENT b.*, TRUNCATE b.t", "EVENT b.*, TRUNCATE b.t"},
		{"CREATE VIEW b.v AS SELECT * FROM t", "CREATE VIEW b.v, SELECT t", "CREATE VIEW b.v, SELECT t"},
		{"CREATE TABLE b.t (a INT REFERENCES p (id))", "CREATE b.t, REFERENCES b.p", "CREATE b.t, REFERENCES b.p, REFERENCES p"},
		{"EXPLAIN FORMAT=JSON FOR SCHEMA b DELETE FROM t", "DELETE b.t", "DELETE b.t"},
	} {
		for want, m := range map[string]sqlparse.Mode{"mysql " + row.mysql: mysql97, "mariadb " + row.mariadb: mariadb10} {
			_, want, _ = strings.Cut(want, " ")
			list := sqlparse.NewReader(sqlparse.Options{}).Read([]byte(row.sql), m).Statements
			if got := needs(list[len(list)-1]); got != want {
				t.Errorf("%s: %s: needs %q, want %q", m.Server, row.sql, got, want)
			}
		}
	}
}

// TestLoadable covers functions that reach beyond a schema by no wildcard.
func TestLoadable(t *testing.T) {
	for sql, named := range map[string]bool{
		"SELECT sys_exec('rm -rf /')": true, "SELECT keyring_key_remove('k')": true, "SELECT Group_Replication_switch_to_single_primary_mode()": true,
		"SELECT d.sys_exec('x')": false, "SELECT total(1)": false,
	} {
		if st := readOne(t, sql, mysql97); len(st.Needs) != 1 || st.Needs[0].Object.Named != named {
			t.Errorf("%s: %+v, want Named %v", sql, st.Needs, named)
		}
	}
}

// TestSysRoutineBehindUse covers a routine of the server's own by no wildcard,
// however its schema is named.
func TestSysRoutineBehindUse(t *testing.T) {
	list := sqlparse.NewReader(sqlparse.Options{}).Read([]byte("USE sys; CALL ps_truncate_all_tables(0)"), mysql97).Statements
	if o := list[1].Needs[0].Object; !o.Named || o.Schema != "sys" {
		t.Errorf("%+v", o)
	}
}
