package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guardrail/policy/strictyaml"
)

// Warnings returns what is allowed in policy files and most likely not meant:
// lines that change nothing because of others or name what there is not, grants
// over everything, accounts of two apps, apps that can do nothing, and ends that
// have come.
func (p *Policy) Warnings(now time.Time) strictyaml.Mistakes {
	var w warnings
	all := p.Environments()
	w.shadows(p.denies, nil, all, liftedBy(p.exceptions, now))
	for _, a := range p.apps {
		w.grants(p, a, now)
		w.shadows(a.denies, p.denies, a.environments, liftedBy(p.excepted[a.name], now))
		if !a.observeUntil.IsZero() && !now.Before(a.observeUntil) {
			w.report.Add(a.at.until.Pos(), "the observe mode of app "+a.name+" has ended: it is enforced", "take mode and until away")
		}
		w.ends(slices.Concat(a.denies, a.requires), now)
		w.idle(p, a, now)
	}
	w.ends(slices.Concat(p.denies, p.requires), now)
	for i, l := range p.exceptions {
		w.dead(&p.exceptions[i])
		if !now.Before(l.Until) {
			w.report.Add(l.at.until.Pos(), "this exception has ended", "take it away")
		}
	}
	w.accounts(p)
	w.unreached(p)
	w.misnamed(p)
	w.variables(p)
	w.spelling(p)
	w.strays(p.all(), p.environment)
	w.wildcards(p)
	if ms, ok := w.report.Err().(strictyaml.Mistakes); ok {
		return ms
	}
	return nil
}

// warnings collects them.
type warnings struct {
	report strictyaml.Report
}

func (w *warnings) add(l line, what, hint string) {
	w.report.Add(strictyaml.Pos{File: l.File, Line: l.Line, Col: l.Col}, what, hint)
}

// ends warns of rules whose observe mode has ended.
func (w *warnings) ends(lines []line, now time.Time) {
	for _, l := range lines {
		if !l.Until.IsZero() && !now.Before(l.Until) {
			w.report.Add(l.at.until.Pos(), "the observe mode of this rule has ended: it is enforced", "take mode and until away")
		}
	}
}

// accounts warns of accounts that two apps let in, from other networks or in other environments.
func (w *warnings) accounts(p *Policy) {
	first := map[string]*appFile{}
	for _, a := range p.apps {
		for _, acc := range a.accounts {
			switch before := first[acc.name]; {
			case before == nil:
				first[acc.name] = a
			case before != a:
				w.report.Add(acc.at.Pos(), "account "+acc.name+" belongs to app "+before.name+", too",
					"which one it logs in to hangs on where; give each app an account of its own")
			}
		}
	}
}

// spelling warns of apps whose environments are another's in other letters: to
// a proxy they are two.
func (w *warnings) spelling(p *Policy) {
	first := map[string]string{}
	for _, a := range p.apps {
		for i, e := range a.environments {
			folded := strings.ToLower(e)
			if first[folded] == "" {
				first[folded] = e
			}
			if first[folded] != e {
				w.report.Add(a.at.environments[i].Pos(), "app "+a.name+" belongs to "+e+", which is not "+first[folded], "letter case counts in environments; write one of them everywhere")
			}
		}
	}
}

// idle warns of an app that may connect for nothing.
func (w *warnings) idle(p *Policy, a *appFile, now time.Time) {
	allowed := slices.ContainsFunc(p.excepted[a.name], func(l line) bool { return l.lifts == "" })
	switch nothing := len(a.grants) == 0 && !allowed && !now.Before(a.observeUntil); {
	case p.environment == "":
		if nothing {
			w.report.Add(a.at.self.Pos(), "nothing is granted to app "+a.name, "add grants: with what it may do, as in SELECT, INSERT ON db.*")
		}
	case len(a.accounts) == 0:
		w.report.Add(a.at.self.Pos(), "app "+a.name+" belongs to "+p.environment+", and has no account", "list the MySQL users that belong to it")
	case nothing:
		w.report.Add(a.at.self.Pos(), "app "+a.name+" may connect in "+p.environment+", where nothing is granted to it",
			"add grants, or take "+p.environment+" from its environments")
	}
}

// grants warns of an app's grants.
func (w *warnings) grants(p *Policy, a *appFile, now time.Time) {
	lifts := liftedBy(p.excepted[a.name], now)
	denies, grants := newCoverers(lifts, p.denies, a.denies), newCoverers(nil, a.grants)
	for i := range a.grants {
		g := &a.grants[i]
		w.dead(g)
		if w.denied(g, denies, a.environments) {
			continue
		}
		if o := grants.first(g, a.environments); o != nil && o.idles(g, a.environments) && (o.clause.pattern == g.clause.pattern || !g.namesRoutine()) {
			w.add(*g, "this is granted twice", fmt.Sprintf("line %d grants all of it", o.Line))
		}
		w.broad(*g)
	}
}

// shadows warns of denies that another deny makes idle.
func (w *warnings) shadows(denies, elsewhere []line, environments, lifts []string) {
	if len(denies) == 0 {
		return
	}
	all := newCoverers(lifts, elsewhere, denies)
	for i := range denies {
		d := &denies[i]
		if o := all.first(d, environments); o != nil && o.idles(d, environments) {
			w.add(*d, "this deny refuses nothing", fmt.Sprintf("%s:%d denies all of it", o.File, o.Line))
		}
	}
}

// changing are the privileges that change data or structure.
var changing = ofClasses([]class{writing, defining, others})

// broad warns of a grant over everything, or over the server's own databases.
func (w *warnings) broad(g line) {
	changes := !g.clause.privileges.and(changing).empty()
	switch own, reaches := g.clause.pattern.reachesServer(); {
	case g.clause.privileges.has(bitOf["UNPARSED"]):
		w.add(g, "UNPARSED lets through statements that nobody has read", "no deny can stop what is in them")
	case g.clause.pattern.everywhere() && changes:
		w.add(g, "this grants changes in every database, the server's own included", "name the databases, as in db.* or db_*.*")
	case reaches && changes:
		w.add(g, "this grants changes in the server's own database "+own, "make the database's name longer before the *")
	case reaches && g.clause.privileges.has(bitOf["SELECT"]):
		w.add(g, "this grants reading the server's own database "+own+", the accounts' password hashes included", "name the databases, as in db.* or db_*.*")
	}
}

// reachesServer reports whether a wildcard covers one of the databases in
// which the server keeps its accounts and runs texts it is given.
func (p pattern) reachesServer() (schema string, reaches bool) {
	for _, own := range []string{"mysql", "sys"} {
		if p.schema.prefix && p.schema.holds(own) && (p.name.any() || own == "mysql" && p.name.holds("user")) {
			return own, true
		}
	}
	return "", false
}
