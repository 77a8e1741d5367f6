package proxy_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	client "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// Every case ends with a DELETE whose meaning hangs on the session's state: it
// restricts by a column under one reading and hits every row under the other.
func TestTheStateThatDecidesReadingIsNeverGuessed(t *testing.T) {
	const (
		escaped = `DELETE FROM sessions WHERE name = '\' OR 1=1 -- '`
	)
	const quoted = `DELETE FROM sessions WHERE name = "name"`
	gbk := "DELETE FROM sessions WHERE name = '\xbf\\' OR 1=1 -- '"
	for name, c := range map[string]struct {
		before []string
		text   string
		code   int
	}{
		"backslash escapes, by default":                     {nil, escaped, 0},
		"NO_BACKSLASH_ESCAPES":                              {[]string{"SET sql_mode = 'NO_BACKSLASH_ESCAPES'"}, escaped, 1175},
		"NO_BACKSLASH_ESCAPES by an expression":             {[]string{"SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"}, escaped, 1175},
		"NO_BACKSLASH_ESCAPES by a variable":                {[]string{"SET @m = 'NO_BACKSLASH_ESCAPES'", "SET sql_mode = @m"}, escaped, 1175},
		"the same, with the tracking switched off":          {[]string{"SET session_track_system_variables = ''", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'"}, escaped, 1175},
		"the same, in one SET":                              {[]string{"SET session_track_system_variables = '', sql_mode = 'NO_BACKSLASH_ESCAPES'"}, escaped, 1175},
		"the same, with the schema's tracking off":          {[]string{"SET session_track_schema = OFF", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'"}, escaped, 1175},
		"the same, with other tracking in one SET":          {[]string{"SET session_track_system_variables = 'autocommit', autocommit = 1, sql_mode = 'NO_BACKSLASH_ESCAPES'"}, escaped, 1175},
		"ANSI_QUOTES, beside what every server reports":     {[]string{"SET autocommit = 1, sql_mode = 'ANSI_QUOTES'"}, quoted, 1175},
		"ANSI_QUOTES, with other tracking in one SET":       {[]string{"SET session_track_system_variables = 'autocommit', autocommit = 1, sql_mode = 'ANSI_QUOTES'"}, quoted, 1175},
		"ANSI_QUOTES, with other tracking by a trigger":     {[]string{"INSERT INTO triggering VALUES (1)", "SET autocommit = 1, sql_mode = 'ANSI_QUOTES'"}, quoted, 1175},
		"a character set, with other tracking in one SET":   {[]string{"SET session_track_system_variables = 'autocommit', autocommit = 1, character_set_client = gbk"}, gbk, 1175},
		"a character set, with other tracking by a trigger": {[]string{"INSERT INTO triggering VALUES (1)", "SET autocommit = 1, NAMES gbk"}, gbk, 1175},
		"and back":       {[]string{"SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET sql_mode = DEFAULT"}, escaped, 0},
		"a prepared SET": {[]string{"PREPARE s FROM 'SET sql_mode = ''NO_BACKSLASH_ESCAPES'''", "EXECUTE s"}, escaped, 1175},
		"ANSI_QUOTES, while answers are in two bytes a letter": {[]string{"SET sql_mode = 'ANSI_QUOTES', character_set_results = utf16", "PREPARE s FROM 'SELECT 1'", "EXECUTE s"},
			quoted, 1175},
		"while answers have no rows":                     {[]string{"SET sql_mode = 'NO_BACKSLASH_ESCAPES', sql_select_limit = 0", "PREPARE s FROM 'DO 1'", "EXECUTE s"}, escaped, 1175},
		"a character set with a backslash as half":       {[]string{"SET NAMES gbk"}, gbk, 1175},
		"a character set where it is none":               {[]string{"SET NAMES latin1"}, gbk, 0},
		"a SET that fails after it has changed the mode": {[]string{"!SET sql_mode = 'NO_BACKSLASH_ESCAPES', @@session.gtid_next = 'bogus'"}, escaped, -1},
	} {
		t.Run(name, func(t *testing.T) {
			mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
				stateShop(t, s)
				conn := one(t, start(t, s.Addr(), shopPolicy).open(t, "app", "shop"))
				for _, text := range c.before {
					if text[0] == '!' {
						_, _ = conn.ExecContext(t.Context(), text[1:])
						continue
					}
					run(t, conn, text)
				}
				want := c.code
				if want < 0 { // whatever the server made of it
					want = 0
					if mode := value[string](t, conn, "SELECT @@sql_mode"); mode == "NO_BACKSLASH_ESCAPES" {
						want = 1175
					}
				}
				if _, err := conn.ExecContext(t.Context(), c.text); codeOf(err) != want {
					t.Errorf("%v, want %d", err, want)
				}
				if n := rows(t, s); n != 2 {
					t.Errorf("%d sessions are left, want 2", n)
				}
			})
		})
	}
}

// stateShop has a table whose rows no restricting DELETE of the tests hits.
func stateShop(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	s.Database(t, "shop")
	s.Database(t, "other")
	s.User(t, "app", "ALL ON *.*")
	s.Exec(t, "CREATE TABLE shop.sessions (id INT PRIMARY KEY, name VARCHAR(50))",
		"INSERT INTO shop.sessions VALUES (1, 'one'), (2, 'two')",
		"CREATE TABLE shop.triggering (id INT)",
		"CREATE TRIGGER shop.tracking BEFORE INSERT ON shop.triggering FOR EACH ROW SET SESSION session_track_system_variables = 'autocommit'",
		"CREATE TABLE other.sessions (id INT PRIMARY KEY, name VARCHAR(50))")
}

func rows(t *testing.T, s *mysqltest.Server) (n int) {
	t.Helper()
	if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop.sessions").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheSchemaIsFollowed(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		conn := one(t, g.open(t, "app", "shop"))
		refused(t, conn, 1044, "USE other")
		run(t, conn, "DELETE FROM sessions WHERE id = 7")
		refused(t, conn, 1142, "DELETE FROM other.sessions WHERE id = 7")
		none := one(t, g.open(t, "app", ""))
		refused(t, none, 1046, "DELETE FROM sessions WHERE id = 7")
		run(t, none, "USE shop")
		run(t, none, "DELETE FROM sessions WHERE id = 7")
	})
}

