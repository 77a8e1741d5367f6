package policy

import (
	"strings"
	"time"

	"guardrail/sqlparse"
)

// rule is one compiled line of a policy: privileges on a pattern.
type rule struct {
	RuleLine
	privileges privileges
	pattern    pattern
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
	lasting    privileges // those of rules without an end
	rules      []*rule
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
	if r.Until.IsZero() {
		if r.privileges.without(c.lasting).empty() {
			return
		}
		c.lasting = c.lasting.union(r.privileges)
	}
	c.privileges = c.privileges.union(r.privileges)
	c.rules = append(c.rules, r)
}

// target is the object of a need, its names resolved and folded.
type target struct {
	kind   sqlparse.ObjectType
	schema folded
	name   folded
	// named is set for objects that a wildcard must not cover: the routines of
	// the server's own schemas, some of which run any text they are given.
	named bool
}

// search says which rules are looked for.
type search struct {
	bit uint
	// overlapping finds rules on what the target contains, too.
	overlapping bool
	phase       phase
	now         time.Time
}

// phase narrows a search to rules before or after their end.
type phase uint8

const (
	whenever phase = iota
	open           // the rule's end is still to come
	lapsed         // the rule's end has come
)

// meets reports whether the rule is in the search's phase.
func (s *search) meets(r *rule) bool {
	switch s.phase {
	case open:
		return s.now.Before(r.Until)
	case lapsed:
		return !s.now.Before(r.Until)
	}
	return true
}

// first returns the first rule of the cell that the search is for.
func (c *cell) first(s *search) *rule {
	if !c.privileges.has(s.bit) {
		return nil
	}
	for _, r := range c.rules {
		if r.privileges.has(s.bit) && s.meets(r) {
			return r
		}
	}
	return nil
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
func (ix *index) on(t *target, inside bool) privileges {
	all := ix.everywhere.privileges
	if t.kind == sqlparse.Global {
		if inside {
			all = all.union(ix.inside.privileges)
		}
		return all
	}
	for i := range ix.schemas.ways() {
		if sc := ix.schemas.at(i, t.schema.bytes()); sc != nil {
			all = all.union(sc.on(t, inside))
		}
	}
	return all
}

func (sc *schemaCell) on(t *target, inside bool) privileges {
	if t.kind == sqlparse.Schema {
		if inside {
			return sc.inside.privileges
		}
		return sc.whole.privileges
	}
	all := sc.whole.privileges
	below := sc.below(t)
	for i := range below.ways() {
		if c := below.at(i, t.name.bytes()); c != nil {
			all = all.union(c.privileges)
		}
	}
	return all
}

// lower folds a name as lower_case_table_names does. strings.EqualFold does
// not agree with the servers on the dotted I and the Kelvin sign; this does.
func lower(name string) string { return strings.ToLower(name) }
