package policy

import (
	"cmp"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
)

// strays warns of environments that a single app names and that look like a slip
// of one that others name, or of here, where the policies are judged for one: the
// app would be locked out, and no test would show it.
func (w *warnings) strays(p *Policy, here string) {
	apps := map[string]int{}
	for _, a := range p.apps {
		for _, e := range a.environments {
			apps[e]++
		}
	}
	for _, a := range p.apps {
		for _, e := range a.environments {
			if apps[e] > 1 || e == here || !onlyLetters(e) {
				continue
			}
			var usual []string
			for _, other := range p.Environments() {
				if onlyLetters(other) && !strings.EqualFold(other, e) && (apps[other] > 1 || other == here) {
					usual = append(usual, other)
				}
			}
			if hint := cmp.Or(strictyaml.DidYouMean(e, usual), shortened(e, usual)); hint != "" {
				w.report.Add(a.at.Pos(), "no app but "+a.name+" belongs to environment "+e, hint)
			}
		}
	}
}

// onlyLetters reports whether a name has no number or part that tells it from another: staging2, production-eu.
func onlyLetters(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' })
}

// shortened offers the name that a word is the beginning of, but for letters: production for prod.
func shortened(word string, names []string) string {
	for _, name := range names {
		rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(word))
		if ok && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz") == "" {
			return "did you mean " + name + "?"
		}
	}
	return ""
}

// wildcards warns of names between backticks with the wildcards of GRANT, which
// are none here: SHOW GRANTS writes `shop\_%`.
func (w *warnings) wildcards(p *Policy) {
	lines := slices.Concat(p.denies, p.requires, p.exceptions)
	for _, a := range p.apps {
		lines = slices.Concat(lines, a.grants, a.denies, a.requires)
	}
	for _, l := range lines {
		on := l.clause.pattern
		if len(l.demand.kinds) > 0 {
			on = l.demand.on
		}
		for _, name := range []string{on.schema.text, on.name.text} {
			if strings.Contains(name, "%") || strings.Contains(name, `\_`) {
				w.add(l, "this is about what is called `"+name+"`, wildcards and all", "write "+plainWildcard(name)+" for all names that begin so")
			}
		}
	}
}

// plainWildcard writes a wildcard of GRANT as one of a policy's.
func plainWildcard(name string) string {
	begin, _, _ := strings.Cut(strings.ReplaceAll(name, `\_`, "_"), "%")
	return namePattern{text: begin, prefix: true}.String()
}
