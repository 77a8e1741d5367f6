package sqlparse

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"
)

// numeric returns the value of a numeric literal with its sign.
func (w *walk) numeric(e ast.ExprNode) (float64, bool) {
	if w.tired() {
		return 0, false
	}
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.numeric(n.Expr)
	case *ast.UnaryOperationExpr:
		v, ok := w.numeric(n.V)
		if n.Op == opcode.Minus {
			v = -v
		}
		return v, ok && (n.Op == opcode.Minus || n.Op == opcode.Plus)
	case ast.ParamMarkerExpr:
		return 0, false
	case ast.ValueExpr:
		switch v := n.GetValue().(type) {
		case int64:
			return float64(v), true
		case uint64:
			return float64(v), true
		case interface{ String() string }:
			f, err := strconv.ParseFloat(v.String(), 64)
			return f, err == nil
		}
	}
	return 0, false
}

// bottom reports whether a value is so low that hardly a row lies below it:
// 0 and 1 for numbers, the empty string, the years up to 1970.
func (w *walk) bottom(value ast.ExprNode) bool {
	value = w.bound(value)
	if n, ok := w.numeric(value); ok {
		return n <= 1
	}
	if s, ok := textValue(value); ok {
		return strings.TrimLeft(s, "0-: .") == "" || s < dawn && s[0] <= '1' || s[0] == odd
	}
	return isBytes(value) || w.uncertain(value)
}

// top reports whether a value is so high that hardly a row lies above it:
// numbers of nothing but nines, the largest integers, the years from 2100.
func (w *walk) top(value ast.ExprNode) bool {
	value = w.bound(value)
	if n, ok := w.numeric(value); ok {
		return n >= 1e15 || n == math.MaxInt32 || n == math.MaxUint32 || n >= 99999 && nines(n)
	}
	if s, ok := textValue(value); ok {
		return s >= "2100" && s[0] <= '9' && len(s) >= 4 || s >= "z" || strings.HasPrefix(s, "Z")
	}
	return isBytes(value) || w.uncertain(value)
}

// isBytes reports whether a value is a hexadecimal or bit literal: a number or a
// string, as what it is compared with has it.
func isBytes(value ast.ExprNode) bool {
	v, ok := value.(ast.ValueExpr)
	if !ok {
		return false
	}
	_, ok = v.GetValue().(ast.BinaryLiteral)
	return ok
}

// bound is what a bound is made of: DATE('2020-01-01') lies where its text does.
func (w *walk) bound(value ast.ExprNode) ast.ExprNode {
	for !w.tired() {
		switch n := value.(type) {
		case *ast.ParenthesesExpr:
			value = n.Expr
		case *ast.FuncCastExpr:
			value = n.Expr
		case *ast.SetCollationExpr:
			value = n.Expr
		case *ast.FuncCallExpr:
			if n.Schema.O != "" || !converts(n.FnName.L) || len(n.Args) == 0 {
				return value
			}
			value = n.Args[0]
		default:
			return value
		}
	}
	return value
}

// converts lists the functions whose value lies about where their first argument's does.
func converts(name string) bool {
	switch name {
	case "date", "timestamp", "str_to_date", "from_unixtime", "unix_timestamp", "to_days", "to_seconds", "convert_tz",
		"date_add", "date_sub", "adddate", "subdate", "lower", "upper":
		return true
	}
	return false
}

// large reports whether a number is beyond what counts anything by hand.
func (w *walk) large(value ast.ExprNode) bool {
	n, ok := w.numeric(value)
	return ok && n >= 1e6
}

// odd begins the string that stands for those that cannot be weighed: it lies
// both below and above everything.
const odd = 0x7f

