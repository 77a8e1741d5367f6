package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// demandKind is what a line of require asks of statements.
type demandKind uint8

const (
	demandWhere    demandKind = iota // a WHERE that restricts by a column
	demandLimit                      // a LIMIT
	demandRows                       // ROWS <= most, by the server's estimate
	demandPrimary                    // the primary key held to values
	demandUnique                     // a unique key held to values
	demandDeclared                   // the client declares its environment, asked at login
)

// demand is the text of a line of require: what is asked, for which statements, and on which tables.
type demand struct {
	kind  demandKind
	most  uint64 // of demandRows
	kinds []sqlparse.Kind
	on    pattern // *.* where none is written
}

// demandedOf are the statements that a line can be about, as the server names them.
var demandedOf = map[string][]sqlparse.Kind{
	"UPDATE": {"update", "update_multi"},
	"DELETE": {"delete", "delete_multi"},
}

// demandWords are the words that a requirement begins with, and the demand they make.
var demandWords = []struct {
	words string
	kind  demandKind
}{
	{"WHERE", demandWhere}, {"LIMIT", demandLimit}, {"ROWS", demandRows}, {"PRIMARY KEY", demandPrimary}, {"UNIQUE KEY", demandUnique},
	{"DECLARED ENVIRONMENT", demandDeclared},
}

const demandHint = "write WHERE, LIMIT, ROWS <= 10000, PRIMARY KEY, UNIQUE KEY or DECLARED ENVIRONMENT, as in WHERE FOR UPDATE, DELETE"

// parseDemand reads "WHERE FOR UPDATE, DELETE", "ROWS <= 10000 FOR DELETE ON db.*" and their kin.
func parseDemand(v strictyaml.Value) (demand, bool) {
	text := v.Text()
	if text == "" || oddSpace(v, text) {
		return demand{}, false
	}
	head, forAt := splitFor(text)
	words := strings.Fields(head)
	d, rest, ok := demandOf(words)
	if !ok {
		refuseDemand(v, words)
		return demand{}, false
	}
	if !d.bound(v, rest) {
		return demand{}, false
	}
	if d.kind == demandDeclared {
		if forAt >= 0 {
			v.Fail("DECLARED ENVIRONMENT is asked at login, for no statement", "write DECLARED ENVIRONMENT alone")
		}
		return d, forAt < 0
	}
	if forAt < 0 || strings.TrimSpace(text[forAt:]) == "" {
		v.Fail(fmt.Sprintf("%q does not say for what", text), "write it as in WHERE FOR UPDATE, DELETE")
		return demand{}, false
	}
	on, end, ok := parseDemandOn(v, text, forAt)
	kinds, known := parseDemanded(v, text[:end], forAt, strings.ToUpper(words[0]))
	d.on, d.kinds = on, kinds
	return d, ok && known
}

// parseDemandOn reads the object behind ON, if there is one, and returns where the verbs end.
func parseDemandOn(v strictyaml.Value, text string, forAt int) (on pattern, end int, ok bool) {
	verbsEnd, objectStart := splitOn(text[forAt:])
	if verbsEnd < 0 {
		return pattern{schema: namePattern{prefix: true}, name: namePattern{prefix: true}}, len(text), true
	}
	on, ok = parseObject(v, text, forAt+objectStart)
	return on, forAt + verbsEnd, ok
}

// splitFor cuts a text at the word FOR: what stands before it, and where the
// rest begins; -1 where there is none.
func splitFor(text string) (head string, rest int) {
	for i := 0; i+3 <= len(text); i++ {
		if strings.EqualFold(text[i:i+3], "FOR") && (i == 0 || isSpace(text[i-1])) && (i+3 == len(text) || isSpace(text[i+3])) {
			return text[:i], i + 3
		}
	}
	return text, -1
}

