package sqlparse_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// knownVariables are the names of variables.txt, by the word that begins the
// line above them.
func knownVariables(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("variables.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, part := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			part = strings.TrimSpace(title)
			continue
		}
		known[part] = append(known[part], strings.Fields(line)...)
	}
	return known
}

// TestSessionVariableNames asks the servers which variables a session has that
// SET takes: all of them are known and, of the versions that variables.txt
// names, no others.
func TestSessionVariableNames(t *testing.T) {
	known := knownVariables(t)
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		settable := settableVariables(t, s)
		for _, name := range settable {
			if !sqlparse.IsSessionVariable(name) {
				t.Errorf("the server has %s", name)
			}
		}
		for part, names := range known {
			flavour, version, ok := strings.Cut(part, " ")
			if part != "both" && (!ok || flavour != s.Flavour() || !strings.HasPrefix(s.Version(), version+".")) {
				continue
			}
			for _, name := range names {
				if !slices.Contains(settable, name) {
					t.Errorf("%s: the server has no %s", part, name)
				}
			}
		}
	})
}

// settableVariables are the variables whose value the server takes back.
func settableVariables(t *testing.T, s *mysqltest.Server) []string {
	t.Helper()
	conn, err := s.Admin().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.QueryContext(t.Context(), "SHOW SESSION VARIABLES")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 400 {
		t.Fatal(len(names), err)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, err := conn.ExecContext(t.Context(), "SET SESSION "+name+" = @@SESSION."+name)
		var e *mysql.MySQLError
		if err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		return err != nil && e.Number != 1231 // a value that SET does not take back
	})
}
