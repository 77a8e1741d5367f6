package sqlparse

// inBody reads the statements that only the body of a routine holds: cursors,
// jumps, and the assignments and calls of MariaDB's ORACLE grammar. Outside a
// body the server refuses them.
func (c *classifier) inBody() bool {
	switch {
	case c.acceptAny("OPEN", "FETCH", "CLOSE"):
		c.kind("cursor")
		c.i++ // its name, which may have arguments behind it
		if c.is("FOR") {
			c.refuse("a cursor is opened for a query of its own")
		}
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.acceptAny("LEAVE", "ITERATE"):
		c.kind("jump")
	case !c.f.oracle():
		return false
	case c.acceptAny("EXIT", "CONTINUE"):
		c.kind("jump")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.acceptAny("GOTO"), c.acceptAny("NULL"):
		c.kind("jump")
	case c.assignment():
		c.kind("set_option")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.f.isName(0):
		c.kind("call_procedure")
		c.st.Effect = SetsState | MayHideState
		b := &bones{w: c.walk, f: c.f, i: c.i, end: len(c.f.tokens)}
		c.calls(b.nameParts()...)
		c.i = b.i
		if !c.done() && !c.f.op(c.i, '(') {
			c.refuse("no reading for this statement")
			return true
		}
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	default:
		return false
	}
	return true
}

// assignment steps over "name :=", "record.field :=" or ":NEW.column :=".
func (c *classifier) assignment() bool {
	i := 0
	if c.f.op(i, ':') {
		i++
	}
	if !c.f.isName(i) {
		return false
	}
	i++
	for c.f.op(i, '.') {
		i += 2
	}
	if !c.f.op(i, OpAssign) {
		return false
	}
	c.i = i + 1
	return true
}
