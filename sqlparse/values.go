package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/test_driver"
	"github.com/pingcap/tidb/pkg/parser/types"
)

// Values says of what sort values are that a column is compared with: to a
// number 0 every text is equal that is no number, to a date 0 also every number
// that is no date.
type Values uint8

// The zero value promises nothing. Each sort holds those behind it.
const (
	AnyValues Values = iota
	NoDates          // texts and numbers
	Texts
)

// pinTo is a column that is held to a value.
func pinTo(column string, value ast.ExprNode) pin {
	p := pin{column: column}
	p.values = p.of(value)
	var c collates
	value.Accept(&c)
	if c.found {
		p.values = min(p.values, NoDates)
	}
	return p
}

// collates finds a COLLATE that may hold more texts to be equal than the column does.
type collates struct{ found bool }

// Enter implements ast.Visitor.
func (c *collates) Enter(n ast.Node) (ast.Node, bool) {
	if n, ok := n.(*ast.SetCollationExpr); ok && n.Collate != "binary" && !strings.HasSuffix(n.Collate, "_bin") {
		c.found = true
	}
	return n, c.found
}

// Leave implements ast.Visitor.
func (c *collates) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// of says what a value is. Of a parameter it promises all, and notes it.
func (p *pin) of(value ast.ExprNode) Values {
	switch n := value.(type) {
	case *ast.ParenthesesExpr:
		return p.of(n.Expr)
	case *ast.SetCollationExpr:
		return p.of(n.Expr)
	case *ast.FuncCastExpr:
		return castTo(n.Tp.EvalType())
	case *ast.FuncCallExpr:
		return returned(n.FnName.L)
	case *test_driver.ParamMarkerExpr:
		p.parameters = append(p.parameters, n)
		return Texts
	case *ast.UnaryOperationExpr, *ast.VariableExpr:
		return NoDates
	case ast.ValueExpr:
		switch n.GetValue().(type) {
		case string, ast.BinaryLiteral:
			return Texts
		}
		return NoDates
	}
	return AnyValues
}

func castTo(t types.EvalType) Values {
	switch t {
	case types.ETString:
		return Texts
	case types.ETInt, types.ETReal, types.ETDecimal:
		return NoDates
	}
	return AnyValues
}

// returned says what a function, of those that carries lists, gives whatever it is given.
func returned(name string) Values {
	switch name {
	case "lower", "upper", "lcase", "ucase", "trim", "hex", "unhex", "md5", "sha1", "sha", "sha2", "reverse", "left", "right", "substr", "substring",
		"inet_ntoa", "inet6_aton", "inet6_ntoa", "uuid_to_bin", "bin_to_uuid", "json_unquote":
		return Texts
	case "year", "month", "day", "dayofmonth", "hour", "to_days", "to_seconds", "unix_timestamp", "timestampdiff", "datediff", "inet_aton":
		return NoDates
	}
	return AnyValues
}
