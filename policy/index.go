package policy

import (
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// rule is one compiled line of a policy: privileges on a pattern.
type rule struct {
	RuleLine
	privileges privileges
	pattern    pattern
	during     windows
	lifts      []*rule // the exceptions that lift it
}

// constant reports whether the rule says the same at every moment.
func (r *rule) constant() bool {
	return r.Until.IsZero() && r.From.IsZero() && len(r.during) == 0 && len(r.lifts) == 0
}

// index finds the rules that hit an object. What a search costs hangs on the
// number of distinct prefix lengths, not on the number of rules.
type index struct {
	everywhere cell // *.*
	inside     cell // every rule, for objects that contain others
	schemas    names[schemaCell]
}

// schemaCell holds the rules of one schema pattern.
type schemaCell struct {
	whole    cell // db.*
	inside   cell // db.* and all below it
	tables   names[cell]
	routines names[cell]
}

// cell holds the rules of one pattern, in the order of the files.
type cell struct {
	privileges privileges
	lasting    privileges // those of rules that are constant
	rules      []*rule
	timed      []*rule // those that are not; rules of the same windows are one
}

// names finds values by exact name and by prefix.
type names[T any] struct {
	exact    map[string]*T
	prefixes map[string]*T
	lengths  []int // the distinct lengths of prefixes
}

// ways is how many places a name can be found in.
func (n *names[T]) ways() int { return 1 + len(n.lengths) }

// at returns what stands for name in the i-th place, or nil.
func (n *names[T]) at(i int, name []byte) *T {
	if i == 0 {
		return n.exact[string(name)]
	}
	length := n.lengths[i-1]
	if length > len(name) {
		return nil
	}
	return n.prefixes[string(name[:length])]
}

// put returns the value of a name pattern, made if need be.
func (n *names[T]) put(p namePattern, fold bool) *T {
	text := p.text
	if fold {
		text = lower(text)
	}
	m := &n.exact
	if p.prefix {
		m = &n.prefixes
	}
	if *m == nil {
		*m = map[string]*T{}
	}
	if (*m)[text] == nil {
		(*m)[text] = new(T)
		if p.prefix {
			n.addLength(len(text))
		}
	}
	return (*m)[text]
}

func (n *names[T]) addLength(length int) {
	for _, l := range n.lengths {
		if l == length {
			return
		}
	}
	n.lengths = append(n.lengths, length)
}

// add puts a rule where searches will find it. Names of routines are always
// compared in lower case, as the server does.
func (ix *index) add(r *rule, fold bool) {
	ix.inside.add(r)
	if r.pattern.everywhere() {
		ix.everywhere.add(r)
		return
	}
	s := ix.schemas.put(r.pattern.schema, fold)
	s.inside.add(r)
	if r.pattern.name.any() {
		s.whole.add(r)
		return
	}
	s.tables.put(r.pattern.name, fold).add(r)
	s.routines.put(r.pattern.name, true).add(r)
}

// add keeps a rule unless earlier rules of the cell say all that it says.
func (c *cell) add(r *rule) {
	if r.privileges.without(c.lasting).empty() {
		return
	}
	if r.constant() {
		c.lasting = c.lasting.union(r.privileges)
	} else {
		c.addTimed(r)
	}
	c.privileges = c.privileges.union(r.privileges)
	c.rules = append(c.rules, r)
}

// addTimed keeps a rule that holds for a time, merged into one that holds for
// the same time, so that their number does not grow with that of the lines.
func (c *cell) addTimed(r *rule) {
	merges := r.Until.IsZero() && r.From.IsZero() && len(r.lifts) == 0
	for _, have := range c.timed {
		if merges && have.Until.IsZero() && have.From.IsZero() && len(have.lifts) == 0 && slices.Equal(have.during.texts(), r.during.texts()) {
			have.privileges = have.privileges.union(r.privileges)
			return
		}
	}
	own := *r
	c.timed = append(c.timed, &own)
}

// held returns the privileges of the cell's rules that the search is for.
func (c *cell) held(s *search) privileges {
	all := privileges{}
	if s.phase == inForce {
		all = c.lasting
	}
	for _, r := range c.timed {
		if s.meets(r) {
			all = all.union(r.privileges)
		}
	}
	return all
}

// find returns a rule that hits the target, or nil.
func (ix *index) find(t *target, s *search) *rule {
	if t.named && !s.overlapping {
		return ix.findNamed(t, s)
	}
	if r := ix.everywhere.first(s); r != nil {
		return r
	}
	if t.kind == sqlparse.Global {
		if s.overlapping {
			return ix.inside.first(s)
		}
		return nil
	}
	for i := range ix.schemas.ways() {
		if sc := ix.schemas.at(i, t.schema.bytes()); sc != nil {
			if r := sc.find(t, s); r != nil {
				return r
			}
		}
	}
	return nil
}

// find returns a rule of the schema's that hits the target, or nil.
func (sc *schemaCell) find(t *target, s *search) *rule {
	if r := sc.whole.first(s); r != nil {
		return r
	}
	if t.kind == sqlparse.Schema {
		if s.overlapping {
			return sc.inside.first(s)
		}
		return nil
	}
	below := sc.below(t)
	for i := range below.ways() {
		if c := below.at(i, t.name.bytes()); c != nil {
			if r := c.first(s); r != nil {
				return r
			}
		}
	}
	return nil
}

// below are the named objects of the target's type.
func (sc *schemaCell) below(t *target) *names[cell] {
	if t.kind == sqlparse.Routine {
		return &sc.routines
	}
	return &sc.tables
}

// findNamed looks at full names alone.
func (ix *index) findNamed(t *target, s *search) *rule {
	sc := ix.schemas.at(0, t.schema.bytes())
	if sc == nil {
		return nil
	}
	c := sc.below(t).at(0, t.name.bytes())
	if c == nil {
		return nil
	}
	return c.first(s)
}

// on returns all privileges that rules hold on the target or, if inside is set,
// on anything in it.
func (ix *index) on(t *target, s *search, inside bool) privileges {
	all := ix.everywhere.held(s)
	if t.kind == sqlparse.Global {
		if inside {
			all = all.union(ix.inside.held(s))
		}
		return all
	}
	for i := range ix.schemas.ways() {
		if sc := ix.schemas.at(i, t.schema.bytes()); sc != nil {
			all = all.union(sc.on(t, s, inside))
		}
	}
	return all
}

func (sc *schemaCell) on(t *target, s *search, inside bool) privileges {
	if t.kind == sqlparse.Schema {
		if inside {
			return sc.inside.held(s)
		}
		return sc.whole.held(s)
	}
	all := sc.whole.held(s)
	below := sc.below(t)
	for i := range below.ways() {
		if c := below.at(i, t.name.bytes()); c != nil {
			all = all.union(c.held(s))
		}
	}
	return all
}

// lower folds a name as lower_case_table_names does. strings.EqualFold does
// not agree with the servers on the dotted I and the Kelvin sign; this does.
func lower(name string) string { return strings.ToLower(name) }
