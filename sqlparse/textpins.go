package sqlparse

import (
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/test_driver"
)

// TextPin is a column that a WHERE holds to nothing but texts: literals, functions
// that give texts, and parameters, where those are bound as texts.
type TextPin struct {
	Column     string // in lower case
	Parameters []int  // their places among all parameters of the text, from 0
}

// TextPins returns the columns that the WHERE of the i-th statement of a text, an
// UPDATE or DELETE of one table, holds so. Unlike what a Statement says it hangs
// on every literal, so it is no part of that: it is for the text at hand alone.
func (r *Reader) TextPins(text []byte, m Mode, i int) (pins []TextPin) {
	if len(text) > r.limits.Text {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			pins = nil
		}
	}()
	lexed := Lex(text, m, &Tokens{Limit: r.limits.Tokens, Whole: true})
	list, reason := lexed.statements()
	if reason != "" || lexed.Depth > r.limits.Depth || i >= len(list) {
		return nil
	}
	before := 0
	for _, f := range list[:i] {
		before += parameters(f)
	}
	return r.textPins(list[i], before)
}

// textPins reads the condition of a statement that so many parameters stand before.
func (r *Reader) textPins(f fragment, before int) (out []TextPin) {
	start, end := f.conditionAt()
	condition := f.slice(start, end)
	where, markers := r.condition(condition)
	if where == nil || len(markers) != parameters(condition) {
		return nil
	}
	before += parameters(f.slice(0, start))
	w := &walk{reader: r, mode: f.lexed.Mode}
	for _, p := range w.pinned(where) {
		if !p.text {
			continue
		}
		pin := TextPin{Column: p.column}
		for _, marker := range p.parameters {
			at, _ := slices.BinarySearch(markers, marker.Offset)
			pin.Parameters = append(pin.Parameters, before+at)
		}
		out = append(out, pin)
	}
	if w.tired() {
		return nil
	}
	return out
}

// conditionAt returns where the condition behind WHERE begins and ends; both are
// the end of the statement where there is none.
func (f fragment) conditionAt() (start, end int) {
	end = len(f.tokens)
	if start = f.find(0, "WHERE") + 1; start == 0 {
		return end, end
	}
	for _, word := range []string{"ORDER", "LIMIT", "RETURNING"} {
		if at := f.find(start, word); at >= 0 {
			end = min(end, at)
		}
	}
	return start, end
}

// condition gives a condition alone to the parser. It returns also where its
// parameters stand in what the parser was given.
func (r *Reader) condition(f fragment) (where ast.ExprNode, markers []int) {
	text, err := f.canonical([]byte("DELETE FROM t WHERE"))
	if err != nil || len(text) > r.limits.Parse {
		return nil, nil
	}
	node, err := r.parsers.parse(string(text), f.lexed.Mode)
	if err != nil {
		return nil, nil
	}
	n, ok := node.(*ast.DeleteStmt)
	if !ok || n.Where == nil || n.Order != nil || n.Limit != nil {
		return nil, nil
	}
	var v markerVisitor
	n.Where.Accept(&v)
	slices.Sort(v.at)
	return n.Where, v.at
}

// markerVisitor gathers where the parameters of an expression stand.
type markerVisitor struct{ at []int }

// Enter implements ast.Visitor.
func (v *markerVisitor) Enter(n ast.Node) (ast.Node, bool) {
	if marker, ok := n.(*test_driver.ParamMarkerExpr); ok {
		v.at = append(v.at, marker.Offset)
	}
	return n, false
}

// Leave implements ast.Visitor.
func (v *markerVisitor) Leave(n ast.Node) (ast.Node, bool) { return n, true }
