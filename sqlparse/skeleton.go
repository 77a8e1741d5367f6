package sqlparse

import "github.com/pingcap/tidb/pkg/parser/ast"

// skeleton reads what the parser's grammar lacks (JSON_TABLE, RETURNING, SELECT
// INTO in the middle, types and operators it does not know) by the bones of a
// statement: its clauses, its tables and the calls in its expressions. The
// places where SQL names a table are few and the same in every version:
// whatever else stands there is refused.
//
// It reports whether the statement is one it reads; it may have refused it then.
func (w *walk) skeleton(f fragment) bool {
	b := &bones{w: w, f: f, end: len(f.tokens)}
	switch {
	case f.isAny(0, "SELECT", "VALUES", "TABLE") || f.op(0, '('):
		w.st.Kind = "select"
		b.query()
	case f.is(0, "WITH"):
		b.withStatement()
	case f.isAny(0, "INSERT", "REPLACE"):
		b.insert()
	case f.is(0, "UPDATE"):
		b.update()
	case f.is(0, "DELETE"):
		b.delete()
	case f.is(0, "DO"):
		w.st.Kind = "do"
		b.i = 1
		b.expression(b.end)
	case f.is(0, "CALL"):
		b.call()
	case f.isAny(0, "CREATE", "ALTER"):
		return b.definition()
	default:
		return false
	}
	if w.refusal == "" && b.i < b.end {
		w.refuse("no reading for what stands behind the statement's clauses")
	}
	return true
}

// bones is a place in a statement's tokens, up to an end.
type bones struct {
	w   *walk
	f   fragment
	i   int
	end int
	// read are the tables of the innermost FROM clause, for FOR UPDATE.
	read []Object
	// child is the table that is defined, for its foreign keys.
	child *ast.TableName
}

// is reports whether a keyword stands at the place.
func (b *bones) is(words ...string) bool { return b.i < b.end && b.f.isAny(b.i, words...) }

func (b *bones) op(op Op) bool { return b.i < b.end && b.f.op(b.i, op) }

// take passes over the keywords if they stand there one after the other.
func (b *bones) take(words ...string) bool {
	if b.i+len(words) > b.end || !b.f.seq(b.i, words...) {
		return false
	}
	b.i += len(words)
	return true
}

// skip passes over any of the keywords, any number of times.
func (b *bones) skip(words ...string) {
	for b.is(words...) {
		b.i++
	}
}

func (b *bones) takeOp(op Op) bool {
	if !b.op(op) {
		return false
	}
	b.i++
	return true
}

// close returns the place of the parenthesis that closes the one at i.
func (b *bones) close(i int) int {
	n := b.f.afterParentheses(i) - 1
	if n >= b.end || !b.f.op(n, ')') {
		b.w.refuse("a parenthesis is not closed")
		return b.end
	}
	return n
}

// inside reads what stands in the parenthesis at the place with a reader of
// its own, and passes over it.
func (b *bones) inside(read func(*bones)) {
	stop := b.close(b.i)
	in := *b
	in.i, in.end = b.i+1, stop
	read(&in)
	b.i = min(stop+1, b.end)
}

// pass goes over the parenthesis at the place, unread.
func (b *bones) pass() { b.i = min(b.close(b.i)+1, b.end) }

// qualified reads name or schema.name.
func (b *bones) qualified() (schema, name string) {
	if b.op('.') { // .t, the table of the session's own schema
		b.i++
	}
	name = b.name()
	for b.op('.') {
		b.i++
		schema, name = name, b.name()
	}
	return schema, name
}

// nameParts reads the parts of a name.
func (b *bones) nameParts() []string {
	parts := []string{b.name()}
	for b.takeOp('.') {
		parts = append(parts, b.name())
	}
	return parts
}

// name reads one name.
func (b *bones) name() string {
	if b.i >= b.end {
		b.w.refuse("a name is missing")
		return ""
	}
	name, ok := b.f.name(b.i)
	if !ok {
		b.w.refuse("a name's characters are not certain")
	}
	b.i++
	return name
}

// queryAt reports whether a query stands at i, behind any number of parentheses.
func (b *bones) queryAt(i int) bool {
	for i < b.end && b.f.op(i, '(') {
		i++
	}
	switch {
	case i >= b.end:
		return false
	case b.f.is(i, "WITH"): // not the tags of a duality view: WITH (INSERT), WITH UPDATE
		return b.f.is(i+1, "RECURSIVE") || b.f.isName(i+1) && (b.f.is(i+2, "AS") || b.f.op(i+2, '('))
	case b.f.is(i, "VALUES"):
		return b.f.op(i+1, '(') || b.f.is(i+1, "ROW")
	case b.f.is(i, "TABLE"):
		return b.f.isName(i + 1)
	}
	return b.f.is(i, "SELECT")
}