func TestTheSchemaIsKnownWhateverTheAnswersCharacterSet(t *testing.T) {
	const policy = `
app: shop
accounts: [app]
environments: [production]
grants: [ALL ON *.*]
deny: [DELETE ON shop.*]
`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		conn := one(t, start(t, s.Addr(), policy).open(t, "app", "shop"))
		run(t, conn, "SET character_set_results = utf16")
		if _, err := conn.ExecContext(t.Context(), "SET no_such_variable = 1"); err == nil {
			t.Fatal("a SET that must fail does not")
		}
		refused(t, conn, 1142, "DELETE FROM sessions WHERE id = 1")
	})
}

func TestResetForgetsTheModeAndTheStatements(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		raw := login(t, start(t, s.Addr(), shopPolicy).addr, "app")
		query := func(text string) []byte {
			raw.send(t, 0, append([]byte{3}, text...)...)
			return raw.read(t)
		}
		const escaped = `DELETE FROM shop.sessions WHERE name = '\' OR 1=1 -- '`
		if got := query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'"); got[0] != 0 {
			t.Fatalf("SET: % x", got)
		}
		if got := query(escaped); got[0] != 0xff {
			t.Errorf("before the reset: % x", got)
		}
		raw.send(t, 0, 0x1f)
		if got := raw.read(t); got[0] != 0 {
			t.Fatalf("COM_RESET_CONNECTION: % x", got)
		}
		if got := query(escaped); got[0] != 0 {
			t.Errorf("after the reset: % x", got)
		}
		if got := query("SET sql_mode = 'NO_BACKSLASH_ESCAPES'"); got[0] != 0 { // tracked again?
			t.Fatalf("SET: % x", got)
		}
		if got := query(escaped); got[0] != 0xff {
			t.Errorf("after the reset, in the other mode again: % x", got)
		}
		if n := rows(t, s); n != 2 {
			t.Errorf("%d sessions are left, want 2", n)
		}
	})
}

func TestAPreparedTextThatReadsDifferentlyNowIsRefused(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		conn := one(t, start(t, s.Addr(), shopPolicy).open(t, "app", "shop"))
		prepare := func(text string) *sql.Stmt {
			st, err := conn.PrepareContext(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
		dangerous := prepare(`DELETE FROM sessions WHERE name = '\' OR 1=1 -- '`)
		harmless := prepare("DELETE FROM sessions WHERE id = 7")
		run(t, conn, "SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
		s.Exec(t, "ALTER TABLE shop.sessions ADD extra INT") // makes the server read the texts again
		if _, err := dangerous.Exec(); codeOf(err) != 1615 {
			t.Errorf("a text that reads differently: %v", err)
		}
		if _, err := harmless.Exec(); err != nil {
			t.Errorf("a text that reads the same: %v", err)
		}
		if n := rows(t, s); n != 2 {
			t.Errorf("%d sessions are left, want 2", n)
		}
	})
}

func TestTheClientSeesOnlyTheChangesItAskedFor(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app", "ALL ON *.*")
		g := start(t, s.Addr(), everything)
		for name, capabilities := range map[string]wire.Capability{
			"no tracking": 0, "tracking": client.CLIENT_SESSION_TRACK,
			"tracking and no EOF": client.CLIENT_SESSION_TRACK | client.CLIENT_DEPRECATE_EOF, "no EOF": client.CLIENT_DEPRECATE_EOF,
		} {
			t.Run(name, func(t *testing.T) {
				direct, through := login(t, s.Addr(), "app", capabilities), login(t, g.addr, "app", capabilities)
				for _, text := range []string{
					"SET sql_mode = 'ANSI_QUOTES'", "SET NAMES latin1", "SET autocommit = 0", "USE mysql",
					"SET session_track_system_variables = 'sql_mode'", "SET sql_mode = ''", "SET NAMES latin1",
					"SET session_track_system_variables = ''", "SET NAMES utf8mb4", "SET session_track_system_variables = 'autocommit'", "SET autocommit = 1",
				} {
					var answers [2][]byte
					for i, c := range []*rawClient{direct, through} {
						c.send(t, 0, append([]byte{3}, text...)...)
						answers[i] = sorted(t, c.read(t), capabilities)
					}
					if string(answers[0]) != string(answers[1]) {
						t.Errorf("%s: directly %q, through the proxy %q", text, answers[0], answers[1])
					}
				}
			})
		}
	})
}

