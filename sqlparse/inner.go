package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// routineObject names a stored routine.
func routineObject(schema, name string) Object {
	o := Object{Type: Routine, Schema: schema, Name: name}
	o.Named = runsText(o) || strings.EqualFold(schema, "sys") || strings.EqualFold(schema, "mysql")
	return o
}

// runsText reports whether a routine of the sys schema runs the text it is
// given. A bare name may stand for it in a session whose schema is sys.
func runsText(o Object) bool {
	if o.Schema != "" && !strings.EqualFold(o.Schema, "sys") {
		return false
	}
	return strings.EqualFold(o.Name, "execute_prepared_stmt")
}

// prepare reads PREPARE: the text in it, or Unknown where it is in a variable.
func (w *walk) prepare(n *ast.PrepareStmt) {
	w.st.Kind = "prepare_sql"
	if n.SQLVar != nil {
		w.refuse("PREPARE from a variable: the text is not in the statement")
		return
	}
	w.inner(n.SQLText)
}

// runText reads the literal that a routine is given to run.
func (w *walk) runText(args []ast.ExprNode) {
	text, ok := "", false
	if len(args) == 1 {
		text, ok = literalText(args[0])
	}
	if !ok {
		w.global(Unparsed)
		return
	}
	w.inner(text)
}

// literalText returns the value of a string literal.
func literalText(e ast.ExprNode) (string, bool) {
	v, ok := e.(ast.ValueExpr)
	if _, marker := e.(ast.ParamMarkerExpr); !ok || marker {
		return "", false
	}
	s, ok := v.GetValue().(string)
	return s, ok
}

// inner reads a text inside the statement and takes over its needs. The
// reading hangs on the text, so it must not be kept by shape.
func (w *walk) inner(text string) {
	w.literal = true
	if w.depth >= maxInner {
		w.refuse("a text inside a text inside a text")
		return
	}
	reading := w.reader.readText([]byte(text), w.mode, w.depth+1)
	if reason, unknown := reading.Unknown(); unknown {
		w.refuse("the text inside: %s", reason)
		return
	}
	for _, st := range reading.Statements {
		w.adopt(st)
	}
}

// adopt takes over what a statement inside this one needs and does.
func (w *walk) adopt(st Statement) {
	for _, n := range st.Needs {
		w.need(n.Privilege, n.Object)
	}
	w.st.Destructive = w.st.Destructive || st.Destructive
	w.st.Effect |= st.Effect
	w.st.Inner = append(w.st.Inner, st)
}
