package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// tables reads the table references of a FROM clause.
func (b *bones) tables() {
	b.tablesAs(func(in *bones, schema, name string, _ string) { in.reads(schema, name) }, func(string) {})
}

// found is called with a base table and the name that columns use for it.
type found func(in *bones, schema, name, alias string)

// tablesAs reads table references and calls with each base table, and derived
// with the name of each sub-query.
func (b *bones) tablesAs(with found, derived func(name string)) {
	for b.w.refusal == "" {
		b.factor(with, derived)
		b.joined(with, derived)
		if !b.takeOp(',') {
			return
		}
	}
}

// joined reads the joins behind a table.
func (b *bones) joined(with found, derived func(string)) {
	for b.w.refusal == "" {
		switch {
		case b.joins():
			for b.is("NATURAL", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "OUTER") {
				b.i++
			}
			if !b.is("JOIN", "STRAIGHT_JOIN") {
				b.w.refuse("no reading for this join")
				return
			}
			b.i++
			b.factor(with, derived)
		case b.take("ON"):
			for b.i < b.end && !b.op(',') && !b.op('}') && !b.boundary() && !b.joins() && !b.is("ON", "SET") {
				b.step()
			}
		case b.is("USING") && b.f.op(b.i+1, '('):
			b.i++
			b.pass()
		default:
			return
		}
	}
}

// joins reports whether a join begins at the place. LEFT and RIGHT are
// functions before a parenthesis.
func (b *bones) joins() bool {
	return b.is("JOIN", "STRAIGHT_JOIN", "INNER", "CROSS", "NATURAL", "FULL") || b.is("LEFT", "RIGHT") && !b.f.op(b.i+1, '(')
}

// factor reads one table, sub-query or nested join with its alias.
func (b *bones) factor(with found, derived func(string)) {
	switch {
	case b.op('{'): // { OJ t LEFT JOIN u ON ... }
		b.i += 2
		b.tablesAs(with, derived)
		if !b.takeOp('}') {
			b.w.refuse("no reading for this table reference")
		}
		return
	case b.is("LATERAL") && b.f.op(b.i+1, '('):
		b.i++
		derived(b.derived())
	case b.is("JSON_TABLE") && b.f.op(b.i+1, '('):
		b.i++
		b.inside(func(in *bones) { in.jsonTable() })
		derived(b.alias())
	case b.op('(') && b.derivedAt():
		derived(b.derived())
	case b.op('('):
		b.inside(func(in *bones) { in.tablesAs(with, derived); in.rest() })
	case b.i < b.end && b.f.isName(b.i) || b.op('.'):
		b.base(with)
	default:
		b.w.refuse("no reading for this table reference")
	}
}

// derivedAt tells a sub-query in parentheses from a join in parentheses, whose
// first table may be a sub-query in its turn.
func (b *bones) derivedAt() bool {
	if !b.queryAt(b.i) {
		return false
	}
	first := b.i + 1
	if !b.f.op(first, '(') {
		return true
	}
	behind := b.close(first) + 1
	return b.f.op(behind, ')') || b.f.isAny(behind, "UNION", "EXCEPT", "INTERSECT", "MINUS", "ORDER", "LIMIT")
}

// derived reads a sub-query and returns its alias.
func (b *bones) derived() string {
	b.inside(func(in *bones) { in.query(); in.rest() })
	if b.w.mariaDB() && b.is("FOR") && b.f.is(b.i+1, "SYSTEM_TIME") {
		b.period()
	}
	return b.alias()
}

// jsonTable reads the arguments of JSON_TABLE: an expression, and what makes columns of it.
func (b *bones) jsonTable() {
	for b.i < b.end && !b.op(',') {
		b.step()
	}
	b.i = b.end
}

// base reads a table's name and what follows it.
func (b *bones) base(with found) {
	schema, name := b.qualified()
	nameEnd := b.i
	if b.op('(') {
		b.w.refuse("a table function")
		return
	}
	if b.is("PARTITION") && b.f.op(b.i+1, '(') {
		b.i++
		b.pass()
	}
	portion := b.is("FOR") && b.f.is(b.i+1, "PORTION")
	if portion || b.is("FOR") && b.f.is(b.i+1, "SYSTEM_TIME") {
		b.period()
	}
	if portion { // the rows are read to be cut in two
		b.w.table(baseTable(schema, name), "SELECT")
	}
	alias := b.alias()
	if b.is("TABLESAMPLE") {
		b.i++
		b.skip("SYSTEM", "BERNOULLI")
		if b.op('(') {
			b.pass()
		}
	}
	b.hints()
	if alias == "" {
		alias = strings.ToLower(name)
	}
	at := b.i
	b.i = nameEnd // where reads looks for quotes
	with(b, schema, name, alias)
	b.i = at
}

// period reads FOR SYSTEM_TIME ... and FOR PORTION OF p ...: expressions up to
// the next clause. An alias behind them is passed over with them.
func (b *bones) period() {
	portion := b.f.is(b.i+1, "PORTION")
	b.i += 2
	if portion {
		b.i += 2
	}
	b.skip("FROM", "AS", "OF", "BETWEEN", "ALL", "TIMESTAMP", "TRANSACTION")
	for b.i < b.end && !b.op(',') && !b.boundary() && !b.joins() && !b.is("ON", "USING", "SET", "USE", "IGNORE", "FORCE", "PARTITION") {
		b.step()
	}
}

// alias reads [AS] name [(columns)] and returns the name in lower case.
func (b *bones) alias() string {
	named := b.take("AS")
	if b.i >= b.end || !named && !(b.f.at(b.i).Type == TokenName || b.f.at(b.i).Type == TokenWord && !b.afterTable()) {
		if !named || b.i >= b.end {
			return ""
		}
	}
	var name string
	if t := b.f.at(b.i).Type; t == TokenString {
		b.i++
	} else {
		name = strings.ToLower(b.name())
	}
	if b.op('(') {
		b.pass()
	}
	return name
}

// afterTable reports whether a keyword that may follow a table stands at the
// place, which so is no alias.
func (b *bones) afterTable() bool {
	return b.boundary() || b.joins() || b.is("ON", "USING", "SET", "USE", "IGNORE", "FORCE", "PARTITION", "TABLESAMPLE", "VALUES",
		"VALUE", "SELECT", "WITH", "OUTER", "AS")
}

// hints reads USE INDEX (...) and its kin.
func (b *bones) hints() {
	for b.is("USE", "IGNORE", "FORCE") && b.f.isAny(b.i+1, "INDEX", "KEY") {
		b.i += 2
		for b.i < b.end && !b.op('(') {
			if !b.is("FOR", "JOIN", "ORDER", "GROUP", "BY") {
				b.w.refuse("no reading for this index hint")
				return
			}
			b.i++
		}
		b.pass()
	}
}

// baseTable makes the parser's name of a table.
func baseTable(schema, name string) *ast.TableName {
	return &ast.TableName{Schema: ast.NewCIStr(schema), Name: ast.NewCIStr(name)}
}
