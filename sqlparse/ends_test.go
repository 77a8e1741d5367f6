package sqlparse_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"guardrail/sqlparse"
)

// TestReadingEnds puts words into the gaps of statements where they do not
// belong. Whatever comes of it, it comes soon.
func TestReadingEnds(t *testing.T) {
	words := []string{"SELECT", "FROM", "WHERE", "UNION", "WITH", "VALUES", "TABLE", "INTO", "FOR", "ON", "AS", "SET", "BEGIN", "END", "CASE", "WHEN", "IF", "DO", "LOOP",
		"DECLARE", "JOIN", "USING", "(", ")", ",", ";", ".", "@", ":", "{", "}", "'x'", "`"}
	reader := sqlparse.NewReader(sqlparse.Options{})
	for flavour, m := range map[string]sqlparse.Mode{"mysql": mysql97, "mariadb": mariadb10} {
		for _, name := range append([]string{"everyday.txt"}, manuals...) {
			for _, l := range readList(t, name, flavour) {
				m.SQLMode = sqlparse.ParseSQLMode(l.sqlMode)
				parts := strings.Fields(l.text)
				for i := range min(len(parts), 40) {
					text := strings.Join(parts[:i], " ") + " " + words[rand.IntN(len(words))] + " " + strings.Join(parts[i:], " ")
					start := time.Now()
					reading := reader.Read([]byte(text), m)
					sound(t, []byte(text), reading)
					if took := time.Since(start); took > 10*time.Second {
						t.Errorf("%q took %v", text, took)
					}
				}
			}
		}
	}
}
