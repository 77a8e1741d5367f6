package sqlparse

import "strings"

// expression reads expressions up to an end.
func (b *bones) expression(end int) {
	for b.i < end && b.w.refusal == "" {
		b.step()
	}
}

// step reads one token of an expression, or a parenthesis with all in it.
func (b *bones) step() {
	switch {
	case b.op('('):
		b.nested()
	case b.is("SELECT"):
		b.w.refuse("a query stands where none is read")
		b.i++
	case b.w.mariaDB() && (b.take("NEXT", "VALUE", "FOR") || b.take("PREVIOUS", "VALUE", "FOR")):
		next := b.f.is(b.i-3, "NEXT")
		schema, name := b.qualified()
		b.w.sequenceNeeds(baseTable(schema, name), next)
	case b.f.isName(b.i):
		b.reference()
	default:
		b.i++
	}
}

// nested reads a sub-query or an expression in parentheses.
func (b *bones) nested() {
	if b.queryAt(b.i) && b.wholeQuery() {
		saved := b.read
		b.inside(func(in *bones) { in.query(); in.rest() })
		b.read = saved
		return
	}
	b.inside(func(in *bones) { in.expression(in.end) })
}

// wholeQuery tells ((SELECT 1) + 1) from ((SELECT 1) UNION (SELECT 2)).
func (b *bones) wholeQuery() bool {
	if !b.f.op(b.i+1, '(') {
		return true
	}
	behind := b.close(b.i+1) + 1
	return b.f.op(behind, ')') || b.f.isAny(behind, "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT",
		"OFFSET", "FETCH", "INTO", "FOR", "LOCK")
}

// reference reads a name in an expression: a column, a call or a keyword.
func (b *bones) reference() {
	start := b.i
	first := b.f.at(start)
	parts := 1
	b.i++
	for b.op('.') && b.i+1 < b.end && b.f.isName(b.i+1) {
		parts++
		b.i += 2
	}
	if b.op('(') {
		b.called(start, parts)
		return
	}
	if parts == 1 && first.Type == TokenWord && reservedWord(b.w.mode.Server, b.f.text(start)) {
		return
	}
	if parts == 1 {
		b.w.column("")
		return
	}
	schema := ""
	if parts > 2 {
		schema, _ = b.f.name(b.i - 5)
	}
	qualifier, _ := b.f.name(b.i - 3)
	column, _ := b.f.name(b.i - 1)
	if !b.w.sequenceColumn(schema, qualifier, column) {
		b.w.column(strings.ToLower(qualifier))
	}
}

// called reads a call; its arguments are read by the next step. A word after
// AS is a type: CAST(x AS DATETIME(6)).
func (b *bones) called(start, parts int) {
	name, ok := b.f.name(b.i - 1)
	if !ok {
		b.w.refuse("a name's characters are not certain")
		return
	}
	lower := strings.ToLower(name)
	server := b.w.mode.Server
	t := b.f.at(b.i - 1)
	reserved := t.Type == TokenWord && reservedWord(server, []byte(name))
	switch {
	case parts > 1, !reserved && b.f.at(b.i).Flags&Detached != 0, b.storedGeometry(lower):
	case reserved, t.Type == TokenWord && (b.typeWord(start) || b.clauseWord(start)):
		return
	case t.Type == TokenWord && builtin(server, lower), nativeFunction(server, lower):
		if lower == "load_file" {
			b.w.global("FILE")
		}
		b.sequenceCall(lower)
		return
	}
	callee := *b
	callee.i = start
	b.w.calls(callee.nameParts()...)
}

// typeWord reports whether a word before a parenthesis is a type, as in CAST(x AS
// DATETIME(6)) and, on MariaDB, CAST(x AS INTERVAL DAY_SECOND(6)).
func (b *bones) typeWord(i int) bool {
	return b.f.is(i-1, "AS") || b.f.is(i-1, "INTERVAL") && b.f.is(i-2, "AS")
}

// clauseWord reports whether a word before a parenthesis is part of what stands
// before it, as AGAINST and ESCAPE are, which MariaDB takes for a function's
// name elsewhere.
func (b *bones) clauseWord(i int) bool {
	switch {
	case b.f.is(i, "ESCAPE"):
		switch b.f.at(i - 1).Type {
		case TokenString, TokenParam, TokenInteger, TokenDecimal, TokenFloat: // no call stands behind an operand
			return true
		}
		return b.f.op(i-1, ')')
	case b.f.isAny(i, "SQL_CACHE", "SQL_NO_CACHE", "SQL_BUFFER_RESULT") && b.w.mariaDB():
		for i--; b.f.isAny(i, "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_CACHE", "SQL_NO_CACHE",
			"SQL_BUFFER_RESULT", "SQL_BIG_RESULT", "SQL_SMALL_RESULT", "SQL_CALC_FOUND_ROWS"); i-- {
		}
		return b.f.is(i, "SELECT")
	case b.f.is(i, "AGAINST"):
		return b.behindMatch(i)
	case b.f.is(i, "SETS"):
		return b.f.is(i-1, "GROUPING") && !b.w.mariaDB()
	}
	return false
}

// behindMatch reports whether AGAINST at i follows MATCH (columns) or MATCH columns.
func (b *bones) behindMatch(i int) bool {
	i--
	closed := b.f.op(i, ')')
	if closed {
		i--
	}
	const most = 100 // no index has more than 16 columns
	for least := i - most; i > least && (b.f.isName(i) && !b.f.is(i, "MATCH") || b.f.op(i, '.') || b.f.op(i, ',')); i-- {
	}
	if closed {
		return b.f.op(i, '(') && b.f.is(i-1, "MATCH")
	}
	return b.f.is(i, "MATCH")
}

// storedGeometry counts the arguments of a geometry's constructor.
func (b *bones) storedGeometry(lower string) bool {
	server := b.w.mode.Server
	return storedGeometry(server, lower, 0) && storedGeometry(server, lower, b.arguments())
}

// arguments counts the arguments in the parenthesis at the place.
func (b *bones) arguments() int {
	last := b.close(b.i)
	n, depth := 0, 0
	for i := b.i + 1; i < last; i++ {
		switch {
		case b.f.op(i, '('):
			depth++
		case b.f.op(i, ')'):
			depth--
		}
		if n == 0 || depth == 0 && b.f.op(i, ',') {
			n++
		}
	}
	return n
}

// sequenceCall reads NEXTVAL(seq) and its kin on MariaDB.
func (b *bones) sequenceCall(lower string) {
	if !b.w.mariaDB() {
		return
	}
	switch lower {
	case "nextval", "setval", "lastval":
	default:
		return
	}
	b.inside(func(in *bones) {
		schema, name := in.qualified()
		b.w.sequenceFunction(baseTable(schema, name), lower)
	})
}
