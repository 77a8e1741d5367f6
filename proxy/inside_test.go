package proxy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
)

// insideShop makes the schemas shop and other anew, with two rows in the
// sessions of both.
func insideShop(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	s.Exec(t, "DROP DATABASE IF EXISTS shop", "DROP DATABASE IF EXISTS other")
	stateShop(t, s)
	s.Exec(t, "INSERT INTO other.sessions VALUES (1, 'one'), (2, 'two')")
}

// leftAfter runs texts and says what became of the last one, and how many rows
// a table has then.
func leftAfter(t *testing.T, s *mysqltest.Server, g *guard, table string, texts ...string) (left int, err error) {
	t.Helper()
	c := one(t, g.open(t, "app", "shop", multi))
	for i, text := range texts {
		if _, err = c.ExecContext(t.Context(), text); err != nil && i < len(texts)-1 {
			t.Logf("%s: %v", text, err)
		}
	}
	if e := s.Admin().QueryRow("SELECT COUNT(*) FROM " + table).Scan(&left); e != nil {
		t.Fatal(e)
	}
	return left, err
}

// TestModeOfATextInside runs texts that set the mode in which the server reads
// a text inside them, where "name" is a column and no string.
func TestModeOfATextInside(t *testing.T) {
	inside := strings.Replace(shopPolicy, "SELECT, INSERT", "CREATE ROUTINE, EXECUTE, TRIGGER, SELECT, INSERT", 1)
	inside = strings.Replace(inside, "grants:", "grants:\n  - EXECUTE ON sys.execute_prepared_stmt", 1)
	const set, bound = "SET sql_mode = 'ANSI_QUOTES'; ", `'DELETE FROM sessions WHERE name = "name"'`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for name, tc := range map[string]struct {
			mariaDB bool
			texts   []string
		}{
			"prepared":            {false, []string{set + "PREPARE s FROM " + bound + "; EXECUTE s"}},
			"pipes":               {false, []string{"SET sql_mode = 'PIPES_AS_CONCAT'", `SET sql_mode = ''; PREPARE s FROM 'DELETE FROM sessions WHERE name = ''zz'' || 1'; EXECUTE s`}},
			"executed later":      {false, []string{set + "PREPARE s FROM " + bound, "EXECUTE s"}},
			"immediate":           {true, []string{set + "EXECUTE IMMEDIATE " + bound}},
			"in a block":          {true, []string{"BEGIN NOT ATOMIC " + set + "EXECUTE IMMEDIATE " + bound + "; END"}},
			"prepared in a block": {true, []string{"BEGIN NOT ATOMIC " + set + "PREPARE s FROM " + bound + "; EXECUTE s; END"}},
			"by an EXECUTE":       {false, []string{"PREPARE m FROM 'SET sql_mode = ''ANSI_QUOTES'''", "EXECUTE m; PREPARE s FROM " + bound + "; EXECUTE s"}},
			"SET STATEMENT":       {true, []string{"SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE " + bound}},
			"a trigger between":   {false, []string{set + "CREATE TRIGGER g BEFORE INSERT ON sessions FOR EACH ROW SET @a = 1; PREPARE s FROM " + bound + "; EXECUTE s"}},
			"by a routine of sys": {false, []string{"SET sql_mode = 'PIPES_AS_CONCAT'", `CALL sys.execute_prepared_stmt('DELETE FROM shop.sessions WHERE name = ''zz'' || 1')`}},
			"in a procedure":      {false, []string{"CREATE PROCEDURE p() BEGIN " + set + "PREPARE s FROM " + bound + "; EXECUTE s; END", "CALL p()"}},
			"in a loop":           {false, []string{"CREATE PROCEDURE p() BEGIN DECLARE i INT DEFAULT 0; REPEAT PREPARE s FROM " + bound + "; EXECUTE s; " + set + "SET i = i + 1; UNTIL i = 2 END REPEAT; END", "CALL p()"}},
		} {
			if tc.mariaDB && s.Flavour() != "mariadb" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				insideShop(t, s)
				s.Exec(t, "SET GLOBAL log_bin_trust_function_creators = 1")
				g := start(t, s.Addr(), inside)
				if left, err := leftAfter(t, s, g, "shop.sessions", tc.texts...); left != 2 || err == nil {
					t.Errorf("%d rows left: %v", left, err)
				}
			})
		}
	})
}

const shopAndOther = `
app: shop-web
accounts: [app]
environments: [production]
grants:
  - SELECT, INSERT, UPDATE, DELETE, EXECUTE ON shop.*
  - SELECT ON other.*
`