// uncertain reports whether a bound is computed from literals alone, so that
// its size is hidden: 0 - 1, ABS(0), (SELECT 0).
func (w *walk) uncertain(value ast.ExprNode) bool {
	switch n := value.(type) {
	case ast.ValueExpr:
		_, isFloat := n.GetValue().(float64)
		return isFloat
	case *ast.ParenthesesExpr:
		return w.uncertain(n.Expr)
	case *ast.BinaryOperationExpr:
		return w.uncertainOperand(n.L) && w.uncertainOperand(n.R)
	case *ast.UnaryOperationExpr:
		return w.uncertainOperand(n.V)
	case *ast.FuncCallExpr:
		return len(n.Args) > 0 && !slices.ContainsFunc(n.Args, func(a ast.ExprNode) bool { return !w.uncertainOperand(a) })
	case *ast.CaseExpr:
		return w.constant(n)
	case *ast.SubqueryExpr:
		s, ok := n.Query.(*ast.SelectStmt)
		return ok && s.From == nil
	}
	return false
}

func (w *walk) uncertainOperand(e ast.ExprNode) bool {
	if w.tired() {
		return true
	}
	if _, marker := e.(ast.ParamMarkerExpr); marker {
		return false
	}
	_, isLiteral := e.(ast.ValueExpr)
	return isLiteral || w.uncertain(e)
}

// textValue returns the text of a string, or of DATE '...' and its kin.
func textValue(e ast.ExprNode) (string, bool) {
	if n, ok := e.(*ast.FuncCallExpr); ok && dateLiteral(n.FnName.L) && len(n.Args) == 1 {
		return literalText(n.Args[0])
	}
	return literalText(e)
}

func nines(n float64) bool {
	return strings.Trim(strconv.FormatFloat(n, 'f', 0, 64), "9") == ""
}

func (w *walk) isEmptyString(value ast.ExprNode) bool {
	s, ok := textValue(value)
	return !ok || strings.TrimSpace(s) == ""
}

// distinct reports whether a value is surely not the number 0, which on
// MariaDB equals every text that is no number.
func (w *walk) distinct(value ast.ExprNode) bool {
	if n, ok := w.numeric(value); ok {
		return n != 0
	}
	switch n := value.(type) {
	case ast.ValueExpr:
		return !w.uncertain(n)
	case *ast.ColumnNameExpr, *ast.VariableExpr:
		return true
	case *ast.ParenthesesExpr:
		return w.distinct(n.Expr)
	case *ast.SetCollationExpr:
		return w.distinct(n.Expr)
	case *ast.FuncCastExpr:
		return w.distinct(n.Expr)
	case *ast.SubqueryExpr:
		s, ok := n.Query.(*ast.SelectStmt)
		return !ok || s.From != nil
	case *ast.FuncCallExpr:
		if len(n.Args) == 0 {
			return true // NOW(), UUID(), LAST_INSERT_ID()
		}
		for _, a := range n.Args {
			if w.distinct(a) {
				return true
			}
		}
	}
	return false
}

// pattern applies a judgement to a literal pattern. A parameter or a variable
// is taken for a pattern that selects; a computed pattern is not.
func (w *walk) pattern(e ast.ExprNode, selects func(string) bool) bool {
	if s, ok := literalText(e); ok {
		return selects(s)
	}
	switch n := e.(type) {
	case *ast.ParenthesesExpr:
		return w.pattern(n.Expr, selects)
	case ast.ParamMarkerExpr, *ast.VariableExpr:
		return true
	case *ast.FuncCallExpr:
		if n.FnName.L != "concat" {
			return false
		}
		for _, a := range n.Args {
			if w.pattern(a, selects) {
				return true
			}
		}
	}
	return false
}

// likeSelects reports whether a LIKE pattern asks for any character at all.
func likeSelects(s string) bool { return strings.Trim(s, "%_") != "" && s[0] != odd }

// regexpSelects reports whether a regular expression asks for a letter or
// digit: one without repetition, choice and groups, that has one.
func regexpSelects(s string) bool {
	if s == "" || s[0] == odd || strings.ContainsAny(s, "*?|({\\") {
		return false
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
	}) && !strings.Contains(s, "[")
}
