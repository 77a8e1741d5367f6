package policy

import "slices"

// coverers finds, of many lines, those that hold all of another. Lines that
// name their schema, or schema and name, are only looked at for the same one:
// a policy may have ten thousand.
type coverers map[pattern][]coverer

type coverer struct {
	*line
	order int
}

// newCoverers takes the lines in their order, but those that are only observed and
// those of the ids that exceptions lift.
func newCoverers(lifted []string, lists ...[]line) coverers {
	c, order := coverers{}, 0
	for _, lines := range lists {
		for i := range lines {
			if order++; lines[i].Until.IsZero() && !slices.Contains(lifted, lines[i].ID) {
				at := lines[i].clause.pattern.shelf()
				c[at] = append(c[at], coverer{&lines[i], order})
			}
		}
	}
	return c
}

// shelf is the pattern with any name in the place of one that has a wildcard.
func (p pattern) shelf() pattern {
	switch {
	case p.schema.prefix:
		return pattern{anyName, anyName}
	case p.name.prefix:
		return pattern{p.schema, anyName}
	}
	return p
}

// first returns the first line that holds all of another, wherever and whenever that one does, or nil.
func (c coverers) first(l *line, environments []string) *line {
	var found coverer
	p := l.clause.pattern
	shelves := []pattern{p, {p.schema, anyName}, {anyName, anyName}}
	for i, at := range shelves {
		if slices.Contains(shelves[:i], at) {
			continue
		}
		for _, other := range c[at] {
			if found.line != nil && found.order < other.order {
				break
			}
			if other.line != l && other.covers(l, environments) {
				found = other
				break
			}
		}
	}
	return found.line
}

// after reports whether a line stands behind another one of the same file.
func (l *line) after(m *line) bool {
	return l.File == m.File && (l.Line > m.Line || l.Line == m.Line && l.Col > m.Col)
}

// covers reports whether a line holds all of another that holds in the
// environments, unless it names its own.
func (l *line) covers(m *line, environments []string) bool {
	if !l.clause.pattern.covering(m.clause.pattern) || !m.clause.privileges.without(l.clause.privileges).empty() {
		return false
	}
	if len(m.Environments) > 0 {
		environments = m.Environments
	}
	for _, e := range environments {
		if !l.in(e) {
			return false
		}
	}
	return len(l.during) == 0 || slices.Equal(l.During, m.During)
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
