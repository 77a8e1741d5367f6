package sqlparse

import "strings"

// declare reads DECLARE: variables, conditions, cursors and handlers.
func (c *compound) declare() (complete bool) {
	f := c.f
	if f.oracle() && !f.is(c.i+2, "HANDLER") && !f.is(c.i+2, "CURSOR") {
		c.i++
		c.declarations()
		return false
	}
	switch {
	case f.is(c.i+2, "HANDLER") && f.is(c.i+3, "FOR"):
		c.i += 4
		c.out.anyOrder = true
		c.handlerConditions()
		return false
	case f.is(c.i+2, "CURSOR"):
		c.cursor(c.i+1, c.i+3, "FOR")
		return true
	case f.is(c.i+2, "CONDITION"):
		c.i = f.semicolon(c.i)
		return true
	}
	c.variables()
	return true
}

// cursor reads the query behind FOR or IS. The cursor's name is at at.
func (c *compound) cursor(at, i int, word string) {
	if name, ok := c.f.name(at); ok {
		if c.out.cursors == nil {
			c.out.cursors = map[string]bool{}
		}
		c.out.cursors[strings.ToLower(name)] = true
	}
	for i < len(c.f.tokens) && !c.f.is(i, word) && !c.f.op(i, ';') {
		i++
	}
	if !c.f.is(i, word) {
		c.fail("a cursor has no query")
		return
	}
	c.i = i + 1
	c.simple()
}

// variables reads names, a type and perhaps a default.
func (c *compound) variables() {
	end := c.f.semicolon(c.i)
	for j := c.i; j < end; j++ {
		if c.f.is(j, "DEFAULT") || c.f.op(j, OpAssign) {
			c.i = j + 1
			c.exprTo(end)
			return
		}
	}
	c.i = end
}

// handlerConditions skips what a handler is for.
func (c *compound) handlerConditions() {
	f := c.f
	for {
		switch {
		case f.seq(c.i, "NOT", "FOUND"):
			c.i += 2
		case f.seq(c.i, "SQLSTATE", "VALUE"):
			c.i += 3
		case f.is(c.i, "SQLSTATE"):
			c.i += 2
		default:
			c.i++
		}
		if !f.op(c.i, ',') {
			return
		}
		c.i++
	}
}
