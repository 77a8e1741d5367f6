package sqlparse

import "strings"

// anchors reads MariaDB's types that are taken from a table: TYPE OF t.a and
// ROW TYPE OF t, or t.a%TYPE and t%ROWTYPE in the ORACLE grammar. The server
// asks for SELECT on it. A bare name may be a variable's or a cursor's.
func (c *classifier) anchors(cursors map[string]bool) {
	f := c.f
	for i := range f.tokens {
		switch {
		case f.seq(i, "TYPE", "OF"):
			c.anchor(f.nameParts(i+2), f.is(i-1, "ROW"), cursors)
		case f.oracle() && f.op(i, '%') && f.isAny(i+1, "TYPE", "ROWTYPE"):
			c.anchor(f.namePartsBefore(i), f.is(i+1, "ROWTYPE"), cursors)
		}
	}
}

// anchor asks for SELECT on the table that a type's name begins with.
func (c *classifier) anchor(parts []string, row bool, cursors map[string]bool) {
	if !row && len(parts) > 0 {
		parts = parts[:len(parts)-1]
	}
	switch {
	case len(parts) == 2:
		c.need("SELECT", Object{Type: Table, Schema: parts[0], Name: parts[1]})
	case len(parts) == 1 && !cursors[strings.ToLower(parts[0])]:
		c.need("SELECT", Object{Type: Table, Name: parts[0]})
	case len(parts) > 2:
		c.refuse("no reading for a type of this form")
	}
}

// nameParts returns the parts of the name that begins at i.
func (f fragment) nameParts(i int) (parts []string) {
	for f.isName(i) {
		name, _ := f.name(i)
		parts = append(parts, name)
		if !f.op(i+1, '.') {
			break
		}
		i += 2
	}
	return parts
}

// namePartsBefore returns the parts of the name that ends before i.
func (f fragment) namePartsBefore(i int) []string {
	i--
	for f.op(i-1, '.') {
		i -= 2
	}
	return f.nameParts(i)
}
