package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
)

// narrows reports whether a sub-query on the right of IN returns less than
// whole tables: it has a WHERE or HAVING on a column, a LIMIT, or a list of values.
func (w *walk) narrows(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.SubqueryExpr:
		return w.narrows(n.Query)
	case *ast.ParenthesesExpr:
		return w.narrows(n.Expr)
	case *ast.SetOprStmt:
		return n.Limit != nil || n.SelectList != nil && w.narrows(n.SelectList)
	case *ast.SetOprSelectList:
		for _, s := range n.Selects {
			if !w.narrows(s) {
				return n.Limit != nil
			}
		}
		return len(n.Selects) > 0
	case *ast.SelectStmt:
		return w.narrowsSelect(n)
	}
	return false
}

func (w *walk) narrowsSelect(n *ast.SelectStmt) bool {
	switch {
	case n.Kind == ast.SelectStmtKindValues, n.Limit != nil:
		return true
	case n.From == nil:
		return w.constantFields(n)
	case n.Where != nil && w.narrowsBy(n.Where):
		return true
	case n.Having != nil && w.narrowsBy(n.Having.Expr):
		return true
	}
	return w.narrowsFrom(n.From.TableRefs)
}

// narrowsBy is restricts for a condition inside a sub-query, where a comparison
// of two columns only joins.
func (w *walk) narrowsBy(e ast.ExprNode) bool {
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.narrowsBy(n.Expr)
	case *ast.BinaryOperationExpr:
		switch n.Op {
		case opcode.LogicAnd:
			return w.narrowsBy(n.L) || w.narrowsBy(n.R)
		case opcode.LogicOr:
			return w.narrowsBy(n.L) && w.narrowsBy(n.R)
		}
		if w.columnOf(n.L) != nil && w.columnOf(n.R) != nil {
			return false
		}
	}
	return w.restricts(e, false)
}

// narrowsFrom reports whether a derived table or CTE in a FROM clause narrows.
func (w *walk) narrowsFrom(node ast.ResultSetNode) bool {
	switch n := node.(type) {
	case *ast.Join:
		return w.narrowsFrom(n.Left) || n.Right != nil && w.narrowsFrom(n.Right)
	case *ast.TableSource:
		t, ok := n.Source.(*ast.TableName)
		if !ok {
			return w.narrows(n.Source) || w.narrowsFrom(n.Source)
		}
		if c := w.cte(t); c != nil && c.Query != nil && !c.IsRecursive {
			return w.narrows(c.Query)
		}
	}
	return false
}

// constantFields reports whether a SELECT without tables names no column.
func (w *walk) constantFields(n *ast.SelectStmt) bool {
	for _, f := range n.Fields.Fields {
		if f.Expr == nil || !w.constant(f.Expr) {
			return false
		}
	}
	return true
}

// correlated reports whether EXISTS (...) compares a column of the tables that
// are changed with one of another table inside.
func (w *walk) correlated(e ast.ExprNode) bool {
	q, ok := e.(*ast.SubqueryExpr)
	if !ok || w.target == nil {
		return false
	}
	s, ok := q.Query.(*ast.SelectStmt)
	if !ok || s.From == nil || s.Where == nil {
		return false
	}
	inside := &targets{}
	w.collect(s.From.TableRefs, inside)
	for _, t := range inside.tables {
		if w.isTarget(t.table) {
			return false // the row itself is always there
		}
	}
	return w.links(s.Where, inside)
}

func (w *walk) isTarget(t *ast.TableName) bool {
	for _, have := range w.target.tables {
		if have.table.Name.L == t.Name.L {
			return true
		}
	}
	return false
}

// links looks for outer = inner in the conjunction of a sub-query's WHERE.
func (w *walk) links(e ast.ExprNode, inside *targets) bool {
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.links(n.Expr, inside)
	case *ast.BinaryOperationExpr:
		switch n.Op {
		case opcode.LogicAnd:
			return w.links(n.L, inside) || w.links(n.R, inside)
		case opcode.EQ:
			l, r := w.columnOf(n.L), w.columnOf(n.R)
			return l != nil && r != nil && l.Table.L != r.Table.L &&
				(w.target.has(l) && !inside.has(l) || w.target.has(r) && !inside.has(r))
		}
	}
	return false
}

// has reports whether a column is qualified with the name of one of the tables.
func (t *targets) has(c *ast.ColumnName) bool {
	for _, have := range t.tables {
		if have.name == c.Table.L {
			return true
		}
	}
	return false
}
