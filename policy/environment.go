package policy

import (
	"fmt"
	"slices"
	"strings"
)

// In returns what of the policy holds in one environment, as if there were no
// other: the apps that belong to it, and the lines that are in force there. It has
// no tests: those speak of other environments, too. It fails as Compile does.
func (p *Policy) In(environment string) (*Policy, error) {
	if err := p.knows(environment); err != nil {
		return nil, err
	}
	here := &Policy{
		environment: environment,
		denies:      linesIn(p.denies, environment),
		requires:    linesIn(p.requires, environment),
		exceptions:  linesIn(p.exceptions, environment),
		hash:        p.hash,
		whole:       p.all(),
	}
	for _, a := range p.apps {
		if slices.Contains(a.environments, environment) {
			here.apps = append(here.apps, a.in(environment))
		}
	}
	here.sort()
	here.exceptions = slices.DeleteFunc(here.exceptions, func(l line) bool { return here.app(l.App) == nil })
	return here, nil
}

// all is the policy of all environments.
func (p *Policy) all() *Policy {
	if p.whole != nil {
		return p.whole
	}
	return p
}

// knows reports an environment to which no app belongs.
func (p *Policy) knows(environment string) error {
	switch known := p.Environments(); {
	case slices.Contains(known, environment):
		return nil
	case len(known) == 0:
		return fmt.Errorf("no app belongs to environment %q: none of the policy files is of an app", environment)
	default:
		return fmt.Errorf("no app belongs to environment %q; the policies know %s", environment, strings.Join(known, ", "))
	}
}

// in is what of an app's file holds in one of its environments.
func (a *appFile) in(environment string) *appFile {
	here := *a
	i := slices.Index(a.environments, environment)
	here.environments, here.at.environments = []string{environment}, a.at.environments[i:i+1]
	here.grants = linesIn(a.grants, environment)
	here.denies = linesIn(a.denies, environment)
	here.requires = linesIn(a.requires, environment)
	return &here
}

// linesIn returns the lines that hold in an environment.
func linesIn(lines []line, environment string) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return !l.in(environment) })
}

// Runs is where a test runs: in the environment it names, or in the first that
// its app, or the first app of its account, lists. It is empty when there is none.
func (p *Policy) Runs(t Test) string {
	if t.In != "" {
		return t.In
	}
	if a := p.app(t.App); a != nil && t.Account == "" && len(a.environments) > 0 {
		return a.environments[0]
	}
	for _, a := range p.apps {
		if t.Account != "" && a.lets(t.Account) && len(a.environments) > 0 {
			return a.environments[0]
		}
	}
	if all := p.Environments(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// lets reports whether the app has the account.
func (a *appFile) lets(name string) bool {
	return slices.ContainsFunc(a.accounts, func(acc account) bool { return acc.name == name })
}