// demandOf tells the demand by its first words.
func demandOf(words []string) (d demand, rest []string, ok bool) {
	text := strings.Join(words, " ")
	for _, w := range demandWords {
		n := len(w.words)
		if len(text) >= n && strings.EqualFold(text[:n], w.words) && (len(text) == n || text[n] == ' ' || text[n] == '<') {
			return demand{kind: w.kind}, strings.Fields(strings.ReplaceAll(text[n:], "<=", " <= ")), true
		}
	}
	return demand{}, nil, false
}

// bound reads what stands between the first words and FOR: "<= n" for ROWS, nothing for the others.
func (d *demand) bound(v strictyaml.Value, rest []string) bool {
	if d.kind != demandRows {
		if len(rest) > 0 {
			v.Fail(fmt.Sprintf("unexpected %q before FOR", strings.Join(rest, " ")), unexpectedHint(rest))
		}
		return len(rest) == 0
	}
	var err error
	if len(rest) == 2 && rest[0] == "<=" {
		if d.most, err = strconv.ParseUint(rest[1], 10, 40); err == nil {
			return true
		}
	}
	v.Fail("ROWS needs a number", boundHint(rest))
	return false
}

// boundHint says what to write for what stands behind ROWS and is no bound.
func boundHint(rest []string) string {
	const whole = "write it as in ROWS <= 10000 FOR UPDATE, DELETE"
	switch {
	case slices.ContainsFunc(rest, func(word string) bool { return strings.EqualFold(word, "ON") }):
		return unexpectedHint([]string{"ON"})
	case len(rest) == 2 && rest[0] == "<=":
		return whole + ", in digits alone"
	}
	return whole
}

// unexpectedHint says what to write for what stands before FOR and must not.
func unexpectedHint(rest []string) string {
	switch {
	case rest[0] == "<=":
		return "only ROWS has a number, as in ROWS <= 10000 FOR DELETE"
	case strings.EqualFold(rest[0], "ON"):
		return "write ON behind the verbs, as in WHERE FOR UPDATE, DELETE ON db.*"
	}
	return demandHint
}

// refuseDemand answers a requirement that there is not.
func refuseDemand(v strictyaml.Value, words []string) {
	word := ""
	if len(words) > 0 {
		word = strings.ToUpper(words[0])
	}
	switch word {
	case "":
		v.Fail("a requirement says what is required", demandHint)
		return
	case "PRIMARY", "UNIQUE", "KEY", "INDEX":
		v.Fail(fmt.Sprintf("unknown requirement %s", strings.Join(words, " ")), "write PRIMARY KEY or UNIQUE KEY")
		return
	case "UPDATE", "DELETE":
		v.Fail("unknown requirement "+word, `write it as in WHERE FOR UPDATE, DELETE, in quotes where it stands between [ and ]: the comma begins a new line there`)
		return
	}
	var known []string
	for _, w := range demandWords {
		known = append(known, w.words)
	}
	whole := strings.ToUpper(strings.Join(words, " "))
	if hint := strictyaml.DidYouMean(whole, known); hint != "" {
		v.Fail("unknown requirement "+whole, hint)
		return
	}
	v.Fail("unknown requirement "+word, cmp.Or(strictyaml.DidYouMean(word, known), demandHint))
}

// parseDemanded reads the verbs after FOR, which begin at a byte of the text.
func parseDemanded(v strictyaml.Value, text string, start int, what string) ([]sqlparse.Kind, bool) {
	var kinds []sqlparse.Kind
	ok, offset := true, start
	for _, word := range strings.Split(text[start:], ",") {
		at := offset + len(word) - len(strings.TrimLeft(word, " \t\n"))
		offset += len(word) + 1
		name := strings.ToUpper(strings.TrimSpace(word))
		of, found := demandedOf[name]
		if !found {
			v.FailAt(at, fmt.Sprintf("%s cannot be required for %q", what, name), "write UPDATE, DELETE or both")
			ok = false
			continue
		}
		kinds = append(kinds, of...)
	}
	return kinds, ok
}
