package sqlparse_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// TestNeedsManual executes the statements of the servers' manuals with exactly
// the needs read from them, and with each need but one: one statement of each
// kind, or all of them with GUARDRAIL_ORACLE=full.
func TestNeedsManual(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		o := newGrantor(t, server, "d")
		scene := o.scene(t)
		scene.set(t)
		scene.setAccounts(t)
		v := newVerdicts(server.Flavour())
		for _, q := range o.manual(t) {
			o.setMode(t, q.sqlMode)
			v.take(q, o.ask(t.Context(), q))
			switch {
			case aboutAccounts(q.text):
				scene.setAccounts(t)
			case changes(q.st.Kind):
				scene.set(t)
			}
		}
		v.report(t)
	}, mysqltest.Own())
}

// manual returns the statements to ask about. Those that end the server cannot be asked.
func (o *grantor) manual(t *testing.T) []asking {
	t.Helper()
	var all []asking
	for _, name := range manuals {
		for _, l := range readList(t, name, o.server.Flavour()) {
			mode := o.mode
			mode.SQLMode = sqlparse.ParseSQLMode(l.sqlMode)
			st := o.reader.Read([]byte(l.text), mode).Statements[0]
			if st.Kind != sqlparse.Unknown && st.Kind != "shutdown" && st.Kind != "restart" {
				all = append(all, asking{l, st, true})
			}
		}
	}
	if os.Getenv("GUARDRAIL_ORACLE") == "full" {
		return all
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	seen := map[sqlparse.Kind]bool{}
	return slices.DeleteFunc(all, func(q asking) bool {
		again := seen[q.st.Kind]
		seen[q.st.Kind] = true
		return again
	})
}

// changes reports whether a statement of the kind changes more than rows.
func changes(k sqlparse.Kind) bool {
	word, _, _ := strings.Cut(string(k), "_")
	return !slices.Contains([]string{"select", "insert", "replace", "show", "do", "help", "explain", "signal", "begin", "commit", "set", "xa", "kill"}, word)
}

// scene is what the statements of the manuals are about.
type scene struct {
	o        *grantor
	texts    []string
	accounts []string
}

func (o *grantor) scene(t *testing.T) scene {
	s := scene{o: o, texts: []string{"SET sql_mode=DEFAULT", "USE mysql", "DROP DATABASE IF EXISTS d", "DROP DATABASE IF EXISTS d2",
		"CREATE DATABASE d", "CREATE DATABASE d2", "DROP USER IF EXISTS maker", "CREATE USER maker", "GRANT ALL ON d.* TO maker",
		"GRANT ALL ON d2.* TO maker", "USE d", foot}}
	for _, l := range readList(t, "manual-schema.txt", o.server.Flavour()) {
		if l.sqlMode != "" {
			s.texts = append(s.texts, "SET sql_mode='"+l.sqlMode+"'")
		}
		s.texts = append(s.texts, l.text)
	}
	s.accounts = []string{"DROP USER IF EXISTS a, b, u, v, a@b, 'c'@'d', 'e'@'f', u@h, 'b'@'%', 'a'@'h'", "DROP ROLE IF EXISTS r, s", "CREATE ROLE r", "CREATE ROLE s",
		"CREATE USER a, b, u, v, a@b, 'c'@'d'", "GRANT SELECT, INSERT, EXECUTE, GRANT OPTION ON d.* TO u", "GRANT SELECT (a), GRANT OPTION ON d.t TO u",
		"GRANT GRANT OPTION ON *.* TO u", "GRANT EXECUTE ON PROCEDURE d.q TO u", "GRANT r TO u",
		"ALTER USER oracle IDENTIFIED BY '" + mysqltest.Password + "'"} // some change their own
	return s
}

// set puts everything back.
func (s scene) set(t *testing.T) {
	t.Helper()
	_, _ = s.o.admin.ExecContext(t.Context(), "ALTER DATABASE d READ ONLY = 0") // MySQL alone has it
	s.o.must(t, s.texts...)
}

// setAccounts makes the accounts anew that the statements are about.
func (s scene) setAccounts(t *testing.T) {
	t.Helper()
	s.o.must(t, s.accounts...)
}

// aboutAccounts reports whether a statement may change accounts.
func aboutAccounts(text string) bool {
	for _, word := range []string{" USER ", " ROLE ", "GRANT ", "REVOKE ", " PASSWORD "} {
		if strings.Contains(text+" ", word) {
			return true
		}
	}
	return false
}

func (o *grantor) setMode(t *testing.T, mode string) {
	t.Helper()
	if mode == "" {
		mode = "DEFAULT"
	} else {
		mode = "'" + mode + "'"
	}
	o.must(t, "SET sql_mode="+mode)
}
