package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

func (w *walk) exprs(list []ast.ExprNode) {
	for _, e := range list {
		w.expr(e)
	}
}

// expr walks an expression for sub-queries, function calls and columns.
func (w *walk) expr(node ast.ExprNode) {
	switch n := node.(type) {
	case nil:
	case ast.ParamMarkerExpr, ast.ValueExpr:
	case *ast.ColumnNameExpr:
		if !w.sequenceColumn(n.Name.Schema.O, n.Name.Table.O, n.Name.Name.O) {
			w.column(n.Name.Table.L)
		}
	case *ast.FuncCallExpr:
		w.function(n.Schema.O, n.FnName.O, n.Args)
	case *ast.AggregateFuncExpr:
		w.aggregate(n.F)
		w.exprs(n.Args)
		if n.Order != nil {
			w.byItems(n.Order.Items)
		}
	case *ast.WindowFuncExpr:
		w.aggregate(n.Name)
		w.exprs(n.Args)
		w.window(&n.Spec)
	case *ast.SubqueryExpr:
		w.query(n.Query)
	case *ast.ExistsSubqueryExpr:
		w.expr(n.Sel)
	case *ast.CompareSubqueryExpr:
		w.expr(n.L)
		w.expr(n.R)
	case *ast.PatternInExpr:
		w.expr(n.Expr)
		w.exprs(n.List)
		w.expr(n.Sel)
	default:
		w.operator(node)
	}
}

// operator walks the expressions that only hold other expressions.
func (w *walk) operator(node ast.ExprNode) {
	switch n := node.(type) {
	case *ast.BinaryOperationExpr:
		w.expr(n.L)
		w.expr(n.R)
	case *ast.UnaryOperationExpr:
		w.expr(n.V)
	case *ast.ParenthesesExpr:
		w.expr(n.Expr)
	case *ast.RowExpr:
		w.exprs(n.Values)
	case *ast.BetweenExpr:
		w.expr(n.Expr)
		w.expr(n.Left)
		w.expr(n.Right)
	case *ast.IsNullExpr:
		w.expr(n.Expr)
	case *ast.IsTruthExpr:
		w.expr(n.Expr)
	case *ast.PatternLikeOrIlikeExpr:
		w.expr(n.Expr)
		w.expr(n.Pattern)
	case *ast.PatternRegexpExpr:
		w.expr(n.Expr)
		w.expr(n.Pattern)
	case *ast.CaseExpr:
		w.caseExpr(n)
	case *ast.FuncCastExpr:
		w.expr(n.Expr)
	case *ast.SetCollationExpr:
		w.expr(n.Expr)
	case *ast.MatchAgainst:
		for _, c := range n.ColumnNames {
			w.column(c.Table.L)
		}
		w.expr(n.Against)
	case *ast.VariableExpr:
		w.expr(n.Value)
	case *ast.DefaultExpr:
		if n.Name != nil {
			w.column(n.Name.Table.L)
		}
	case *ast.ValuesExpr: // the value that would be inserted is the column's to the servers
		w.column(n.Column.Name.Table.L)
	case *ast.MaxValueExpr, *ast.TimeUnitExpr,
		*ast.TrimDirectionExpr, *ast.GetFormatSelectorExpr:
	case *ast.PositionExpr:
		w.expr(n.P)
	case *ast.TableNameExpr:
		w.table(n.Name, "SELECT")
	default:
		w.refuse("no reading for an expression of this form")
	}
}

func (w *walk) caseExpr(n *ast.CaseExpr) {
	w.expr(n.Value)
	for _, c := range n.WhenClauses {
		w.expr(c.Expr)
		w.expr(c.Result)
	}
	w.expr(n.ElseClause)
}

// function reads a call: one of the server's own functions needs nothing,
// except LOAD_FILE; everything else is a stored function, which may do anything.
func (w *walk) function(schema, name string, args []ast.ExprNode) {
	lower := strings.ToLower(name)
	if w.sequence(schema, lower, args) {
		return
	}
	w.exprs(args)
	switch {
	case schema == "" && parserFunction(lower):
	case schema != "" || !builtin(w.mode.Server, lower) || storedGeometry(w.mode.Server, lower, len(args)):
		w.calls(nameParts(schema, plainName(name))...)
	case lower == "load_file":
		w.global("FILE")
	}
}

// aggregate reads the name of a function that the parser takes for an aggregate
// or a window function: to the server it may be a stored one.
func (w *walk) aggregate(name string) {
	if !builtin(w.mode.Server, strings.ToLower(name)) {
		w.calls(name)
	}
}

// sequence reads MariaDB's NEXTVAL(seq) and its kin, which name a table.
func (w *walk) sequence(schema, lower string, args []ast.ExprNode) bool {
	if !w.mariaDB() || schema != "" || len(args) == 0 {
		return false
	}
	t, ok := args[0].(*ast.TableNameExpr)
	if !ok {
		return false
	}
	switch lower {
	case "lastval", "nextval", "setval":
		w.sequenceFunction(t.Name, lower)
	default:
		return false
	}
	w.exprs(args[1:])
	return true
}

// sequenceFunction asks for what NEXTVAL, SETVAL and LASTVAL of a sequence need.
func (w *walk) sequenceFunction(t *ast.TableName, lower string) {
	if lower == "setval" {
		w.table(t, "INSERT")
		return
	}
	w.sequenceNeeds(t, lower == "nextval")
}

// sequenceNeeds asks for what reading a sequence needs, or moving it on.
func (w *walk) sequenceNeeds(t *ast.TableName, moves bool) {
	w.table(t, "SELECT")
	if moves {
		w.table(t, "INSERT")
	}
}

// sequenceColumn reads s.NEXTVAL and s.CURRVAL, which are no columns in
// MariaDB's ORACLE grammar, whatever the tables of the statement are named.
func (w *walk) sequenceColumn(schema, name, column string) bool {
	if name == "" || !w.mariaDB() || !w.mode.SQLMode.has(Oracle) {
		return false
	}
	switch {
	case strings.EqualFold(column, "nextval"):
		w.sequenceNeeds(baseTable(schema, name), true)
	case strings.EqualFold(column, "currval"):
		w.sequenceNeeds(baseTable(schema, name), false)
	default:
		return false
	}
	return true
}
