package sqlparse

import (
	"cmp"
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
	"github.com/pingcap/tidb/pkg/parser/test_driver"
)

// rows notes what an UPDATE or DELETE says about the rows it changes.
func (w *walk) rows(where ast.ExprNode, limit *ast.Limit, oneTable bool) {
	w.st.Where = w.where(where)
	if limit != nil {
		w.st.Limit = w.limit(limit.Count)
	}
	if oneTable && where != nil {
		w.notePins(w.pinned(where))
	}
	if w.tired() {
		w.st.Pinned = nil
	}
}

// notePins notes the columns that the condition holds.
func (w *walk) notePins(all []pin) {
	for _, p := range all {
		w.st.Pinned = append(w.st.Pinned, p.column)
		w.st.PinsOpen = w.st.PinsOpen || p.values == AnyValues || len(p.parameters) > 0
	}
}

// pin is a column that a condition holds to given values.
type pin struct {
	column     string // in lower case
	values     Values // what they are, but for the parameters
	parameters []*test_driver.ParamMarkerExpr
}

// pinned returns the columns that a condition holds to given values, in order:
// those of a = 1 AND b IN (2, 3), and of (a, b) = (1, 2). Of an OR it is what
// both sides hold.
func (w *walk) pinned(e ast.ExprNode) []pin {
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

func (w *walk) pinnedBinary(n *ast.BinaryOperationExpr) []pin {
	switch n.Op {
	case opcode.LogicAnd:
		return each(append(w.pinned(n.L), w.pinned(n.R)...))
	case opcode.LogicOr:
		return both(w.pinned(n.L), w.pinned(n.R))
	case opcode.EQ:
		return w.equated(n.L, n.R)
	}
	return nil
}

// pinnedIn reads column IN (values) and (columns) IN ((values), ...).
func (w *walk) pinnedIn(n *ast.PatternInExpr) []pin {
	if n.Not || n.Sel != nil || len(n.List) == 0 {
		return nil
	}
	pins := w.equated(n.Expr, n.List[0])
	for _, item := range n.List[1:] {
		pins = both(pins, w.equated(n.Expr, item))
	}
	return pins
}

// equated returns the columns that l = r holds to values.
func (w *walk) equated(l, r ast.ExprNode) []pin {
	left, ok := l.(*ast.RowExpr)
	right, rows := r.(*ast.RowExpr)
	if ok && rows && len(left.Values) == len(right.Values) {
		var pins []pin
		for i := range left.Values {
			pins = append(pins, w.equated(left.Values[i], right.Values[i])...)
		}
		return each(pins)
	}
	if bareColumn(l) == nil {
		l, r = r, l
	}
	if c := bareColumn(l); c != nil && given(r) {
		return []pin{pinTo(c.Name.L, r)}
	}
	return nil
}

// each brings pins into the order of their columns. Of two of a column the one
// stays that says more: either holds the column.
func each(pins []pin) []pin {
	slices.SortStableFunc(pins, func(a, b pin) int {
		return cmp.Or(cmp.Compare(a.column, b.column), -cmp.Compare(a.values, b.values), cmp.Compare(len(a.parameters), len(b.parameters)))
	})
	pins = slices.CompactFunc(pins, func(a, b pin) bool { return a.column == b.column })
	return pins[:min(len(pins), mostPinned)]
}

// both returns the pins of the columns that two conditions hold, either of which
// may be the true one.
func both(l, r []pin) (pins []pin) {
	for _, p := range l {
		if i := slices.IndexFunc(r, func(q pin) bool { return q.column == p.column }); i >= 0 {
			p.values = min(p.values, r[i].values)
			p.parameters = append(p.parameters, r[i].parameters...)
			pins = append(pins, p)
		}
	}
	return pins
}

// mostPinned bounds the columns that are told: no key has more than a few.
const mostPinned = 64

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
