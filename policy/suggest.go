package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// Suggestion is a grant, and the requests that need it.
type Suggestion struct {
	Text     string // "SELECT, INSERT ON db.t"
	Requests []int  // indices, sorted
}

// Least returns the fewest privileges, on the narrowest objects, that let the
// requests pass: one grant for each table and routine, or, if wide, for each
// database. Requirements, limits and denies are another matter.
func Least(requests []Request, wide bool) []Suggestion {
	l := least{wide: wide, grants: map[string]*leastGrant{}}
	for i := range requests {
		for j := range requests[i].Statements {
			s := &requests[i].Statements[j]
			if s.Kind == sqlparse.Unknown {
				l.add(i, pattern{schema: anyName, name: anyName}, only(sqlparse.Unparsed))
			}
			for _, n := range s.Needs {
				l.need(i, &requests[i], n)
			}
		}
	}
	l.addAny()
	return l.suggestions()
}

// anyName stands for every name.
var anyName = namePattern{prefix: true}

// least gathers the grants.
type least struct {
	wide   bool
	grants map[string]*leastGrant // by the text of their patterns
	any    []anyNeed
}

type leastGrant struct {
	on         pattern
	privileges privileges
	requests   []int
}

// anyNeed is a need that any privilege on the object fulfils.
type anyNeed struct {
	request int
	on      pattern
	at      target
}

func (l *least) add(request int, on pattern, p privileges) {
	key := on.String()
	g := l.grants[key]
	if g == nil {
		g = &leastGrant{on: on}
		l.grants[key] = g
	}
	g.privileges = g.privileges.union(p)
	if n := len(g.requests); n == 0 || g.requests[n-1] != request {
		g.requests = append(g.requests, request)
	}
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
			l.add(request, l.widened(narrow, verbs[catalogue[bit]].level, t.named), only(catalogue[bit]))
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

// suggestions writes the grants, those on objects first.
func (l *least) suggestions() []Suggestion {
	all := slices.SortedFunc(maps.Values(l.grants), func(a, b *leastGrant) int {
		return cmp.Or(-cmp.Compare(a.on.covers(), b.on.covers()), strings.Compare(a.on.String(), b.on.String()))
	})
	var out []Suggestion
	for _, g := range all {
		slices.Sort(g.requests)
		out = append(out, Suggestion{Text: g.words() + " ON " + g.on.String(), Requests: slices.Compact(g.requests)})
	}
	return out
}

// usual are the verbs that everybody writes first.
var usual = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// words are the grant's verbs, in the order in which people write them.
func (g *leastGrant) words() string {
	rest := g.privileges
	var words []string
	if all := ofClasses(groups["ALL"]).and(those(func(v verb) bool { return g.on.covers() <= v.level })); all.without(rest).empty() {
		words, rest = append(words, "ALL"), rest.without(all)
	}
	var others []string
	for bit, p := range catalogue {
		switch {
		case !rest.has(uint(bit)):
		case slices.Contains(usual, string(p)):
			words = append(words, string(p))
		default:
			others = append(others, string(p))
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Compare(slices.Index(usual, a), slices.Index(usual, b)) })
	return strings.Join(append(words, others...), ", ")
}
