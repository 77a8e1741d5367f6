package sqlparse

// body is what stands inside a routine, a trigger, an event or a block.
type body struct {
	end     int             // the place behind it
	simple  []fragment      // its statements, in order
	cursors map[string]bool // the names of its cursors, in lower case
	exprs   []fragment      // the expressions of its conditions, defaults and RETURNs
	code    bool            // it is in another language than SQL
	reason  string          // why it could not be cut; the rest is then void

	anyOrder bool // its statements may run again, or in another order
}

// blockKind is a construct that holds statements.
type blockKind uint8

const (
	blockBegin blockKind = iota
	blockIf
	blockCase
	blockLoop
	blockWhile
	blockRepeat
	blockFor
	blockPackage
)

// compound cuts a body. It keeps its own stack, so that hostile nesting costs
// memory in proportion and nothing else.
type compound struct {
	f     fragment
	i     int
	stack []blockKind
	out   body
}

// body cuts the body that begins at i.
func (f fragment) body(i int) body {
	c := compound{f: f, i: i}
	switch t := f.at(i).Type; {
	case t == TokenDollar || t == TokenString:
		c.out.code, c.i = true, i+1
	case f.is(i, "PACKAGE"):
		c.packageHead()
		c.run()
	case f.oracle() && i > 0 && f.isAny(i-1, "AS", "IS"):
		c.declarations()
		c.run()
	default:
		c.run()
	}
	c.out.end = c.i
	if c.out.reason == "" && c.i < len(f.tokens) && !f.op(c.i, ';') {
		c.out.reason = "a body does not end where it must"
	}
	return c.out
}

func (c *compound) fail(reason string) {
	if c.out.reason == "" {
		c.out.reason = reason
	}
}

// run reads statements until the body is closed.
func (c *compound) run() {
	for c.out.reason == "" {
		if c.i >= len(c.f.tokens) {
			c.fail("a body is not closed")
			return
		}
		if c.statement() {
			if len(c.stack) == 0 {
				return
			}
			if !c.f.op(c.i, ';') {
				c.fail("a statement in a body does not end where it must")
				return
			}
			c.i++
		}
	}
}

// statement reads one statement, or the beginning of one that holds others.
// It reports whether a statement is complete, so that a semicolon follows.
func (c *compound) statement() (complete bool) {
	f := c.f
	c.label()
	switch {
	case f.is(c.i, "BEGIN"):
		c.i++
		if f.seq(c.i, "NOT", "ATOMIC") {
			c.i += 2
		}
		c.push(blockBegin)
	case f.is(c.i, "IF"):
		c.i++
		c.expr("THEN")
		c.push(blockIf)
	case f.is(c.i, "CASE"):
		c.i++
		if !f.is(c.i, "WHEN") {
			c.exprBefore("WHEN")
		}
		c.i++
		c.expr("THEN")
		c.push(blockCase)
	case f.is(c.i, "LOOP"):
		c.i++
		c.push(blockLoop)
	case f.is(c.i, "REPEAT"):
		c.i++
		c.push(blockRepeat)
	case f.is(c.i, "WHILE"):
		c.i++
		c.loopHead()
		c.push(blockWhile)
	case f.is(c.i, "FOR") && f.mariadb():
		c.i += 2
		c.loopHead()
		c.push(blockFor)
	case f.is(c.i, "END"):
		return c.close()
	case f.is(c.i, "DECLARE"):
		return c.declare()
	case f.is(c.i, "RETURN"):
		c.i++
		if !f.op(c.i, ';') && c.i < len(f.tokens) {
			c.exprTo(f.semicolon(c.i))
		}
		return true
	case len(c.stack) > 0:
		return c.inBlock()
	default:
		c.simple()
		return true
	}
	return false
}

// inBlock reads what only a block holds, or a plain statement.
func (c *compound) inBlock() (complete bool) {
	f, top := c.f, c.stack[len(c.stack)-1]
	switch {
	case f.isAny(c.i, "ELSEIF", "ELSIF") && top == blockIf, f.is(c.i, "WHEN") && top == blockCase:
		c.i++
		c.expr("THEN")
	case f.is(c.i, "ELSE") && (top == blockIf || top == blockCase):
		c.i++
	case f.is(c.i, "UNTIL") && top == blockRepeat:
		c.i++
		c.exprBefore("END")
	case f.oracle() && f.is(c.i, "EXCEPTION") && top == blockBegin:
		c.i++
		c.exceptionWhen()
	case f.oracle() && f.is(c.i, "WHEN") && top == blockBegin:
		c.exceptionWhen()
	case f.oracle() && f.isAny(c.i, "PROCEDURE", "FUNCTION") && top == blockPackage:
		c.packageRoutine()
	default:
		c.simple()
		return true
	}
	return false
}

