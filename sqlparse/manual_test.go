package sqlparse_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// listed is one statement of a file under testdata.
type listed struct {
	sqlMode string
	text    string
}

// readList returns the statements of a file under testdata that a server
// takes. A section's head names the servers, and perhaps a sql_mode; \n in a
// statement is a line's end.
func readList(t *testing.T, name, flavour string) []listed {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []listed
	takes, mode := false, ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "["):
			var server string
			server, mode, _ = strings.Cut(strings.Trim(line, "[]"), " ")
			takes = server == "both" || server == flavour
		case takes:
			list = append(list, listed{mode, strings.ReplaceAll(line, `\n`, "\n")})
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no statement for %s", name, flavour)
	}
	return list
}

// unreadable are statements of the manuals that are Unknown, since the text
// that they run is made by the server.
var unreadable = []string{
	"PREPARE s FROM CONCAT('a', 'b')",
	"EXECUTE IMMEDIATE 'SELECT 1' || ' x'",
}

// manuals are the lists of statements of every kind.
var manuals = []string{"manual.txt", "corners.txt"}

// TestManual reads every statement of the servers' manuals, and those that
// clients send every day, as the servers do.
func TestManual(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		o := newOracle(t, s)
		for _, name := range append([]string{"everyday.txt"}, manuals...) {
			modes := map[string][]string{}
			for _, l := range readList(t, name, s.Flavour()) {
				modes[l.sqlMode] = append(modes[l.sqlMode], l.text)
			}
			for sqlMode, texts := range modes {
				m := soupMode{sqlparse.Mode{Server: o.server, SQLMode: sqlparse.ParseSQLMode(sqlMode), Charset: sqlparse.CharsetUTF8}, sqlMode, "utf8mb4"}
				for i, events := range o.gather(t, m, texts) {
					o.readable(t, m, texts[i], events)
				}
			}
		}
	}, recording()...)
}

// readable fails where the server does not take a statement, or it is read
// otherwise. Placeholders are for prepared statements alone.
func (o *oracle) readable(t *testing.T, m soupMode, text string, events []event) {
	t.Helper()
	refused := len(events) > 0 && events[len(events)-1].kind == "error" && events[len(events)-1].errno != 1227
	if refused && !strings.ContainsAny(text, "?%") {
		t.Errorf("%q: the server does not take it: %v", text, events)
	}
	reason, unknown := o.reader.Read([]byte(text), m.mode).Unknown()
	if unknown != slices.Contains(unreadable, text) {
		t.Errorf("%q: unknown %v: %s", text, unknown, reason)
	}
	o.judge(t, m, text, events)
}
