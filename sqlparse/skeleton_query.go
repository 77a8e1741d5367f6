package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// query reads one query expression up to the end or to what does not belong to it.
func (b *bones) query() {
	if b.take("WITH") {
		defer b.with()()
	}
	for b.w.refusal == "" {
		b.primary()
		if !b.is("UNION", "EXCEPT", "INTERSECT", "MINUS") {
			break
		}
		b.i++
		b.skip("ALL", "DISTINCT")
	}
	b.queryTail()
}

// primary reads a query in parentheses, a SELECT, VALUES or TABLE.
func (b *bones) primary() {
	switch {
	case b.op('('):
		b.inside(func(in *bones) { in.query(); in.rest() })
	case b.take("SELECT"):
		b.read = nil
		b.clause()
		b.clauses()
		if b.take("FROM") {
			b.tables()
		}
		b.clauses()
	case b.take("VALUES"):
		b.read = nil
		b.clause()
	case b.take("TABLE"):
		schema, name := b.qualified()
		b.reads(schema, name)
	default:
		b.w.refuse("no query stands where one must")
	}
}

// rest refuses what is left over.
func (b *bones) rest() {
	if b.i < b.end {
		b.w.refuse("no reading for what stands behind a query")
	}
}

// clauses reads WHERE and what follows it, as far as it is one query block's.
func (b *bones) clauses() {
	for b.w.refusal == "" {
		switch {
		case b.is("WHERE", "HAVING", "GROUP"), b.is("WINDOW", "QUALIFY") && b.boundary():
			b.i++
			b.clause()
		case b.take("PROCEDURE", "ANALYSE"):
			b.clause()
		case b.is("INTO"):
			b.into()
		default:
			return
		}
	}
}

// queryTail reads ORDER BY, LIMIT, INTO and the locking clauses.
func (b *bones) queryTail() {
	for b.w.refusal == "" {
		switch {
		case b.is("ORDER", "LIMIT", "OFFSET", "FETCH", "ROWS"):
			b.i++
			b.clause()
		case b.take("PROCEDURE", "ANALYSE"):
			b.clause()
		case b.is("INTO"):
			b.into()
		case b.is("FOR"):
			b.locking()
		case b.take("LOCK", "IN", "SHARE", "MODE"):
			b.waiting()
		default:
			return
		}
	}
}

// locking reads FOR UPDATE and FOR SHARE.
func (b *bones) locking() {
	b.i++
	update := b.is("UPDATE")
	if !b.is("UPDATE", "SHARE") {
		b.w.refuse("no reading for this FOR")
		return
	}
	b.i++
	if b.take("OF") {
		for b.i < b.end && (b.f.isName(b.i) || b.op(',') || b.op('.')) && !b.is("NOWAIT", "SKIP", "FOR", "WAIT", "INTO") {
			b.i++
		}
	}
	b.waiting()
	if update && !b.w.mariaDB() && b.w.mode.Server.Version >= 80000 {
		for _, o := range b.read {
			b.w.need("UPDATE", o)
		}
	}
}

func (b *bones) waiting() {
	switch {
	case b.take("NOWAIT"), b.take("SKIP", "LOCKED"):
	case b.take("WAIT"):
		b.i++
	}
}

// into reads INTO @a, b and INTO OUTFILE 'x' ... up to the next clause.
func (b *bones) into() {
	b.i++
	if b.is("OUTFILE", "DUMPFILE") {
		b.w.global("FILE")
	}
	for b.i < b.end && !b.boundary() {
		if b.op('(') {
			b.w.refuse("no reading for this INTO")
			return
		}
		b.i++
	}
}

// boundary reports whether a clause of a query begins at the place.
func (b *bones) boundary() bool {
	return b.is("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "MINUS", "PROCEDURE", "FOR", "LOCK", "INTO",
		"FETCH", "RETURNING") || b.is("WINDOW", "QUALIFY", "EXCEPT", "INTERSECT") && reservedWord(b.w.mode.Server, b.f.text(b.i)) ||
		b.is("OFFSET", "ROWS") && !b.f.op(b.i+1, ',')
}

// clause reads expressions up to the next clause.
func (b *bones) clause() {
	for b.i < b.end {
		if b.boundary() && !b.inExpression() {
			return
		}
		b.step()
	}
}

// inExpression tells FROM FIRST of a window function from a clause.
func (b *bones) inExpression() bool {
	return b.is("FROM") && b.f.isAny(b.i+1, "FIRST", "LAST") && b.f.isAny(b.i+2, "OVER", "RESPECT", "IGNORE")
}

// with reads the CTEs behind WITH and returns what closes their scope.
func (b *bones) with() func() {
	recursive := b.take("RECURSIVE")
	scope := cteScope{}
	b.w.ctes = append(b.w.ctes, scope)
	closing := func() { b.w.ctes = b.w.ctes[:len(b.w.ctes)-1] }
	if recursive && b.w.mariaDB() {
		b.forward(scope)
	}
	for b.w.refusal == "" {
		name := strings.ToLower(b.name())
		if b.op('(') {
			b.pass()
		}
		if !b.take("AS") || !b.op('(') {
			b.w.refuse("no reading for this WITH")
			break
		}
		if recursive {
			scope[name] = &ast.CommonTableExpression{}
		}
		b.inside(func(in *bones) { in.query(); in.rest() })
		scope[name] = &ast.CommonTableExpression{}
		if b.take("CYCLE") {
			for b.i < b.end && !b.is("RESTRICT") {
				b.i++
			}
			b.skip("RESTRICT")
		}
		if !b.takeOp(',') {
			break
		}
	}
	return closing
}

// forward takes the names of all CTEs of a WITH clause before the first is
// read: MariaDB lets recursive ones refer to names defined later.
func (b *bones) forward(scope cteScope) {
	ahead := *b
	for ahead.w.refusal == "" {
		scope[strings.ToLower(ahead.name())] = &ast.CommonTableExpression{}
		for ahead.i < ahead.end && !ahead.op('(') {
			ahead.i++
		}
		ahead.pass()
		if ahead.take("AS") {
			ahead.pass()
		}
		if ahead.take("CYCLE") {
			for ahead.i < ahead.end && !ahead.is("RESTRICT") {
				ahead.i++
			}
			ahead.skip("RESTRICT")
		}
		if !ahead.takeOp(',') {
			return
		}
	}
}

// withStatement reads WITH before SELECT, UPDATE or DELETE.
func (b *bones) withStatement() {
	b.i = 1
	closing := b.with()
	defer closing()
	switch {
	case b.is("UPDATE"):
		b.update()
	case b.is("DELETE"):
		b.delete()
	default:
		b.w.st.Kind = "select"
		b.query()
	}
}

// reads adds the need to read a table.
func (b *bones) reads(schema, name string) {
	t := &ast.TableName{Schema: ast.NewCIStr(schema), Name: ast.NewCIStr(name)}
	if isInformationSchema(schema) {
		b.w.information(t)
		return
	}
	if b.w.isCTE(t) || schema == "" && strings.EqualFold(name, "dual") && b.unquoted() {
		return
	}
	o := tableObject(t)
	b.read = append(b.read, o)
	b.w.need("SELECT", o)
}

// unquoted reports whether the name just read is a plain word.
func (b *bones) unquoted() bool { return b.f.at(b.i-1).Type == TokenWord }
