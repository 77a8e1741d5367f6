package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
)

// columnOf returns the column that an expression is, or is a plain function
// of: one whose value changes with the column's. LENGTH(name) or id*0 are not.
func (w *walk) columnOf(e ast.ExprNode) *ast.ColumnName {
	if w.tired() {
		return nil
	}
	switch n := e.(type) {
	case *ast.ColumnNameExpr:
		return n.Name
	case *ast.ParenthesesExpr:
		return w.columnOf(n.Expr)
	case *ast.FuncCastExpr:
		return w.columnOf(n.Expr)
	case *ast.SetCollationExpr:
		return w.columnOf(n.Expr)
	case *ast.BinaryOperationExpr:
		if n.Op != opcode.Plus && n.Op != opcode.Minus {
			return nil
		}
		return w.oneColumn(n.L, n.R)
	case *ast.FuncCallExpr:
		if n.Schema.O == "" && carries(n.FnName.L) {
			return w.oneColumn(n.Args...)
		}
	}
	return nil
}

// oneColumn returns the column of a list whose other members hold none.
func (w *walk) oneColumn(list ...ast.ExprNode) *ast.ColumnName {
	var found *ast.ColumnName
	for _, e := range list {
		c := w.columnOf(e)
		switch {
		case c == nil && w.constant(e):
		case c == nil || found != nil:
			return nil
		default:
			found = c
		}
	}
	return found
}

// carries lists the functions whose value changes with their column's.
func carries(name string) bool {
	switch name {
	case "date", "year", "month", "day", "dayofmonth", "hour", "to_days", "to_seconds", "unix_timestamp", "from_unixtime",
		"date_add", "date_sub", "adddate", "subdate", "timestampadd", "timestampdiff", "datediff", "convert_tz",
		"lower", "upper", "lcase", "ucase", "trim", "hex", "unhex", "md5", "sha1", "sha", "sha2", "reverse",
		"inet_aton", "inet_ntoa", "inet6_aton", "inet6_ntoa", "uuid_to_bin", "bin_to_uuid",
		"json_extract", "json_unquote", "json_value", "left", "substr", "substring", "right":
		return true
	}
	return false
}

// emptied reports whether an expression takes a part of a column, which may be
// the empty string for every row.
func emptied(e ast.ExprNode) bool {
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return emptied(n.Expr)
	case *ast.FuncCallExpr:
		switch n.FnName.L {
		case "left", "substr", "substring", "right":
			return true
		}
		for _, a := range n.Args {
			if emptied(a) {
				return true
			}
		}
	}
	return false
}

// constant reports whether an expression names no column and holds no query.
func (w *walk) constant(e ast.ExprNode) bool {
	if e == nil {
		return true
	}
	v := columnVisitor{w: w}
	e.Accept(&v)
	return !v.any && !v.query
}

// mentions reports whether a value hangs on the column itself: it names it, or
// it is a query without tables of its own that does.
func (w *walk) mentions(value ast.ExprNode, c *ast.ColumnName) bool {
	v := columnVisitor{w: w, of: c}
	value.Accept(&v)
	return v.same
}

// columnVisitor looks for columns in an expression.
type columnVisitor struct {
	w     *walk
	of    *ast.ColumnName // the column that is looked for, or nil
	same  bool            // it was found
	any   bool            // some column was found
	query bool            // a query was found
}

// Enter implements ast.Visitor. What a query with tables of its own names is
// its own, unless it is qualified.
func (v *columnVisitor) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.ColumnName:
		v.any = true
		if v.of != nil && n.Name.L == v.of.Name.L && !otherTable(n, v.of) {
			v.same = true
		}
	case *ast.SelectStmt:
		v.query = true
		return n, n.From != nil
	}
	return n, v.w.tired()
}

// Leave implements ast.Visitor.
func (v *columnVisitor) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// otherTable reports whether two columns of one name are of two tables by
// their qualifiers.
func otherTable(a, b *ast.ColumnName) bool {
	return a.Table.L != "" && b.Table.L != "" && a.Table.L != b.Table.L
}
