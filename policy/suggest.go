package policy

import "guardrail/sqlparse"

// Suggestion is a grant, and the requests that need it.
type Suggestion struct {
	Text         string   // "SELECT, INSERT ON db.t"
	Environments []string // the only ones that need it, sorted; nil: all do
	Requests     []int    // indices, sorted
}

// Least returns the fewest privileges, on the narrowest objects, that let the
// requests pass, each in the environment of the same index: one grant for each
// table and routine, or, if wide, for each database, and for what only some of
// the environments need. Requirements, limits and denies are another matter.
func Least(requests []Request, environments []string, wide bool) []Suggestion {
	in := map[string]*least{}
	for i := range requests {
		l := in[environments[i]]
		if l == nil {
			l = &least{wide: wide, grants: map[string]*leastGrant{}}
			in[environments[i]] = l
		}
		l.take(i, &requests[i])
	}
	for _, l := range in {
		l.addAny()
		l.widen()
	}
	return suggestions(in)
}

// anyName stands for every name.
var anyName = namePattern{prefix: true}

// least gathers the grants of one environment.
type least struct {
	wide   bool
	grants map[string]*leastGrant // by the text of their patterns
	any    []anyNeed
}

type leastGrant struct {
	on         pattern
	privileges privileges
	named      privileges // those that only the full name grants
	uses       []use
}

// use is what one request needs of a grant.
type use struct {
	request    int
	privileges privileges
}

// anyNeed is a need that any privilege on the object fulfils.
type anyNeed struct {
	request int
	on      pattern
	at      target
}

// take adds what one request needs.
func (l *least) take(i int, r *Request) {
	for j := range r.Statements {
		s := &r.Statements[j]
		if s.Kind == sqlparse.Unknown {
			l.add(i, pattern{schema: anyName, name: anyName}, only(sqlparse.Unparsed))
		}
		for _, n := range s.Needs {
			l.need(i, r, n)
		}
	}
}

func (l *least) add(request int, on pattern, p privileges) *leastGrant {
	key := on.String()
	g := l.grants[key]
	if g == nil {
		g = &leastGrant{on: on}
		l.grants[key] = g
	}
	g.use(request, p)
	return g
}

func (g *leastGrant) use(request int, p privileges) {
	g.privileges = g.privileges.union(p)
	g.uses = append(g.uses, use{request, p})
}

// need adds what one need of a request asks for.
func (l *least) need(request int, r *Request, n sqlparse.Need) {
	var t target
	aim(&t, r, &n)
	narrow := patternOf(&t)
	switch {
	case worldReadable(&t, n.Privilege):
	case n.Privilege == sqlparse.AnyPrivilege:
		if !isSchema(t.schema.bytes(), "information_schema") {
			l.any = append(l.any, anyNeed{request, narrow, t})
		}
	case n.Privilege == sqlparse.AllPrivileges && t.kind == sqlparse.Global:
		l.add(request, narrow, every)
	case n.Privilege == sqlparse.AllPrivileges:
		l.add(request, narrow, onObjects.and(those(func(v verb) bool { return narrow.covers() <= v.level })))
	default:
		if bit, known := bitOf[n.Privilege]; known {
			g := l.add(request, l.widened(narrow, verbs[catalogue[bit]].level, t.named), only(catalogue[bit]))
			if t.named {
				g.named = g.named.union(only(catalogue[bit]))
			}
		}
	}
}

// patternOf is the pattern of one object.
func patternOf(t *target) pattern {
	p := pattern{schema: anyName, name: anyName}
	if t.kind != sqlparse.Global {
		p.schema = namePattern{text: string(t.schema.bytes())}
	}
	if t.kind == sqlparse.Table || t.kind == sqlparse.Routine {
		p.name = namePattern{text: string(t.name.bytes())}
	}
	return p
}

// widened is the narrowest object that holds p and on which a privilege of the level can be granted.
func (l *least) widened(p pattern, level level, named bool) pattern {
	if level == onServer {
		return pattern{schema: anyName, name: anyName}
	}
	if level == onSchema || l.wide && !named {
		p.name = anyName
	}
	return p
}

// addAny adds what USE and its kin need where nothing else is granted there:
// SHOW VIEW, which lets in and reads no row.
func (l *least) addAny() {
	for _, n := range l.any {
		fulfilled := false
		for _, g := range l.grants {
			fulfilled = fulfilled || g.on.touches(&n.at) && (n.at.kind == sqlparse.Global || !g.privileges.and(onObjects).empty())
		}
		if !fulfilled {
			l.add(n.request, n.on, only("SHOW VIEW"))
		}
	}
}

// widen leaves to a grant on more what it holds of one on less.
func (l *least) widen() {
	for key, g := range l.grants {
		for _, on := range []pattern{{anyName, anyName}, {g.on.schema, anyName}} {
			if wider := l.grants[on.String()]; wider != nil && wider != g {
				g.leave(wider)
			}
		}
		if g.privileges.empty() {
			delete(l.grants, key)
		}
	}
}

// leave moves what a wider grant holds, too, with the uses of it.
func (g *leastGrant) leave(wider *leastGrant) {
	shared := g.privileges.and(wider.privileges).without(g.named)
	g.privileges = g.privileges.without(shared)
	for i, u := range g.uses {
		if moved := u.privileges.and(shared); !moved.empty() {
			wider.use(u.request, moved)
			g.uses[i].privileges = u.privileges.without(moved)
		}
	}
}
