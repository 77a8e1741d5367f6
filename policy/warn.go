package policy

import (
	"fmt"
	"slices"
	"time"

	"guardrail/policy/strictyaml"
)

// Warnings returns what is allowed in policy files and most likely not meant:
// grants that nothing can use, grants over everything, and ends that have come.
func (p *Policy) Warnings(now time.Time) strictyaml.Mistakes {
	var w warnings
	for _, a := range p.apps {
		w.grants(p, a)
		if !a.observeUntil.IsZero() && !now.Before(a.observeUntil) {
			w.report.Add(a.at.Pos(), "the observe mode of app "+a.name+" has ended: it is enforced", "take mode and until away")
		}
		w.ends(slices.Concat(a.denies, a.requires), now)
	}
	w.ends(slices.Concat(p.denies, p.requires), now)
	for _, l := range p.exceptions {
		if !now.Before(l.Until) {
			w.add(l, "this exception has ended", "take it away")
		}
	}
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
			w.add(l, "the observe mode of this rule has ended: it is enforced", "take mode and until away")
		}
	}
}

// grants warns of an app's grants.
func (w *warnings) grants(p *Policy, a *appFile) {
	denies := slices.Concat(p.denies, a.denies)
	for i, g := range a.grants {
		if d := firstCovering(denies, g, a); d != nil {
			w.add(g, "nothing can use this grant", fmt.Sprintf("%s:%d denies all of it", d.File, d.Line))
			continue
		}
		others := slices.Concat(a.grants[:i], a.grants[i+1:])
		if o := firstCovering(others, g, a); o != nil && !(o.Line > g.Line && g.covers(*o, a)) {
			w.add(g, "this is granted twice", fmt.Sprintf("line %d grants all of it", o.Line))
		}
		w.broad(g)
	}
}

// broad warns of a grant over everything.
func (w *warnings) broad(g line) {
	switch changing := ofClasses([]class{writing, defining, others}); {
	case g.clause.privileges.has(bitOf["UNPARSED"]):
		w.add(g, "UNPARSED lets through statements that nobody has read", "no deny can stop what is in them")
	case g.clause.pattern.everywhere() && !g.clause.privileges.and(changing).empty():
		w.add(g, "this grants changes in every database, the server's own included", "name the databases, as in db.* or db_*.*")
	}
}

// firstCovering returns the first of the lines that holds all of another, wherever that one does.
func firstCovering(lines []line, l line, a *appFile) *line {
	for i := range lines {
		if lines[i].Until.IsZero() && lines[i].covers(l, a) {
			return &lines[i]
		}
	}
	return nil
}

// covers reports whether a line of an app's holds all of another.
func (l line) covers(m line, a *appFile) bool {
	where := m.Environments
	if len(where) == 0 {
		where = a.environments
	}
	for _, e := range where {
		if !l.in(e) {
			return false
		}
	}
	return m.clause.privileges.without(l.clause.privileges).empty() && l.clause.pattern.covering(m.clause.pattern)
}

// covering reports whether all that another pattern covers is covered.
func (p pattern) covering(q pattern) bool {
	return p.schema.covering(q.schema) && p.name.covering(q.name)
}

func (n namePattern) covering(m namePattern) bool {
	if !n.prefix && m.prefix {
		return false
	}
	return n.holds(m.text)
}
