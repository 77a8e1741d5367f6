package sqlparse_test

import (
	"testing"

	"guardrail/sqlparse"
)

// TestModeOfATextInside holds when a text that the server reads while it runs
// another one cannot be judged: the mode is another by then, or may be.
func TestModeOfATextInside(t *testing.T) {
	const bound, free = `PREPARE s FROM 'DELETE FROM t WHERE a = "a"'`, `PREPARE s FROM 'DELETE FROM t WHERE a = ''a'''`
	for _, row := range []struct {
		sql     string
		unknown bool
		modes   []sqlparse.Mode
	}{
		{bound, false, nil},
		{"SET sql_mode = 'ANSI_QUOTES'; " + bound, true, nil},
		{"SET sql_mode = 'ANSI_QUOTES'; " + free, false, nil},
		{bound + "; SET sql_mode = 'ANSI_QUOTES'", false, nil},
		{"SET @a = 1; " + bound, false, nil},
		{"SET NAMES utf8mb4; " + bound, true, nil},
		{"CALL p(); " + bound, true, nil},
		{"CALL p(); SELECT 1", false, nil},
		{bound + "; EXECUTE s; DEALLOCATE PREPARE s", false, nil},
		{"EXECUTE m; " + bound, true, nil},
		{"SET sql_mode = 'ANSI_QUOTES'; CREATE PROCEDURE p() " + bound, true, nil},
		{"CREATE PROCEDURE p() BEGIN SET sql_mode = 'ANSI_QUOTES'; " + bound + "; END", true, nil},
		{"CREATE PROCEDURE p() BEGIN SET sql_mode = 'ANSI_QUOTES'; " + free + "; EXECUTE s; END", false, nil},
		{"CREATE PROCEDURE p() BEGIN " + bound + "; EXECUTE s; DEALLOCATE PREPARE s; END", false, nil},
		{"CREATE PROCEDURE p() WHILE 1 DO " + bound + "; EXECUTE s; END WHILE", true, nil},
		{"CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION " + bound + "; SET sql_mode = 'ANSI_QUOTES'; SELECT * FROM u; END", true, nil},
		{"SET sql_mode = 'ANSI_QUOTES'; EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''DELETE FROM t WHERE a = \"a\"'''", true, mariadbOnly},
		{"SET sql_mode = 'ANSI_QUOTES'; BEGIN NOT ATOMIC " + bound + "; END", true, mariadbOnly},
		{"BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'SET sql_mode = ''ANSI_QUOTES'''; " + bound + "; END", true, mariadbOnly},
		{"BEGIN NOT ATOMIC EXECUTE u; EXECUTE IMMEDIATE 'DELETE FROM t'; END", true, mariadbOnly},
		{"BEGIN NOT ATOMIC EXECUTE u; EXECUTE IMMEDIATE 'DELETE FROM b.t'; DELETE FROM t; END", false, mariadbOnly},
		{"FOR i IN 1 .. 2 DO EXECUTE IMMEDIATE 'DELETE FROM t'; CALL p(); END FOR", true, mariadbOnly},
		{"CREATE PROCEDURE p AS BEGIN EXECUTE IMMEDIATE 'DELETE FROM t'; EXECUTE s; END", false, oracleOnly},
		{"CREATE PROCEDURE p AS BEGIN <<l>> EXECUTE IMMEDIATE 'DELETE FROM t'; EXECUTE s; GOTO l; END", true, oracleOnly},
		{"CREATE PROCEDURE b.p() BEGIN CALL q(); EXECUTE IMMEDIATE 'DELETE FROM t'; END", true, mariadbOnly},
	} {
		if row.modes == nil {
			row.modes = []sqlparse.Mode{mysql97, mariadb10}
		}
		for _, m := range row.modes {
			if reason, unknown := sqlparse.NewReader(sqlparse.Options{}).Read([]byte(row.sql), m).Unknown(); unknown != row.unknown {
				t.Errorf("%s: %s: unknown %v (%s), want %v", m.Server, row.sql, unknown, reason, row.unknown)
			}
		}
	}
}

var (
	mariadbOnly = []sqlparse.Mode{mariadb10}
	oracleOnly  = []sqlparse.Mode{{Server: mariadb10.Server, SQLMode: sqlparse.ParseSQLMode("ORACLE"), Charset: mariadb10.Charset}}
)
