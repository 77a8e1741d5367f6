package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
)

// where says what a WHERE clause restricts. It answers WhereColumn only for
// forms that are known to pick rows by what is in them; everything else could
// be true for every row.
func (w *walk) where(e ast.ExprNode) Where {
	if e == nil {
		return WhereNone
	}
	if w.restricts(e, false) && !w.tired() {
		return WhereColumn
	}
	return WhereConstant
}

// mostVisits bounds the work on one statement's conditions. Chains of operators
// a megabyte long, whose judging is quadratic, restrict nothing.
const mostVisits = 1 << 20

// tired counts one step of judging a condition, and reports whether there were
// too many: whatever is answered from then on does not count.
func (w *walk) tired() bool {
	w.visits++
	return w.visits > mostVisits
}

// restricts reports whether a condition (or, with not, its negation) picks
// rows by a column.
func (w *walk) restricts(e ast.ExprNode, not bool) bool {
	if w.tired() {
		return false
	}
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.restricts(n.Expr, not)
	case *ast.UnaryOperationExpr:
		return (n.Op == opcode.Not || n.Op == opcode.Not2) && w.restricts(n.V, !not)
	case *ast.BinaryOperationExpr:
		return w.restrictsBinary(n, not)
	case *ast.IsNullExpr:
		return n.Not == not && w.columnOf(n.Expr) != nil
	case *ast.BetweenExpr:
		return n.Not == not && w.between(n)
	case *ast.PatternInExpr:
		return n.Not == not && w.in(n)
	case *ast.CompareSubqueryExpr:
		return !not && n.Op == opcode.EQ && !n.All && w.columnOf(n.L) != nil && w.narrows(n.R)
	case *ast.ExistsSubqueryExpr:
		return n.Not == not && w.correlated(n.Sel)
	case *ast.PatternLikeOrIlikeExpr:
		return n.Not == not && w.columnOf(n.Expr) != nil && w.pattern(n.Pattern, likeSelects)
	case *ast.PatternRegexpExpr:
		return n.Not == not && w.columnOf(n.Expr) != nil && w.pattern(n.Pattern, regexpSelects)
	case *ast.MatchAgainst:
		return !not
	case *ast.FuncCallExpr:
		return !not && w.containment(n)
	}
	return false
}

func (w *walk) restrictsBinary(n *ast.BinaryOperationExpr, not bool) bool {
	switch n.Op {
	case opcode.LogicAnd, opcode.LogicOr:
		if (n.Op == opcode.LogicAnd) != not {
			return w.restricts(n.L, not) || w.restricts(n.R, not)
		}
		return w.restricts(n.L, not) && w.restricts(n.R, not)
	case opcode.EQ:
		return !not && w.equal(n.L, n.R)
	case opcode.NullEQ:
		return !not && w.equal(n.L, n.R)
	case opcode.NE:
		return not && w.equal(n.L, n.R)
	case opcode.LT, opcode.LE, opcode.GT, opcode.GE:
		op := n.Op
		if not {
			op = negated(op)
		}
		return w.ordered(n.L, op, n.R) || w.ordered(n.R, mirrored(op), n.L)
	}
	return false
}

// negated is the comparison that NOT makes of op.
func negated(op opcode.Op) opcode.Op {
	return map[opcode.Op]opcode.Op{opcode.LT: opcode.GE, opcode.LE: opcode.GT, opcode.GT: opcode.LE, opcode.GE: opcode.LT}[op]
}

// mirrored is op with its sides changed.
func mirrored(op opcode.Op) opcode.Op {
	return map[opcode.Op]opcode.Op{opcode.LT: opcode.GT, opcode.LE: opcode.GE, opcode.GT: opcode.LT, opcode.GE: opcode.LE}[op]
}

// equal reports whether one side is a column and the other a value that does
// not hang on it.
func (w *walk) equal(l, r ast.ExprNode) bool {
	lrow, lok := l.(*ast.RowExpr)
	rrow, rok := r.(*ast.RowExpr)
	if lok && rok && len(lrow.Values) == len(rrow.Values) {
		for i := range lrow.Values {
			if w.equal(lrow.Values[i], rrow.Values[i]) {
				return true
			}
		}
		return false
	}
	return w.pins(l, r) || w.pins(r, l)
}

// pins reports whether side = value holds only for rows with that value.
func (w *walk) pins(side, value ast.ExprNode) bool {
	c := w.columnOf(side)
	if c == nil || w.mentions(value, c) {
		return false
	}
	if emptied(side) && w.isEmptyString(value) {
		return false // LEFT(name, 0) = ''
	}
	// MariaDB takes every text that is no number as 0.
	return !w.mariaDB() || w.distinct(value)
}

// ordered reports whether side op value leaves rows out: id > 0 does not.
func (w *walk) ordered(side ast.ExprNode, op opcode.Op, value ast.ExprNode) bool {
	c := w.columnOf(side)
	if c == nil || w.mentions(value, c) {
		return false
	}
	if op == opcode.GT || op == opcode.GE {
		return !w.bottom(value)
	}
	return !w.top(value)
}

func (w *walk) between(n *ast.BetweenExpr) bool {
	c := w.columnOf(n.Expr)
	if c == nil || w.mentions(n.Left, c) || w.mentions(n.Right, c) {
		return false
	}
	return !w.bottom(n.Left) || !w.top(n.Right) && !w.large(n.Right)
}

// in reads IN (list) and IN (SELECT ...).
func (w *walk) in(n *ast.PatternInExpr) bool {
	if n.Sel != nil {
		return w.rowColumn(n.Expr) && w.narrows(n.Sel)
	}
	for _, item := range n.List {
		if !w.equal(n.Expr, item) {
			return false
		}
	}
	return len(n.List) > 0
}

// rowColumn reports whether an expression is a column, or a row with one.
func (w *walk) rowColumn(e ast.ExprNode) bool {
	if row, ok := e.(*ast.RowExpr); ok {
		for _, v := range row.Values {
			if w.columnOf(v) != nil {
				return true
			}
		}
		return false
	}
	return w.columnOf(e) != nil
}

// containment reads the functions that ask whether a column holds a value.
func (w *walk) containment(n *ast.FuncCallExpr) bool {
	if len(n.Args) != 2 || n.Schema.O != "" {
		return false
	}
	column, value := n.Args[0], n.Args[1]
	switch n.FnName.L {
	case "find_in_set":
		column, value = value, column
	case "json_contains":
	default:
		return false
	}
	c := w.columnOf(column)
	return c != nil && !w.mentions(value, c)
}