func TestRailsConnectTimeStatementsCostNoExtraRoundTrip(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		conn := one(t, start(t, s.Addr(), everything).open(t, "app", "shop", func(c *mysql.Config) { c.InterpolateParams = true }))
		queries := func() int {
			t.Helper()
			var name string
			var n int
			if err := conn.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := queries()
		run(t, conn, "SET NAMES utf8mb4, @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'), @@SESSION.wait_timeout = 2147483")
		run(t, conn, "SELECT 1")
		run(t, conn, "USE other")
		run(t, conn, "DELETE FROM sessions WHERE id = 1")
		if after := queries(); after-before != 5 {
			t.Errorf("%d questions for 4 statements and the one that counts", after-before)
		}
	})
}

// sorted puts the reports of an OK packet in order: MariaDB's order hangs on
// the whole list of tracked variables.
func sorted(t *testing.T, payload []byte, capabilities wire.Capability) []byte {
	t.Helper()
	if payload[0] != wire.HeaderOK {
		return payload
	}
	ok, err := wire.DecodeOK(payload, capabilities)
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for block := ok.SessionState; len(block) > 0; {
		var change wire.StateChange
		if change, block, err = wire.NextStateChange(block); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, string(change.Append(nil)))
	}
	slices.Sort(entries)
	ok.SessionState = []byte(strings.Join(entries, ""))
	return ok.Append(nil, capabilities)
}

// A text that is prepared in SQL is read again by MySQL, under the mode of
// then, where a table has changed since.
func TestATextThatWasPreparedByNameIsJudgedWhenItRuns(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		for name, texts := range map[string]struct{ prepared, mode string }{
			"backslash":     {`DELETE FROM sessions WHERE name = ''\\'' OR 1=1 -- ''`, "NO_BACKSLASH_ESCAPES"},
			"double quotes": {`DELETE FROM sessions WHERE name = "name"`, "ANSI_QUOTES"},
		} {
			t.Run(name, func(t *testing.T) {
				conn := one(t, g.open(t, "app", "shop"))
				run(t, conn, "PREPARE s FROM '"+texts.prepared+"'")
				run(t, conn, "PREPARE harmless FROM 'DELETE FROM sessions WHERE id = 9'")
				run(t, conn, "EXECUTE s")
				run(t, conn, "SET sql_mode = '"+texts.mode+"'")
				s.Exec(t, "ALTER TABLE shop.sessions COMMENT '"+name+"'", "FLUSH TABLES")
				refused(t, conn, 1615, "EXECUTE s")
				refused(t, conn, 1615, "EXECUTE `S`")
				run(t, conn, "EXECUTE harmless")
				run(t, conn, "PREPARE s FROM 'DELETE FROM sessions WHERE id = 8'")
				run(t, conn, "EXECUTE s")
			})
		}
		if n := rows(t, s); n != 2 {
			t.Errorf("%d sessions are left, want 2", n)
		}
		conn := one(t, g.open(t, "app", "shop"))
		run(t, conn, "PREPARE s FROM 'DELETE FROM sessions WHERE id = 9'")
		before := len(g.record.all())
		run(t, conn, "EXECUTE s")
		if events := g.record.all(); len(events) != before+1 || events[before].Decision != audit.AllowedDestructive {
			t.Errorf("the execution of a DELETE is not on record: %+v", events[before:])
		}
		g.swap(t, strings.Replace(shopPolicy, "DELETE ON shop.sessions", "SELECT ON shop.sessions", 1))
		refused(t, conn, 1142, "EXECUTE s")
	})
}

// A pooled connection may prepare under ever new names, as long as it gives them
// up; one that does not is told the server's own error.
func TestNamedStatementsAreBounded(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		prepare := func(conn *sql.Conn, n int) error {
			for i := range n {
				if _, err := conn.ExecContext(t.Context(), fmt.Sprintf("PREPARE s%d FROM 'SELECT 1'", i)); err != nil {
					return err
				}
				if i < n/2 {
					run(t, conn, fmt.Sprintf("DEALLOCATE PREPARE S%d", i))
				}
			}
			return nil
		}
		conn := one(t, g.open(t, "app", "shop"))
		if err := prepare(conn, 8000); err != nil {
			t.Error("with names that were given up:", err)
		}
		if err := prepare(conn, 400); err == nil {
			t.Error("more than 4096 names")
		}
		refused(t, conn, 1461, "PREPARE last FROM 'SELECT 1'")
		run(t, conn, "DEALLOCATE PREPARE s7999")
		run(t, conn, "PREPARE last FROM 'SELECT 1'")
	})
}
