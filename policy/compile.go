package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Compile makes the Set of one environment. It fails when no app belongs to
// that environment, because then nobody could log in and the name is most
// likely mistyped.
func (p *Policy) Compile(environment string) (*Set, error) {
	if known := p.Environments(); !slices.Contains(known, environment) {
		return nil, fmt.Errorf("no app belongs to environment %q; the policies know %s", environment, strings.Join(known, ", "))
	}
	s := &Set{environment: environment, hash: p.hash, accounts: map[string][]entry{}}
	for _, f := range p.apps {
		a := p.compileApp(f, environment)
		s.apps = append(s.apps, a)
		for _, acc := range f.accounts {
			s.accounts[acc.name] = append(s.accounts[acc.name], newEntry(a, acc))
		}
	}
	return s, nil
}

func newEntry(a *App, acc account) entry {
	e := entry{app: a, rule: acc.Rule}
	if acc.network.IsValid() {
		e.networks = []netip.Prefix{acc.network}
	}
	return e
}

// compileApp works the lines for every app into one app's.
func (p *Policy) compileApp(f *appFile, environment string) *App {
	a := &App{
		name: f.name, file: f.File, rule: f.Rule, environment: environment,
		environments: f.environments, here: slices.Contains(f.environments, environment),
		limits: f.limits, observeUntil: f.observeUntil,
	}
	for _, acc := range f.accounts {
		a.accounts = append(a.accounts, acc.at.Written())
	}
	a.addBoundary(f.observeUntil)
	for _, l := range f.grants {
		a.addLine(Grant, l, func(rs *rules) *index { return &rs.grants })
	}
	for _, l := range slices.Concat(p.denies, f.denies) {
		a.addLine(Deny, l, func(rs *rules) *index {
			if l.Until.IsZero() {
				return &rs.denies
			}
			return &rs.watched
		})
	}
	for _, l := range p.exceptions {
		if l.App == f.name {
			a.addLine(Exception, l, func(rs *rules) *index { return &rs.exceptions })
		}
	}
	for _, l := range slices.Concat(p.requires, f.requires) {
		if l.in(environment) {
			a.lines = append(a.lines, l.told(Require, a.name))
			a.wheres = append(a.wheres, whereRule{RuleLine: l.told(Require, a.name), kinds: l.kinds})
			a.addBoundary(l.Until)
		}
	}
	slices.SortFunc(a.boundaries, time.Time.Compare)
	a.readOnly = a.onlyReads()
	return a
}

// in reports whether the line holds in an environment.
func (l line) in(environment string) bool {
	return len(l.Environments) == 0 || slices.Contains(l.Environments, environment)
}

// addLine puts a line into an index of both ways of comparing names.
func (a *App) addLine(effect Effect, l line, into func(*rules) *index) {
	if !l.in(a.environment) {
		return
	}
	a.addBoundary(l.Until)
	a.lines = append(a.lines, l.told(effect, a.name))
	for _, rs := range []*rules{&a.exact, &a.folded} {
		r := &rule{RuleLine: l.told(effect, a.name), privileges: l.clause.privileges, pattern: l.clause.pattern}
		fold := rs == &a.folded
		if fold {
			r.pattern = r.pattern.lower()
		}
		ix := into(rs)
		ix.add(r, fold)
		if ix == &rs.exceptions {
			rs.excepted = append(rs.excepted, r)
		}
	}
}

func (a *App) addBoundary(t time.Time) {
	if !t.IsZero() {
		a.boundaries = append(a.boundaries, t)
	}
}

// onlyReads reports whether no grant and no exception goes beyond reading.
func (a *App) onlyReads() bool {
	held := a.exact.grants.inside.privileges.union(a.exact.exceptions.inside.privileges)
	return held.without(ofClasses([]class{reading})).empty()
}
