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
	return b.f.op(behind, ')') || b.f.isAny(behind, "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT")
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
	if parts == 1 && first.Type == TokenWord && reservedWord(b.f.text(start)) {
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
	switch {
	case parts > 1:
	case t.Type == TokenWord && b.f.at(b.i).Flags&Detached != 0 && !reservedWord([]byte(name)):
	case t.Type == TokenWord && (reservedWord([]byte(name)) || b.f.is(start-1, "AS")):
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
		b.w.sequenceNeeds(baseTable(schema, name), lower != "lastval")
	})
}

// reservedWord reports whether an unquoted word cannot be the name of a
// function or a column, since the grammar has it for itself.
func reservedWord(word []byte) bool {
	switch strings.ToLower(string(word)) {
	case "all", "and", "any", "array", "as", "asc", "against", "at", "between", "bigint", "binary", "blob", "boolean", "both", "by",
		"case", "char", "character", "charset", "collate", "columns", "cross", "date", "decimal", "desc", "distinct", "distinctrow",
		"div", "double", "else", "empty", "end", "error", "escape", "except", "exists", "false", "float", "following", "for", "from",
		"group", "groups", "having", "in", "int", "integer", "intersect", "interval", "into", "is", "join", "json", "leading",
		"like", "limit", "match", "member", "mod", "modifiers", "nchar", "nested", "not", "null", "numeric", "of", "on", "or",
		"order", "over", "partition", "path", "preceding", "range", "real", "regexp", "rlike", "row", "rows", "select",
		"separator", "set", "signed", "some", "sounds", "sql_big_result", "sql_buffer_result", "sql_calc_found_rows",
		"sql_no_cache", "sql_small_result", "straight_join", "table", "then", "tinyint", "trailing", "true", "unbounded",
		"union", "unknown", "unsigned", "using", "values", "varchar", "varbinary", "when", "where", "window", "with", "within",
		"xor":
		return true
	}
	return false
}
