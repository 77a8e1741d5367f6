package policy

import (
	"cmp"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// addTests reads tests, and notes where each says by what it is refused.
func (p *Policy) addTests(v strictyaml.Value, app string) {
	p.tests = append(p.tests, parseTests(v, app)...)
	if !v.IsList() {
		return
	}
	for _, item := range v.Items() {
		if !item.IsMap() {
			continue
		}
		for _, e := range item.Entries() {
			if e.Key.Written() == "by" {
				p.bys[place(item)] = e.Value
			}
		}
	}
}

// causes are the words for what refuses that stand in no policy file.
var causes = []Cause{
	ByNoAccount, ByNetwork, ByEnvironment, ByNoGrant, ByDeny, ByDuring, ByWhere, ByLimit, ByRows, ByKey, ByVariable, ByUnparsed,
	ByMultiple, ByPacket, ByConnections, ByRate, ByNoStatement, ByNoDatabase, ByTag, ByDeclared, ByOversight,
}

// misnamed warns of tests that are refused by what nothing is called. They can
// never pass.
func (w *warnings) misnamed(p *Policy) {
	all := p.all()
	names := all.refusing()
	for _, t := range all.tests {
		at, ok := all.bys[t.Rule]
		if !ok || t.By == "" || names[t.By] || names[strings.ToUpper(t.By)] && isVerb(t.By) || p.environment != "" && all.Runs(t) != p.environment {
			continue
		}
		hint := cmp.Or(strictyaml.DidYouMean(t.By, sortedNames(names)), wholeCause(t.By),
			"write the id or the place of a rule, the verb that is missing, or a word as WHERE, PRIMARY KEY, variable or multiple")
		w.report.Add(at.Pos(), "nothing that refuses is called "+t.By, hint)
	}
}

// wholeCause offers the cause of which a word is the end: no-account for account.
func wholeCause(word string) string {
	for _, c := range causes {
		if strings.HasSuffix(string(c), "-"+word) {
			return "did you mean " + string(c) + "?"
		}
	}
	return ""
}

// isVerb reports whether a word is a privilege, whose letters' case does not count.
func isVerb(word string) bool {
	_, ok := bitOf[sqlparse.Privilege(strings.ToUpper(word))]
	return ok
}

// refusing are the names of all that can refuse: the rules' ids and places, the
// words of requirements, the verbs and the causes.
func (p *Policy) refusing() map[string]bool {
	names := map[string]bool{}
	for _, c := range causes {
		names[string(c)] = true
	}
	for _, d := range demandWords {
		names[d.words] = true
	}
	for _, key := range limitKeys {
		names[key] = true
	}
	for verb := range bitOf {
		names[string(verb)] = true
	}
	add := func(r Rule) { names[r.ID], names[r.Place()] = true, true }
	for _, l := range p.Lines() {
		add(l.Rule)
	}
	for _, a := range p.apps {
		add(a.Rule)
		for _, acc := range a.accounts {
			add(acc.Rule)
		}
	}
	return names
}

// sortedNames are the names in an order that does not change.
func sortedNames(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for name := range names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
