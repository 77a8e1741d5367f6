package policy

import (
	"slices"

	"guardrail/sqlparse"
)

// Unused returns the grants of the app that none of the requests needs. A
// request at another time than the grant holds in does not count.
func (a *App) Unused(requests []Request) []RuleLine {
	used := map[Rule]bool{}
	var any []Basis
	for i := range requests {
		for _, b := range a.Explain(requests[i]) {
			switch {
			case b.Grant == nil:
			case b.Need.Privilege == sqlparse.AnyPrivilege:
				any = append(any, b)
			default:
				used[b.Grant.Rule] = true
			}
		}
	}
	for _, b := range any {
		if !a.touched(b.Need, used) {
			used[b.Grant.Rule] = true
		}
	}
	return slices.DeleteFunc(a.Lines(), func(l RuleLine) bool { return l.Effect != Grant || used[l.Rule] })
}

// touched reports whether one of the used grants fulfils a need that any privilege fulfils.
func (a *App) touched(n sqlparse.Need, used map[Rule]bool) bool {
	var t target
	aim(&t, &Request{LowerCaseNames: true}, &n)
	for _, g := range a.folded.grants.inside.rules {
		if used[g.Rule] && g.pattern.touches(&t) {
			return true
		}
	}
	return false
}
