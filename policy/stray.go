package policy

import (
	"cmp"
	"strings"

	"guardrail/policy/strictyaml"
)

// strays warns of environments that a single app names and that look like a slip
// of one that others name, or of here, where the policies are judged for one: the
// app would be locked out, and no test would show it.
func (w *warnings) strays(p *Policy, here string) {
	apps, environments := map[string]int{}, p.Environments()
	for _, a := range p.apps {
		for _, e := range a.environments {
			apps[e]++
		}
	}
	for _, a := range p.apps {
		for i, e := range a.environments {
			if apps[e] > 1 || e == here || !onlyLetters(e) {
				continue
			}
			var usual []string
			for _, other := range environments {
				if onlyLetters(other) && !strings.EqualFold(other, e) && (apps[other] > 1 || other == here) {
					usual = append(usual, other)
				}
			}
			if hint := cmp.Or(strictyaml.DidYouMean(e, usual), shortened(e, usual)); hint != "" {
				w.report.Add(a.at.environments[i].Pos(), "no app but "+a.name+" belongs to environment "+e, hint)
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
