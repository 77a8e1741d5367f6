package policy

import (
	"cmp"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// unreached warns of requirements and denies about objects that no grant
// reaches: most likely their name is misspelt. Grants count in all environments.
func (w *warnings) unreached(p *Policy) {
	all := p.all()
	everyone := all.reach(all.apps)
	w.idleRequires(p.requires, everyone)
	w.idleDenies(p.denies, everyone)
	for _, a := range p.apps {
		own := all.reach([]*appFile{all.app(a.name)})
		w.idleRequires(a.requires, own)
		w.idleDenies(a.denies, own)
	}
}

// reach is what grants and exceptions reach.
type reach struct {
	clauses   []clause        // with their names in lower case
	databases map[string]bool // that are granted on by name, in lower case
	wildcards []namePattern   // the other databases
}

func (p *Policy) reach(apps []*appFile) reach {
	r := reach{databases: map[string]bool{}}
	for _, a := range apps {
		for _, g := range a.grants {
			r.add(g.clause)
		}
		for _, x := range p.excepted[a.name] {
			if x.lifts == "" {
				r.add(x.clause)
			}
		}
	}
	return r
}

func (r *reach) add(c clause) {
	c.pattern = c.pattern.lower()
	r.clauses = append(r.clauses, c)
	if c.pattern.schema.prefix {
		r.wildcards = append(r.wildcards, c.pattern.schema)
	} else {
		r.databases[c.pattern.schema.text] = true
	}
}

// touches reports whether anything is granted in the databases of a name.
func (r *reach) touches(schema namePattern) bool {
	if !schema.prefix && r.databases[schema.text] || slices.ContainsFunc(r.wildcards, schema.meets) {
		return true
	}
	if schema.prefix {
		for name := range r.databases {
			if schema.holds(name) {
				return true
			}
		}
	}
	return false
}

// meets reports whether a name is covered by both.
func (n namePattern) meets(m namePattern) bool {
	return n.prefix && n.holds(m.text) || m.prefix && m.holds(n.text) || n == m
}

// idleRequires warns of requirements on objects of which none may be changed.
func (w *warnings) idleRequires(requires []line, r reach) {
	for _, l := range requires {
		on := l.demand.on.lower()
		if len(l.demand.kinds) == 0 || len(r.clauses) == 0 {
			continue
		}
		asked := l.demand.verbs()
		granted := func(c clause) bool {
			return !c.privileges.and(asked).empty() && c.pattern.schema.meets(on.schema) && c.pattern.name.meets(on.name)
		}
		if slices.ContainsFunc(r.clauses, granted) {
			continue
		}
		where := " on " + l.demand.on.String()
		if on.everywhere() {
			where = ""
		}
		w.add(l, asked.or()+" is granted nowhere"+where+", so nothing is required", r.near(on.schema))
	}
}

// idleDenies warns of denies in a database whose name is nearly that of one in
// which something is granted: a deny on any other may be there for later.
func (w *warnings) idleDenies(denies []line, r reach) {
	for _, l := range denies {
		on := l.clause.pattern.lower()
		if on.schema.prefix || r.touches(on.schema) {
			continue
		}
		if hint := r.near(on.schema); hint != "" {
			w.add(l, "nothing is granted in "+on.schema.String()+", so nothing is denied", hint)
		}
	}
}

// maxNear is how many names are looked through for one that is near.
const maxNear = 1000

// near says which database was most likely meant: one of nearly the same
// letters, or the one of which the name is a shortened form.
func (r *reach) near(schema namePattern) string {
	if schema.prefix || len(schema.text) < 3 || r.touches(schema) || len(r.databases) > maxNear {
		return ""
	}
	names := slices.DeleteFunc(sortedNames(r.databases), func(name string) bool { return sameButDigits(name, schema.text) })
	return cmp.Or(strictyaml.DidYouMean(schema.text, names), shortened(schema.text, names))
}

// sameButDigits reports whether names differ in digits alone, as those of shards do.
func sameButDigits(a, b string) bool {
	letters := func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}
	return strings.Map(letters, a) == strings.Map(letters, b)
}

// verbs are the privileges that the statements of a requirement need.
func (d *demand) verbs() privileges {
	var p privileges
	for verb, kinds := range demandedOf {
		if slices.Contains(d.kinds, kinds[0]) {
			p = p.union(only(sqlparse.Privilege(verb)))
		}
	}
	return p
}

// or lists the privileges as alternatives.
func (p privileges) or() string { return strings.ReplaceAll(p.String(), ", ", " or ") }
