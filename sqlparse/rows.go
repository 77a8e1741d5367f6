package sqlparse

import (
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
)

// rows notes what an UPDATE or DELETE says about the rows it changes.
func (w *walk) rows(where ast.ExprNode, limit *ast.Limit, oneTable bool) {
	w.st.Where = w.where(where)
	w.st.Limited = limit != nil && limit.Count != nil && !w.large(limit.Count)
	if oneTable && where != nil {
		w.st.Pinned = w.pinned(where)
	}
	if w.tired() {
		w.st.Pinned = nil
	}
}

// pinned returns the columns that a condition holds to given values, in lower
// case and in order: those of a = 1 AND b IN (2, 3), and of (a, b) = (1, 2). Of
// an OR it is what both sides hold.
func (w *walk) pinned(e ast.ExprNode) []string {
	if w.tired() {
		return nil
	}
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.pinned(n.Expr)
	case *ast.BinaryOperationExpr:
		return w.pinnedBinary(n)
	case *ast.PatternInExpr:
		return w.pinnedIn(n)
	}
	return nil
}

func (w *walk) pinnedBinary(n *ast.BinaryOperationExpr) []string {
	switch n.Op {
	case opcode.LogicAnd:
		return inOrder(append(w.pinned(n.L), w.pinned(n.R)...))
	case opcode.LogicOr:
		right := w.pinned(n.R)
		return slices.DeleteFunc(w.pinned(n.L), func(c string) bool { return !slices.Contains(right, c) })
	case opcode.EQ:
		return w.equated(n.L, n.R)
	}
	return nil
}

// pinnedIn reads column IN (values) and (columns) IN ((values), ...).
func (w *walk) pinnedIn(n *ast.PatternInExpr) []string {
	if n.Not || n.Sel != nil || len(n.List) == 0 {
		return nil
	}
	columns := w.equated(n.Expr, n.List[0])
	for _, item := range n.List[1:] {
		same := w.equated(n.Expr, item)
		columns = slices.DeleteFunc(columns, func(c string) bool { return !slices.Contains(same, c) })
	}
	return columns
}

// equated returns the columns that l = r holds to values.
func (w *walk) equated(l, r ast.ExprNode) []string {
	left, ok := l.(*ast.RowExpr)
	right, both := r.(*ast.RowExpr)
	if ok && both && len(left.Values) == len(right.Values) {
		var columns []string
		for i := range left.Values {
			columns = append(columns, w.equated(left.Values[i], right.Values[i])...)
		}
		return inOrder(columns)
	}
	if c := bareColumn(l); c != nil && given(r) && w.pins(l, r) {
		return []string{c.Name.L}
	}
	if c := bareColumn(r); c != nil && given(l) && w.pins(r, l) {
		return []string{c.Name.L}
	}
	return nil
}

// mostPinned bounds the columns that are told: no key has more than a few.
const mostPinned = 64

func inOrder(columns []string) []string {
	slices.Sort(columns)
	columns = slices.Compact(columns)
	return columns[:min(len(columns), mostPinned)]
}

// bareColumn returns the column that an expression is, with nothing around it
// but parentheses.
func bareColumn(e ast.ExprNode) *ast.ColumnName {
	switch n := e.(type) {
	case *ast.ColumnNameExpr:
		return n.Name
	case *ast.ParenthesesExpr:
		return bareColumn(n.Expr)
	}
	return nil
}

// given reports whether an expression has one value for the whole statement: a
// literal, a parameter, a variable, or a plain function of such.
func given(e ast.ExprNode) bool {
	switch n := e.(type) {
	case ast.ParamMarkerExpr, ast.ValueExpr:
		return true
	case *ast.VariableExpr:
		return n.Value == nil // @v := ... changes from row to row
	case *ast.ParenthesesExpr:
		return given(n.Expr)
	case *ast.UnaryOperationExpr:
		return given(n.V)
	case *ast.FuncCastExpr:
		return given(n.Expr)
	case *ast.SetCollationExpr:
		return given(n.Expr)
	case *ast.FuncCallExpr:
		return n.Schema.O == "" && (carries(n.FnName.L) || dateLiteral(n.FnName.L)) && !slices.ContainsFunc(n.Args, func(a ast.ExprNode) bool { return !given(a) })
	}
	return false
}

// limited notes the LIMIT behind the condition of an UPDATE or DELETE that is read by its bones.
func (b *bones) limited() {
	at := b.f.find(b.i, "LIMIT") + 1
	if at == 0 || at >= b.end {
		return
	}
	switch t := b.f.at(at); t.Type {
	case TokenParam:
		b.w.st.Limited = true
	case TokenInteger:
		switch weigh(b.f.text(at), t.Type) {
		case weightZero, weightLow, weightPlain:
			b.w.st.Limited = true
		}
	}
}
