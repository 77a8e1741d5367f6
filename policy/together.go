package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
)

// checkTogether reports what only shows when all files are seen: names that
// stand twice, and names that nothing bears.
func (p *Policy) checkTogether() {
	p.checkAppNames()
	p.checkAccounts()
	p.checkIDs()
	for _, a := range p.apps {
		for _, l := range slices.Concat(a.grants, a.denies, a.requires) {
			p.checkEnvironments(l, a.environments, "app "+a.name+" does not belong to environment ")
		}
	}
	if !p.lost.environments {
		all := p.Environments()
		for _, l := range slices.Concat(p.denies, p.requires) {
			p.checkEnvironments(l, all, "no app belongs to environment ")
		}
	}
	for _, l := range p.exceptions {
		if a := p.named(l.at.app, l.App); a != nil {
			p.checkEnvironments(l, a.environments, "app "+a.name+" does not belong to environment ")
			p.checkLift(l, a)
		}
	}
	p.checkTests()
}

// checkLift reports an exception that lifts a rule which there is not.
func (p *Policy) checkLift(x line, a *appFile) {
	if x.lifts == "" {
		return
	}
	var ids []string
	for _, lines := range [][]line{p.denies, p.requires, a.denies, a.requires} {
		for i := range lines {
			if lines[i].at.id.Exists() {
				ids = append(ids, lines[i].ID)
			}
		}
	}
	if slices.Contains(ids, x.lifts) || p.lost.apps {
		return
	}
	hint := strictyaml.DidYouMean(x.lifts, ids)
	if hint == "" {
		hint = "give the deny or require line an id, as in {id: " + x.lifts + ", rule: ...}"
	}
	x.at.lifts.Fail("no rule for app "+a.name+" has the id "+x.lifts, hint)
}

// named returns the app of a name, and reports a name that no app bears.
func (p *Policy) named(v strictyaml.Value, name string) *appFile {
	a := p.app(name)
	if a == nil && name != "" && !p.lost.apps {
		v.Fail("no app is called "+name, oneOf(name, p.appNames()))
	}
	return a
}

func (p *Policy) checkEnvironments(l line, known []string, what string) {
	for i, name := range l.Environments {
		if len(known) > 0 && !slices.Contains(known, name) {
			l.at.environments[i].Fail(what+name, oneOf(name, known))
		}
	}
}

// oneOf says which of the known words to write for another one.
func oneOf(word string, known []string) string {
	if hint := strictyaml.DidYouMean(word, known); hint != "" || len(known) == 0 || len(known) > 8 {
		return hint
	}
	return "write " + strings.Join(known, " or ")
}

func (p *Policy) checkAppNames() {
	first := map[string]*appFile{}
	for _, a := range p.apps {
		if before := first[a.name]; before != nil {
			a.at.self.Fail("app "+a.name+" a second time", fmt.Sprintf("the first is at %s:%d", before.File, before.Line))
		} else if a.name != "" {
			first[a.name] = a
		}
	}
}

// checkIDs reports ids that stand twice: records and metrics name rules by them.
func (p *Policy) checkIDs() {
	first := map[string]Rule{}
	var lines []line
	for l := range p.eachLine {
		if l.at.id.Exists() {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	for _, l := range lines {
		if before, twice := first[l.ID]; twice {
			l.at.id.Fail("id "+l.ID+" a second time", fmt.Sprintf("the first is at %s:%d", before.File, before.Line))
			continue
		}
		first[l.ID] = l.Rule
	}
}

// checkAccounts reports accounts that two apps, or one app twice, claim from
// the same address: a login must have one answer.
func (p *Policy) checkAccounts() {
	type claim struct {
		app *appFile
		account
	}
	claims := map[string][]claim{}
	for _, a := range p.apps {
		for _, acc := range a.accounts {
			for _, c := range claims[acc.name] {
				if acc.overlaps(c.account) && (c.app == a || meet(c.app.environments, a.environments)) {
					acc.at.Fail("account "+acc.name+" is already let in there by app "+c.app.name, fmt.Sprintf("see %s:%d", c.File, c.Line))
					break
				}
			}
			claims[acc.name] = append(claims[acc.name], claim{a, acc})
		}
	}
}

func (a account) overlaps(b account) bool {
	return !a.network.IsValid() || !b.network.IsValid() || a.network.Overlaps(b.network)
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// checkTests reports tests about apps and environments that there are not.
func (p *Policy) checkTests() {
	all := p.Environments()
	for i := range p.tests {
		t := &p.tests[i]
		if t.Account == "" && t.App != nameless {
			p.named(t.at.app, t.App)
		}
		if t.In != "" && !slices.Contains(all, t.In) && !p.lost.environments {
			t.at.environments[0].Fail("no app belongs to environment "+t.In, oneOf(t.In, all))
		}
	}
}
