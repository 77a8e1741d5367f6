package policy

import (
	"net/netip"
	"slices"
	"time"
)

// Compile makes the Set of one environment. It fails when no app belongs to
// that environment, because then nobody could log in and the name is most
// likely mistyped.
func (p *Policy) Compile(environment string) (*Set, error) {
	if err := p.knows(environment); err != nil {
		return nil, err
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

// compiling builds one app from its own lines and those for every app.
type compiling struct {
	*App
	lifts map[string][]*rule // the exceptions that lift a rule, by its id
}

// compileApp works the lines for every app into one app's.
func (p *Policy) compileApp(f *appFile, environment string) *App {
	c := compiling{lifts: map[string][]*rule{}, App: &App{
		name: f.name, file: f.File, rule: f.Rule, environment: environment,
		environments: f.environments, here: slices.Contains(f.environments, environment),
		during: f.during, limits: f.limits, observeUntil: f.observeUntil,
	}}
	for _, acc := range f.accounts {
		c.accounts = append(c.accounts, acc.at.Written())
	}
	c.hangsOn(f.during, f.observeUntil)
	exceptions := p.excepted[f.name]
	c.addLifts(exceptions)
	for _, l := range f.grants {
		c.addLine(Grant, l, func(rs *rules) *index { return &rs.grants })
	}
	c.addDenies(slices.Concat(p.denies, f.denies))
	for _, l := range exceptions {
		if l.lifts == "" {
			c.addLine(Exception, l, func(rs *rules) *index { return &rs.exceptions })
		}
	}
	c.addDemands(slices.Concat(p.requires, f.requires))
	c.addLimits()
	slices.SortFunc(c.ends, time.Time.Compare)
	c.readOnly = c.onlyReads()
	return c.App
}

// in reports whether the line holds in an environment.
func (l *line) in(environment string) bool {
	return len(l.Environments) == 0 || slices.Contains(l.Environments, environment)
}

// addLifts notes the exceptions that lift a rule of its own id.
func (c *compiling) addLifts(exceptions []line) {
	for _, l := range exceptions {
		if l.lifts != "" && l.in(c.environment) {
			c.hangsOn(nil, l.From, l.Until)
			told := l.told(Exception, c.name)
			c.lines = append(c.lines, told)
			c.lifts[l.lifts] = append(c.lifts[l.lifts], &rule{RuleLine: told})
		}
	}
}

// addLine puts a line into an index of both ways of comparing names.
func (c *compiling) addLine(effect Effect, l line, into func(*rules) *index) {
	if !l.in(c.environment) {
		return
	}
	c.hangsOn(l.during, l.From, l.Until)
	told := l.told(effect, c.name)
	c.lines = append(c.lines, told)
	for _, rs := range []*rules{&c.exact, &c.folded} {
		r := &rule{RuleLine: told, privileges: l.clause.privileges, pattern: l.clause.pattern, during: l.during, lifts: c.lifts[l.ID]}
		fold := rs == &c.folded
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

// addDenies takes denies in by what they say: which of two that hit the same
// object is told must not hang on the order of lines.
func (c *compiling) addDenies(denies []line) {
	told := len(c.lines)
	for _, l := range ordered(denies) {
		c.addLine(Deny, l, func(rs *rules) *index {
			if l.Until.IsZero() {
				return &rs.denies
			}
			return &rs.watched
		})
	}
	c.retell(told, Deny, denies)
}

// addDemands takes requirements in by what they say, as addDenies does.
func (c *compiling) addDemands(requires []line) {
	told := len(c.lines)
	for _, l := range ordered(requires) {
		if l.in(c.environment) {
			told := l.told(Require, c.name)
			c.lines = append(c.lines, told)
			c.demands = append(c.demands, demandRule{RuleLine: told, demand: l.demand, folded: l.demand.on.lower(), during: l.during, lifts: c.lifts[l.ID]})
			c.hangsOn(l.during, l.Until)
		}
	}
	c.retell(told, Require, requires)
}

// retell puts the lines behind the first that are told into the order of the files.
func (c *compiling) retell(told int, effect Effect, lines []line) {
	c.lines = c.lines[:told]
	for _, l := range lines {
		if l.in(c.environment) {
			c.lines = append(c.lines, l.told(effect, c.name))
		}
	}
}

func (c *compiling) addLimits() {
	for _, l := range c.limits.lines {
		c.limitLines = append(c.limitLines, l.told(Limit, c.name))
	}
	c.held = c.limits.held(c.limitLines)
	c.lines = append(c.lines, c.limitLines...)
}

// hangsOn notes what decisions hang on: windows, and moments that are not zero.
func (c *compiling) hangsOn(during windows, moments ...time.Time) {
	for _, w := range during {
		if !slices.Contains(c.windows.texts(), w.text) {
			c.windows = append(c.windows, w)
		}
	}
	for _, t := range moments {
		if !t.IsZero() {
			c.ends = append(c.ends, t)
		}
	}
}

// onlyReads reports whether no grant and no exception goes beyond reading.
func (a *App) onlyReads() bool {
	held := a.exact.grants.inside.privileges.union(a.exact.exceptions.inside.privileges)
	return held.without(ofClasses([]class{reading})).empty()
}
