package sqlparse

import (
	"cmp"
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
	"github.com/pingcap/tidb/pkg/parser/test_driver"
	"github.com/pingcap/tidb/pkg/parser/types"
)

// rows notes what an UPDATE or DELETE says about the rows it changes.
func (w *walk) rows(where ast.ExprNode, limit *ast.Limit, oneTable bool) {
	w.st.Where = w.where(where)
	if limit != nil {
		w.st.Limit = w.limit(limit.Count)
	}
	if oneTable && where != nil {
		w.st.Pinned = columnsOf(w.pinned(where))
	}
	if w.tired() {
		w.st.Pinned = nil
	}
}

// pin is a column that a condition holds to given values.
type pin struct {
	column     string // in lower case
	text       bool   // each of them is a text, or one of the parameters
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
		return cmp.Or(cmp.Compare(a.column, b.column), cmp.Compare(a.doubt(), b.doubt()))
	})
	pins = slices.CompactFunc(pins, func(a, b pin) bool { return a.column == b.column })
	return pins[:min(len(pins), mostPinned)]
}

// doubt is less where it is more certain that the values are texts.
func (p pin) doubt() int {
	switch {
	case !p.text:
		return 2
	case len(p.parameters) > 0:
		return 1
	}
	return 0
}

// both returns the pins of the columns that two conditions hold, either of which
// may be the true one.
func both(l, r []pin) (pins []pin) {
	for _, p := range l {
		if i := slices.IndexFunc(r, func(q pin) bool { return q.column == p.column }); i >= 0 {
			p.text = p.text && r[i].text
			p.parameters = append(p.parameters, r[i].parameters...)
			pins = append(pins, p)
		}
	}
	return pins
}

func columnsOf(pins []pin) (columns []string) {
	for _, p := range pins {
		columns = append(columns, p.column)
	}
	return columns
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

// pinTo is a column that is held to a value.
func pinTo(column string, value ast.ExprNode) pin {
	p := pin{column: column}
	p.text = p.gives(value)
	return p
}

// gives reports whether a value is a text, or will be where its parameters are.
func (p *pin) gives(value ast.ExprNode) bool {
	switch n := value.(type) {
	case *ast.ParenthesesExpr:
		return p.gives(n.Expr)
	case *ast.SetCollationExpr:
		return p.gives(n.Expr)
	case *ast.FuncCastExpr:
		return n.Tp.EvalType() == types.ETString
	case *ast.FuncCallExpr:
		return textual(n.FnName.L)
	case *test_driver.ParamMarkerExpr:
		p.parameters = append(p.parameters, n)
		return true
	case ast.ValueExpr:
		switch n.GetValue().(type) {
		case string, ast.BinaryLiteral:
			return true
		}
	}
	return false
}

// textual lists the functions, of those that carries lists, whose value is a
// text whatever they are given.
func textual(name string) bool {
	switch name {
	case "lower", "upper", "lcase", "ucase", "trim", "hex", "unhex", "md5", "sha1", "sha", "sha2", "reverse", "left", "right", "substr", "substring",
		"inet_ntoa", "inet6_aton", "inet6_ntoa", "uuid_to_bin", "bin_to_uuid", "json_unquote":
		return true
	}
	return false
}