// TestUseThatIsNotSeen runs what follows a USE that MariaDB has prepared or that
// stands in a procedure: a name without a schema is another schema's.
func TestUseThatIsNotSeen(t *testing.T) {
	s := mysqltest.MariaDB(t)
	const prepared = "PREPARE u FROM 'USE other'"
	for name, texts := range map[string][]string{
		"in a block":               {prepared, "BEGIN NOT ATOMIC EXECUTE u; DELETE FROM sessions; END"},
		"behind a block":           {prepared, "BEGIN NOT ATOMIC EXECUTE u; END; DELETE FROM sessions"},
		"behind an IF":             {prepared, "IF 1 THEN EXECUTE u; END IF; DELETE FROM sessions"},
		"behind a LOOP":            {prepared, "l: LOOP EXECUTE u; LEAVE l; END LOOP; DELETE FROM sessions"},
		"behind a CASE":            {prepared, "CASE 1 WHEN 1 THEN EXECUTE u; END CASE; DELETE FROM sessions"},
		"behind more":              {prepared, "WHILE 0 DO DO 1; END WHILE; DO 1; IF 1 THEN EXECUTE u; END IF; DELETE FROM sessions"},
		"behind SET STATEMENT":     {prepared, "SET STATEMENT max_statement_time = 10 FOR EXECUTE u; DELETE FROM sessions"},
		"SET STATEMENT FOR USE":    {"SET STATEMENT max_statement_time = 10 FOR USE other; DELETE FROM sessions"},
		"plain":                    {prepared, "EXECUTE u; DELETE FROM sessions"},
		"and prepares":             {prepared, "EXECUTE u; PREPARE s FROM 'DELETE FROM sessions'; EXECUTE s"},
		"and executes":             {prepared, "PREPARE s FROM 'DELETE FROM sessions'", "EXECUTE u; EXECUTE s"},
		"an IF, and prepares":      {prepared, "IF 1 THEN EXECUTE u; END IF; PREPARE s FROM 'DELETE FROM sessions'; EXECUTE s"},
		"a text in the block":      {prepared, "BEGIN NOT ATOMIC EXECUTE u; EXECUTE IMMEDIATE 'DELETE FROM sessions'; END"},
		"prepared in the block":    {prepared, "BEGIN NOT ATOMIC EXECUTE u; PREPARE s FROM 'DELETE FROM sessions'; EXECUTE s; END"},
		"immediately":              {"EXECUTE IMMEDIATE 'USE other'; DELETE FROM sessions"},
		"immediately, in an IF":    {"IF 1 THEN EXECUTE IMMEDIATE 'USE other'; END IF; DELETE FROM sessions"},
		"immediately, nested":      {"EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''USE other'''; DELETE FROM sessions"},
		"immediately, for a while": {"EXECUTE IMMEDIATE 'SET STATEMENT max_statement_time = 10 FOR USE other'; DELETE FROM sessions"},
		"a procedure":              {prepared, "CALL executes(); DELETE FROM sessions"},
		"a procedure by name":      {prepared, "PREPARE c FROM 'CALL executes()'", "EXECUTE c; DELETE FROM sessions"},
		"a procedure by itself":    {"CALL moves(); DELETE FROM sessions"},
		"a procedure in a text":    {"EXECUTE IMMEDIATE 'CALL moves()'; DELETE FROM sessions"},
		"a procedure before":       {"CALL moves()", "DELETE FROM sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			insideShop(t, s)
			s.Exec(t, "CREATE PROCEDURE shop.executes() EXECUTE u", "CREATE PROCEDURE shop.moves() EXECUTE IMMEDIATE 'USE other'")
			g := start(t, s.Addr(), shopAndOther)
			if left, err := leftAfter(t, s, g, "other.sessions", texts...); left != 2 {
				t.Errorf("%d rows left: %v", left, err)
			}
		})
	}
}

// TestCallsInOneText holds what clients send behind a CALL.
func TestCallsInOneText(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		insideShop(t, s)
		s.Exec(t, "CREATE PROCEDURE shop.counts(OUT n INT) SELECT COUNT(*) INTO n FROM sessions")
		g := start(t, s.Addr(), shopAndOther)
		c := one(t, g.open(t, "app", "shop", multi))
		for _, text := range []string{
			"CALL counts(@n); SELECT @n", "CALL counts(@a); CALL counts(@b); SELECT @a, @b", "CALL counts(@n); SELECT * FROM shop.sessions", "CALL shop.counts(@n); COMMIT",
		} {
			run(t, c, text)
		}
	})
}

// TestMySQLKeepsItsSchema holds why the schema behind a CALL is known on MySQL.
func TestMySQLKeepsItsSchema(t *testing.T) {
	s := mysqltest.MySQL(t)
	insideShop(t, s)
	for text, code := range map[string]uint16{"PREPARE u FROM 'USE other'": 1295, "CREATE PROCEDURE shop.moves() USE other": 1314} {
		var refused *mysql.MySQLError
		if _, err := s.Admin().Exec(text); !errors.As(err, &refused) || refused.Number != code {
			t.Errorf("%s: %v, want error %d", text, err, code)
		}
	}
}

// TestTagBehindAUse changes the environment's tag behind a USE that is not seen.
func TestTagBehindAUse(t *testing.T) {
	s := mysqltest.MariaDB(t)
	insideShop(t, s)
	s.Database(t, "guardrail")
	s.Exec(t, "CREATE TABLE guardrail.environment (id INT PRIMARY KEY, environment VARCHAR(20))", "INSERT INTO guardrail.environment VALUES (1, 'production')")
	g := start(t, s.Addr(), everything)
	left, err := leftAfter(t, s, g, "guardrail.environment WHERE environment = 'production'",
		"PREPARE u FROM 'USE guardrail'", "IF 1 THEN EXECUTE u; END IF; UPDATE environment SET environment = 'staging' WHERE id = 1")
	if left != 1 || err == nil {
		t.Errorf("the tag is another one: %v", err)
	}
}
