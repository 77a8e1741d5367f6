package main

import (
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
	s.grants = policy.Least(s.requests, s.where(), wide)
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
	accounts := s.accounts()
	if named := slices.DeleteFunc(slices.Clone(accounts), isAnyone); len(named) > 0 && len(named) < len(accounts) {
		_, _ = fmt.Fprintln(out, "# more accounts have sent this than are told apart; add those that are missing.")
		accounts = named // "*" would let in everybody whom no app names
	}
	_, _ = fmt.Fprintf(out, "app: %s\naccounts: %s\nenvironments: %s\n", quotedYAML(s.app), listYAML(accounts), listYAML(s.environments()))
	if len(s.grants) > 0 {
		_, _ = fmt.Fprintln(out, "grants:")
	}
	for _, g := range s.grants {
		_, _ = fmt.Fprintf(out, "  - %s  # %s\n", lineYAML("allow", g.Text, g.Environments), s.evidence(g))
	}
	for i, line := range s.demands() {
		if i == 0 {
			_, _ = fmt.Fprintln(out, "require:")
		}
		_, _ = fmt.Fprintf(out, "  - %s  # all that was sent has one\n", line)
	}
	if !slices.ContainsFunc(s.requests, several) {
		_, _ = fmt.Fprintln(out, "limits:\n  multi_statements: deny  # every text held one statement")
	}
}

// isAnyone reports whether an account stands for several.
func isAnyone(account string) bool { return account == "*" }

// accounts are those of the entries, as accounts: has them: each once, in order.
func (s *suggestion) accounts() []string {
	var names []string
	for i := range s.entries {
		name := s.entries[i].Account
		if strings.Contains(name, "@") { // what stands behind it would be read as a network
			names = append(names, name+"@0.0.0.0/0", name+"@::/0")
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
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

// demands are the lines that require a WHERE without harm, of what was sent at all.
func (s *suggestion) demands() []string {
	var everywhere, lines []string
	for _, verb := range []string{"UPDATE", "DELETE"} {
		of := func(st sqlparse.Statement) bool {
			return strings.HasPrefix(string(st.Kind), strings.ToLower(verb)) && !st.Explain
		}
		sent := s.environmentsOf(of)
		lacking := s.environmentsOf(func(st sqlparse.Statement) bool { return of(st) && st.Where != sqlparse.WhereColumn })
		fit := slices.DeleteFunc(slices.Clone(sent), func(e string) bool { return slices.Contains(lacking, e) })
		switch {
		case len(fit) == 0:
		case len(lacking) == 0:
			everywhere = append(everywhere, verb)
		default:
			lines = append(lines, lineYAML("rule", "WHERE FOR "+verb, fit))
		}
	}
	if len(everywhere) > 0 {
		lines = slices.Insert(lines, 0, lineYAML("rule", "WHERE FOR "+strings.Join(everywhere, ", "), nil))
	}
	return lines
}

// environmentsOf lists where some statement passes.
func (s *suggestion) environmentsOf(pass func(sqlparse.Statement) bool) []string {
	var names []string
	for i, r := range s.requests {
		if anyStatement(r.Statements, pass) {
			names = append(names, s.entries[i].Environment)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
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

// environments lists where the entries were sent, each once.
func (s *suggestion) environments() []string {
	names := s.where()
	slices.Sort(names)
	return slices.Compact(names)
}

// where is the environment of each entry.
func (s *suggestion) where() []string {
	names := make([]string, len(s.entries))
	for i := range s.entries {
		names[i] = s.entries[i].Environment
	}
	return names
}
