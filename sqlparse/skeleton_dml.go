package sqlparse

import (
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// insert reads INSERT and REPLACE.
func (b *bones) insert() {
	w := b.w
	replace := b.is("REPLACE")
	b.i++
	b.skip("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO")
	schema, name := b.qualified()
	t := baseTable(schema, name)
	w.table(t, "INSERT")
	if replace {
		w.replaces(t)
	}
	if b.take("PARTITION") {
		b.pass()
	}
	if b.op('(') && !b.queryAt(b.i) {
		b.pass()
	}
	own := &targets{tables: []target{{name: t.Name.L, table: t}}}
	fromQuery := b.source(own)
	w.st.Kind = insertName(replace, fromQuery)
	if b.take("AS") { // the new row, whose columns are the table's
		own.tables = append(own.tables, target{name: b.alias(), table: t})
	}
	if b.take("ON", "DUPLICATE", "KEY", "UPDATE") {
		w.target = own
		w.table(t, "UPDATE")
		if w.mariaDB() {
			w.table(t, "SELECT")
		}
		b.changes("RETURNING")
	}
	b.returning(own)
}

func insertName(replace, fromQuery bool) Kind {
	switch {
	case replace && fromQuery:
		return "replace_select"
	case replace:
		return "replace"
	case fromQuery:
		return "insert_select"
	}
	return "insert"
}

// source reads what is inserted, and reports whether it is a query's result.
func (b *bones) source(own *targets) bool {
	switch {
	case b.is("VALUES", "VALUE"):
		b.w.target = own
		b.i++
		for b.i < b.end && !b.is("ON", "RETURNING") && !(b.is("AS") && b.i > 0) {
			b.step()
		}
		return false
	case b.take("SET"):
		b.w.target = own
		b.changes("ON", "RETURNING", "AS")
		return false
	}
	values := b.queryAt(b.i)
	for i := b.i; values && i < b.end; i++ {
		if b.f.isAny(i, "SELECT", "TABLE", "WITH") {
			values = false
		}
	}
	b.query()
	return !values
}

// changes reads column = expression, ... up to a keyword outside parentheses. A
// column that is set is not read.
func (b *bones) changes(words ...string) {
	for b.i < b.end && b.w.refusal == "" && !b.is(words...) {
		set := b.i
		for set < b.end && (b.f.isName(set) || b.f.op(set, '.')) {
			set++
		}
		if b.f.op(set, '=') || b.f.op(set, OpAssign) {
			b.i = set
		}
		for b.i < b.end && !b.op(',') && !b.is(words...) {
			b.step()
		}
		b.takeOp(',')
	}
}

// until reads expressions up to a keyword outside parentheses.
func (b *bones) until(words ...string) {
	for b.i < b.end && !b.is(words...) {
		b.step()
	}
}

// returning reads RETURNING, which reads columns of the table.
func (b *bones) returning(own *targets) {
	if !b.take("RETURNING") {
		return
	}
	for _, t := range own.tables {
		b.w.table(t.table, "SELECT")
	}
	b.expression(b.end)
}

// update reads UPDATE.
func (b *bones) update() {
	w := b.w
	b.i++
	b.skip("LOW_PRIORITY", "IGNORE")
	all, derived := b.targets()
	w.st.Kind = "update"
	if len(all.tables) != 1 || derived {
		w.st.Kind = "update_multi"
	}
	if !b.take("SET") {
		w.refuse("UPDATE without SET")
		return
	}
	w.target = all
	b.assignments(all)
	b.condition()
	b.until("RETURNING")
	b.returning(all)
}

// assignments reads the list of UPDATE ... SET.
func (b *bones) assignments(all *targets) {
	for b.w.refusal == "" {
		start := b.i
		schema, _ := b.qualified()
		for _, t := range all.tables {
			if schema == "" || ast.NewCIStr(schema).L == t.name || b.i-start > 3 {
				b.w.table(t.table, "UPDATE")
			}
		}
		for b.i < b.end && !b.op(',') && !b.is("WHERE", "ORDER", "LIMIT", "RETURNING") {
			b.step()
		}
		if !b.takeOp(',') {
			break
		}
	}
	if len(all.derived) == 0 && !slices.ContainsFunc(b.w.st.Needs, func(n Need) bool { return n.Privilege == "UPDATE" }) {
		b.w.refuse("UPDATE of a table that is not named in it")
	}
}

// targets reads the tables of an UPDATE or DELETE. derived tells that a
// sub-query or a join is among them. Every table of several is read.
func (b *bones) targets() (all *targets, derived bool) {
	all = &targets{}
	start := b.i
	b.tablesAs(func(in *bones, schema, name, alias string) {
		t := baseTable(schema, name)
		if in.w.isCTE(t) {
			all.derive(alias)
			return
		}
		all.tables = append(all.tables, target{name: alias, table: t})
	}, all.derive)
	for i := start; i < b.i && !b.f.seq(i, "FOR", "PORTION"); i++ {
		derived = derived || b.f.op(i, '(')
	}
	if len(all.tables) == 0 && len(all.derived) == 0 {
		b.w.refuse("a change of no table")
	}
	if len(all.tables) > mostTargets {
		b.w.refuse("too many tables are joined")
	}
	if len(all.tables) > 1 {
		for _, t := range all.tables {
			b.w.table(t.table, "SELECT")
		}
	}
	return all, derived
}

// delete reads DELETE in its three forms.
func (b *bones) delete() {
	w := b.w
	w.st.Kind, w.st.Destructive = "delete", true
	b.i++
	b.skip("LOW_PRIORITY", "QUICK", "IGNORE")
	if w.mariaDB() && b.take("HISTORY", "FROM") {
		schema, name := b.qualified()
		w.table(baseTable(schema, name), "DELETE HISTORY")
		b.expression(b.end)
		return
	}
	var names []*ast.TableName
	if !b.take("FROM") {
		names = b.deletedNames()
		if !b.take("FROM") {
			w.refuse("DELETE without FROM")
			return
		}
	} else if using := b.f.find(b.i, "USING"); using > 0 && b.listUpTo(using) {
		names = b.deletedNames()
		b.i = using + 1
	}
	all, _ := b.targets()
	w.target = all
	if names == nil {
		if len(all.tables)+len(all.derived) != 1 {
			w.refuse("DELETE from more than one table")
			return
		}
		for _, t := range all.tables {
			w.table(t.table, "DELETE")
		}
	} else {
		w.st.Kind = "delete_multi"
		w.deleted(names, all, map[*ast.TableName]bool{})
		w.readsTargets(all)
	}
	b.condition()
	b.until("RETURNING")
	b.returning(all)
}

// listUpTo reports whether only names stand between the place and stop.
func (b *bones) listUpTo(stop int) bool {
	for i := b.i; i < stop; i++ {
		if !b.f.isName(i) && !b.f.op(i, ',') && !b.f.op(i, '.') && !b.f.op(i, '*') {
			return false
		}
	}
	return true
}

// deletedNames reads t, a.b, c.* ...
func (b *bones) deletedNames() []*ast.TableName {
	var names []*ast.TableName
	for b.w.refusal == "" {
		if b.i >= b.end || !b.f.isName(b.i) {
			b.w.refuse("DELETE of something that is no table")
			break
		}
		first := b.name()
		schema := ""
		for b.op('.') {
			b.i++
			if b.takeOp('*') {
				break
			}
			schema, first = first, b.name()
		}
		names = append(names, baseTable(schema, first))
		if !b.takeOp(',') {
			break
		}
	}
	return names
}

// condition reads WHERE and asks the parser what it restricts.
func (b *bones) condition() {
	if b.take("WHERE") {
		start := b.i
		for b.i < b.end && !b.is("ORDER", "LIMIT", "RETURNING") {
			b.step()
		}
		b.w.conditionFacts(b.f.slice(start, b.i))
	}
	b.limited()
}

// conditionFacts gives a condition alone to the parser.
func (w *walk) conditionFacts(f fragment) {
	w.st.Where = WhereConstant
	text, err := f.canonical([]byte("DELETE FROM t WHERE"))
	if err != nil || len(text) > w.reader.limits.Parse {
		return
	}
	node, err := w.reader.parsers.parse(string(text), w.mode)
	if err != nil {
		return
	}
	if n, ok := node.(*ast.DeleteStmt); ok {
		w.rows(n.Where, nil, w.st.Kind == "update" || w.st.Kind == "delete")
	}
}

// call reads CALL name[(arguments)].
func (b *bones) call() {
	b.w.st.Kind, b.w.st.Effect = "call_procedure", SetsState|MayHideState
	b.i = 1
	if o := b.w.calls(b.nameParts()...); runsText(o) {
		b.w.global(Unparsed)
	}
	b.expression(b.end)
}
