package sqlparse

// declarations reads the part before BEGIN in MariaDB's ORACLE grammar.
func (c *compound) declarations() {
	f := c.f
	for c.out.reason == "" && !f.is(c.i, "BEGIN") {
		switch {
		case c.i >= len(f.tokens):
			c.fail("a body has no BEGIN")
			return
		case f.is(c.i, "CURSOR"):
			c.cursor(c.i+1, c.i+2, "IS")
		case f.isAny(c.i, "PROCEDURE", "FUNCTION", "END"):
			return
		case f.is(c.i+1, "HANDLER") || f.is(c.i, "DECLARE"):
			c.fail("a declaration is not known")
			return
		default:
			c.variables()
		}
		if !f.op(c.i, ';') {
			c.fail("a declaration does not end where it must")
			return
		}
		c.i++
	}
}

// exceptionWhen reads WHEN condition THEN.
func (c *compound) exceptionWhen() {
	if !c.f.is(c.i, "WHEN") {
		c.fail("an EXCEPTION has no WHEN")
		return
	}
	for c.i < len(c.f.tokens) && !c.f.is(c.i, "THEN") && !c.f.op(c.i, ';') {
		c.i++
	}
	if !c.f.is(c.i, "THEN") {
		c.fail("an EXCEPTION has no THEN")
		return
	}
	c.i++
}

// packageHead reads PACKAGE [BODY] [IF NOT EXISTS] name {AS | IS} and the declarations.
func (c *compound) packageHead() {
	f := c.f
	for c.i < len(f.tokens) && !f.isAny(c.i, "AS", "IS") && !f.op(c.i, ';') {
		c.i++
	}
	if !f.isAny(c.i, "AS", "IS") {
		c.fail("a package has no AS")
		return
	}
	c.i++
	c.push(blockPackage)
	c.declarations()
	if f.is(c.i, "BEGIN") {
		c.i++
	}
}

// packageRoutine reads the head of a routine in a package, up to its body if
// it has one there.
func (c *compound) packageRoutine() {
	f := c.f
	c.i += 2
	if f.op(c.i, '(') {
		c.i = f.afterParentheses(c.i)
	}
	for c.i < len(f.tokens) && !f.op(c.i, ';') && !f.isAny(c.i, "AS", "IS", "BEGIN") {
		if f.op(c.i, '(') {
			c.i = f.afterParentheses(c.i)
			continue
		}
		c.i++
	}
	if f.op(c.i, ';') {
		c.i++
		return
	}
	if f.isAny(c.i, "AS", "IS") {
		c.i++
		c.declarations()
	}
}
