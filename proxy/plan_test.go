package proxy

import (
	"strings"
	"testing"
)

// planOf reads lines of EXPLAIN as the servers print them, with id, table, rows
// and Extra; - stands for NULL.
func planOf(text string) plan {
	p := plan{at: map[string]int{"id": 0, "table": 1, "rows": 2, "extra": 3}}
	for line := range strings.SplitSeq(text, "\n") {
		var values [][]byte
		for field := range strings.SplitSeq(line, "|") {
			if field = strings.TrimSpace(field); field == "-" {
				values = append(values, nil)
			} else {
				values = append(values, []byte(field))
			}
		}
		p.lines = append(p.lines, values)
	}
	return p
}

func TestTheRowsOfAPlan(t *testing.T) {
	for _, row := range []struct {
		name, text string
		rows       uint64
		known      bool
	}{
		{"one table", "1|t|4|Using where", 4, true},
		{"all rows, MariaDB", "1|-|4|Deleting all rows", 4, true},
		{"a join", "1|u|20|Using where\n1|t|3|-", 60, true},
		{"a subquery beside it", "1|t|4|Using where\n2|u|1000|-", 4, true},
		{"nothing can match", "1|-|-|Impossible WHERE", 0, true},
		{"nothing can match, constants read", "1|-|-|Impossible WHERE noticed after reading const tables", 0, true},
		{"no such row", "1|-|-|no matching row in const table", 0, true},
		{"no such partition", "1|-|-|No matching rows after partition pruning", 0, true},
		{"LIMIT 0", "1|-|-|LIMIT is zero", 0, true},
		// DELETE .. WHERE id IN (SELECT ..) of MySQL: the subquery has no rows of its own.
		{"materialized", "1|<subquery2>|-|Using where\n1|t|1|-\n2|u|5000|-", 5000, true},
		{"materialized in each other", "1|<subquery2>|-|-\n1|t|2|-\n2|<subquery3>|-|-\n2|u|3|-\n3|w|7|-", 42, true},
		{"materialized from nothing that is told", "1|<subquery2>|-|-\n1|t|1|-", 0, false},
		{"materialized from itself", "1|<subquery1>|-|-", 0, false},
		{"optimized away", "1|<subquery2>|-|-\n2|-|-|Select tables optimized away", 0, false},
		{"no rows, and no word why", "1|t|-|-", 0, false},
		{"a word not known", "1|-|-|Something else", 0, false},
		{"no number", "1|t|many|-", 0, false},
		{"beyond all numbers", "1|t|18446744073709551615|-\n1|u|2|-", 18446744073709551615, true},
	} {
		p := planOf(row.text)
		rows, known := p.rows(p.value(p.lines[0], "id"), maxNesting)
		if known != row.known || known && rows != row.rows {
			t.Errorf("%s: %d, %v, want %d, %v", row.name, rows, known, row.rows, row.known)
		}
	}
}
