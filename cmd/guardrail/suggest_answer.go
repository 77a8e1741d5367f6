package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/policy/rehearse"
	"guardrail/sqlparse"
)

// suggestion is the least policy for some entries of one app.
type suggestion struct {
	app      string
	entries  []rehearse.Entry // those that can be rehearsed
	unread   int              // how many could not
	refused  int              // how many are left out, as they never passed
	requests []policy.Request
	days     float64
	grants   []policy.Suggestion
}

// newSuggestion suggests a policy for entries; for those that never passed only if refused.
func newSuggestion(app string, entries []rehearse.Entry, wide, refused bool) *suggestion {
	s := &suggestion{app: app, days: rehearse.Days(entries)}
	for _, e := range entries {
		switch {
		case e.Refused > 0 && e.Refused >= e.Count && !refused:
			s.refused++
		case !e.Readable():
			s.unread++
		default:
			s.entries = append(s.entries, e)
			s.requests = append(s.requests, e.Request)
		}
	}
	s.grants = policy.Least(s.requests, wide)
	return s
}

// tell writes the suggestion as a policy file.
func (s *suggestion) tell(out io.Writer) {
	_, _ = fmt.Fprintf(out, "# The least policy for what %s has sent: %s in %s, %s.\n", s.app, count(len(s.entries), "shape"), wholeDays(s.days), perDay(totalOf(s.entries), s.days))
	if s.unread > 0 {
		_, _ = fmt.Fprintf(out, "# %s without an example could not be read, and may need more.\n", count(s.unread, "shape"))
	}
	if s.refused > 0 {
		_, _ = fmt.Fprintf(out, "# left out: %s that never passed; --refused takes them in.\n", count(s.refused, "shape"))
	}
	accounts := s.names(func(e *rehearse.Entry) string { return e.Account })
	if named := slices.DeleteFunc(slices.Clone(accounts), isAnyone); len(named) > 0 && len(named) < len(accounts) {
		_, _ = fmt.Fprintln(out, "# more accounts have sent this than are told apart; add those that are missing.")
		accounts = named // "*" would let in everybody whom no app names
	}
	_, _ = fmt.Fprintf(out, "app: %s\naccounts: [%s]\nenvironments: [%s]\n", s.app,
		strings.Join(accounts, ", "), strings.Join(s.names(func(e *rehearse.Entry) string { return e.Environment }), ", "))
	if len(s.grants) > 0 {
		_, _ = fmt.Fprintln(out, "grants:")
	}
	for _, g := range s.grants {
		_, _ = fmt.Fprintf(out, "  - %s  # %s\n", quotedYAML(g.Text), s.evidence(g))
	}
	if demands := s.demands(); len(demands) > 0 {
		_, _ = fmt.Fprintf(out, "require:\n  - WHERE FOR %s  # all that was sent has one\n", strings.Join(demands, ", "))
	}
	if !slices.ContainsFunc(s.requests, several) {
		_, _ = fmt.Fprintln(out, "limits:\n  multi_statements: deny  # every text held one statement")
	}
}

// isAnyone reports whether a quoted account stands for several.
func isAnyone(account string) bool { return account == `"*"` }

// names lists something of the entries, each once, in order and quoted.
func (s *suggestion) names(of func(*rehearse.Entry) string) []string {
	var names []string
	for i := range s.entries {
		names = append(names, quotedYAML(of(&s.entries[i])))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// quotedYAML quotes a text that YAML might read as something else.
func quotedYAML(text string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_., *`-", r)
	}
	odd := strings.ContainsFunc(text, func(r rune) bool { return !plain(r) })
	switch strings.ToLower(text) {
	case "", "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		odd = true
	}
	if odd || strings.ContainsAny(text[:1], "0123456789*`-., ") {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// evidence says how often a grant was needed, when last, and by what.
func (s *suggestion) evidence(g policy.Suggestion) string {
	var total uint64
	most, last := &s.entries[g.Requests[0]], time.Time{}
	for _, i := range g.Requests {
		e := &s.entries[i]
		total += e.Count
		if e.Count > most.Count {
			most = e
		}
		if e.LastSeen.After(last) {
			last = e.LastSeen
		}
	}
	return fmt.Sprintf("%s, last %s, %s: %s", perDay(total, s.days), last.UTC().Format(time.DateOnly), count(len(g.Requests), "shape"), shown(most, 100))
}

// demands are the verbs of which a WHERE can be required without harm.
func (s *suggestion) demands() []string {
	var verbs []string
	for _, verb := range []string{"UPDATE", "DELETE"} {
		lacks := func(st sqlparse.Statement) bool {
			return strings.HasPrefix(string(st.Kind), strings.ToLower(verb)) && !st.Explain && st.Where != sqlparse.WhereColumn
		}
		if !slices.ContainsFunc(s.requests, func(r policy.Request) bool { return anyStatement(r.Statements, lacks) }) {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

// anyStatement reports whether one of the statements, or one inside them, passes.
func anyStatement(list []sqlparse.Statement, pass func(sqlparse.Statement) bool) bool {
	return slices.ContainsFunc(list, func(st sqlparse.Statement) bool { return pass(st) || anyStatement(st.Inner, pass) })
}

// several reports whether a text holds more than one statement.
func several(r policy.Request) bool {
	n := 0
	for _, st := range r.Statements {
		if st.Kind != "empty_query" {
			n++
		}
	}
	return n > 1
}

// tellUnused writes the grants of the present policy that the record does not need.
func (s *suggestion) tellUnused(out io.Writer, present *policy.Policy) {
	if present == nil {
		return
	}
	for _, environment := range s.environments() {
		set, err := present.Compile(environment)
		if err != nil {
			continue
		}
		app := set.App(s.app)
		if app == nil {
			continue
		}
		var requests []policy.Request
		for i := range s.entries {
			if s.entries[i].Environment == environment {
				requests = append(requests, s.requests[i])
			}
		}
		for i, l := range app.Unused(requests) {
			if i == 0 {
				_, _ = fmt.Fprintf(out, "\n# granted in %s, and not needed in %s:\n", environment, wholeDays(s.days))
			}
			_, _ = fmt.Fprintf(out, "#   %s:%d: %s\n", l.File, l.Line, l.Text)
		}
	}
}

func (s *suggestion) environments() []string {
	var names []string
	for i := range s.entries {
		names = append(names, s.entries[i].Environment)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return slices.Compact(names)
}
