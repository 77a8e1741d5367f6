package policy

import (
	"fmt"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// parseRequire reads "WHERE FOR UPDATE, DELETE".
func parseRequire(v strictyaml.Value) ([]sqlparse.Kind, bool) {
	text := v.Text()
	if text == "" {
		return nil, false
	}
	words := strings.Fields(strings.ToUpper(text))
	if words[0] != "WHERE" {
		refuseRequire(v, words[0])
		return nil, false
	}
	if len(words) < 3 || words[1] != "FOR" {
		v.Fail(fmt.Sprintf("%q does not say for what", text), "write WHERE FOR UPDATE, DELETE")
		return nil, false
	}
	forAt := strings.Index(strings.ToUpper(text), "FOR") + len("FOR")
	return parseWhereKinds(v, text, forAt)
}

// refuseRequire answers a requirement that this version does not know.
func refuseRequire(v strictyaml.Value, word string) {
	switch word {
	case "ROWS", "LIMIT", "PRIMARY", "UNIQUE":
		v.Fail("require "+word+" is not supported by this version", "only WHERE FOR UPDATE, DELETE is")
		return
	}
	hint := strictyaml.DidYouMean(word, []string{"WHERE"})
	if hint == "" {
		hint = "write WHERE FOR UPDATE, DELETE"
	}
	v.Fail("unknown requirement "+word, hint)
}

// parseWhereKinds reads the verbs after FOR, which begin at a byte of the text.
func parseWhereKinds(v strictyaml.Value, text string, start int) ([]sqlparse.Kind, bool) {
	var kinds []sqlparse.Kind
	ok, offset := true, start
	for _, word := range strings.Split(text[start:], ",") {
		at := offset + len(word) - len(strings.TrimLeft(word, " \t\n"))
		offset += len(word) + 1
		name := strings.ToUpper(strings.TrimSpace(word))
		of, found := whereKinds[name]
		if !found {
			v.FailAt(at, fmt.Sprintf("WHERE cannot be required for %q", name), "write UPDATE, DELETE or both")
			ok = false
			continue
		}
		kinds = append(kinds, of...)
	}
	return kinds, ok
}