func (c *compound) push(k blockKind) {
	c.stack = append(c.stack, k)
	switch k {
	case blockLoop, blockWhile, blockRepeat, blockFor, blockPackage:
		c.out.anyOrder = true
	}
}

// label skips "name:" or, in MariaDB's ORACLE grammar, <<name>>. There a colon
// behind a word is that of :NEW.
func (c *compound) label() {
	f := c.f
	if !f.oracle() && f.isName(c.i) && f.op(c.i+1, ':') {
		c.i += 2
	}
	for f.oracle() && f.op(c.i, OpShiftLeft) && f.op(c.i+2, OpShiftRight) {
		c.i += 3
	}
}

// close reads END, what it closes, and a label.
func (c *compound) close() (complete bool) {
	if len(c.stack) == 0 {
		c.fail("an END closes nothing")
		return false
	}
	top := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	c.i++
	word := map[blockKind]string{blockIf: "IF", blockCase: "CASE", blockLoop: "LOOP", blockWhile: "WHILE",
		blockRepeat: "REPEAT", blockFor: "FOR"}[top]
	switch {
	case word != "" && c.f.is(c.i, word), c.f.oracle() && (top == blockWhile || top == blockFor) && c.f.is(c.i, "LOOP"):
		c.i++
	case word != "":
		c.fail("an END does not name what it closes")
		return false
	}
	if c.f.isName(c.i) {
		c.i++
	}
	return true
}

// expr reads a condition up to the keyword and steps behind that.
func (c *compound) expr(until string) {
	c.exprBefore(until)
	c.i++
}

// exprBefore reads an expression up to the keyword. CASE ... END inside it is its own.
func (c *compound) exprBefore(until string) {
	depth, cases := 0, 0
	for j := c.i; j < len(c.f.tokens); j++ {
		switch {
		case c.f.op(j, '('):
			depth++
		case c.f.op(j, ')'):
			depth--
		case c.f.op(j, ';'):
			c.fail("a condition in a body is not closed")
			return
		case depth == 0 && cases == 0 && c.f.is(j, until) && !c.f.op(j-1, '.'):
			c.exprTo(j)
			return
		case c.f.is(j, "CASE"):
			cases++
		case cases > 0 && c.f.is(j, "END"):
			cases--
		}
	}
	c.fail("a condition in a body is not closed")
}

// exprTo records the expression up to the token at end and goes there.
func (c *compound) exprTo(end int) {
	if end > c.i {
		c.out.exprs = append(c.out.exprs, c.f.slice(c.i, end))
	}
	c.i = end
}

// loopHead reads the condition or the range of WHILE and FOR.
func (c *compound) loopHead() {
	if c.f.is(c.i, "IN") {
		c.i++
		if c.f.is(c.i, "REVERSE") {
			c.i++
		}
	}
	word := "DO"
	if c.f.oracle() {
		word = "LOOP"
	}
	from := c.i
	c.exprBefore(word)
	c.i++
	if n := len(c.out.exprs); c.out.reason == "" && n > 0 {
		c.splitRange(from, c.i-1)
	}
}

// splitRange parts the range "a .. b" of a FOR into its two expressions.
func (c *compound) splitRange(from, to int) {
	for j := from; j < to; j++ {
		if c.f.op(j, OpDotDot) {
			c.out.exprs = append(c.out.exprs[:len(c.out.exprs)-1], c.f.slice(from, j), c.f.slice(j+1, to))
			return
		}
	}
}

// simple reads a statement that holds no others, up to its semicolon.
func (c *compound) simple() {
	end := c.f.semicolon(c.i)
	if end == c.i {
		c.fail("a statement in a body is empty")
		return
	}
	st := c.f.slice(c.i, end)
	if _, has := st.bodyStart(); has {
		c.fail("a body holds a statement with a body")
		return
	}
	c.out.anyOrder = c.out.anyOrder || st.is(0, "GOTO")
	c.out.simple = append(c.out.simple, st)
	c.i = end
}
