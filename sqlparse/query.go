package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// cteScope is what one WITH clause has defined so far, by name in lower case.
type cteScope map[string]*ast.CommonTableExpression

// query walks a SELECT, a set operation, TABLE or VALUES in any position.
func (w *walk) query(node ast.Node) {
	switch n := node.(type) {
	case nil:
	case *ast.SelectStmt:
		w.selectStmt(n)
	case *ast.SetOprStmt:
		leave := w.with(n.With)
		if n.SelectList != nil {
			w.query(n.SelectList)
		}
		w.tail(n.OrderBy, n.Limit)
		leave()
	case *ast.SetOprSelectList:
		leave := w.with(n.With)
		for _, s := range n.Selects {
			w.query(s)
		}
		w.tail(n.OrderBy, n.Limit)
		leave()
	case *ast.SubqueryExpr:
		w.query(n.Query)
	default:
		w.refuse("no reading for a query of this form")
	}
}

func (w *walk) selectStmt(n *ast.SelectStmt) {
	leave := w.with(n.With)
	defer leave()
	if n.From != nil {
		w.from(n.From.TableRefs, n.LockInfo)
	}
	if n.Fields != nil {
		for _, f := range n.Fields.Fields {
			w.expr(f.Expr)
			if f.WildCard != nil {
				w.column(f.WildCard.Table.L)
			}
		}
	}
	for _, row := range n.Lists {
		w.expr(row)
	}
	w.expr(n.Where)
	if n.GroupBy != nil {
		w.byItems(n.GroupBy.Items)
	}
	if n.Having != nil {
		w.expr(n.Having.Expr)
	}
	for i := range n.WindowSpecs {
		w.window(&n.WindowSpecs[i])
	}
	w.tail(n.OrderBy, n.Limit)
	if n.SelectIntoOpt != nil {
		w.into(n.SelectIntoOpt)
	}
}

// into reads INTO OUTFILE and INTO DUMPFILE, which write on the server's disk.
func (w *walk) into(n *ast.SelectIntoOption) {
	switch n.Tp {
	case ast.SelectIntoOutfile, ast.SelectIntoDumpfile:
		w.global("FILE")
	case ast.SelectIntoVars:
	default:
		w.refuse("no reading for this INTO")
	}
}

func (w *walk) tail(order *ast.OrderByClause, limit *ast.Limit) {
	if order != nil {
		w.byItems(order.Items)
	}
	if limit != nil {
		w.expr(limit.Count)
		w.expr(limit.Offset)
	}
}

func (w *walk) byItems(items []*ast.ByItem) {
	for _, i := range items {
		w.expr(i.Expr)
	}
}

func (w *walk) window(s *ast.WindowSpec) {
	if s.PartitionBy != nil {
		w.byItems(s.PartitionBy.Items)
	}
	if s.OrderBy != nil {
		w.byItems(s.OrderBy.Items)
	}
	if s.Frame != nil {
		w.expr(s.Frame.Extent.Start.Expr)
		w.expr(s.Frame.Extent.End.Expr)
	}
}

// with opens a WITH clause and returns what closes it. The name of a
// non-recursive CTE is, inside its own definition, the base table; MariaDB
// lets recursive ones refer to names defined later.
func (w *walk) with(n *ast.WithClause) func() {
	if n == nil {
		return func() {}
	}
	scope := cteScope{}
	w.ctes = append(w.ctes, scope)
	define := func(c *ast.CommonTableExpression) { scope[c.Name.L] = c }
	if n.IsRecursive && w.mariaDB() {
		for _, c := range n.CTEs {
			define(c)
		}
	}
	for _, c := range n.CTEs {
		if n.IsRecursive {
			define(c)
		}
		w.query(c.Query)
		define(c)
	}
	return func() { w.ctes = w.ctes[:len(w.ctes)-1] }
}

// isCTE reports whether a table's name is that of a CTE in scope.
func (w *walk) isCTE(t *ast.TableName) bool { return w.cte(t) != nil }

// cte returns the CTE in scope that a table's name stands for, or nil.
func (w *walk) cte(t *ast.TableName) *ast.CommonTableExpression {
	if t.Schema.O != "" {
		return nil
	}
	for i := len(w.ctes) - 1; i >= 0; i-- {
		if c := w.ctes[i][t.Name.L]; c != nil {
			return c
		}
	}
	return nil
}

// from walks the tables of a FROM clause, each of which is read. lock may be nil.
func (w *walk) from(node ast.ResultSetNode, lock *ast.SelectLockInfo) {
	switch n := node.(type) {
	case nil:
	case *ast.Join:
		w.from(n.Left, lock)
		w.from(n.Right, lock)
		if n.On != nil {
			w.expr(n.On.Expr)
		}
		for _, c := range n.Using {
			w.column(c.Table.L)
		}
		if n.NaturalJoin {
			w.column("")
		}
	case *ast.TableSource:
		w.source(n, lock)
	case *ast.TableName:
		w.reads(n)
	default:
		w.query(node)
	}
}

func (w *walk) source(n *ast.TableSource, lock *ast.SelectLockInfo) {
	t, ok := n.Source.(*ast.TableName)
	if !ok {
		w.from(n.Source, nil)
		return
	}
	w.reads(t)
	if !w.isCTE(t) && w.locksRows(lock, n, t) {
		w.table(t, "UPDATE")
	}
}

// reads adds the need to read a table named in a FROM clause. Tables of
// information_schema show each account what it may see, and need nothing.
func (w *walk) reads(t *ast.TableName) {
	if t.TableSample != nil {
		w.expr(t.TableSample.Expr)
		w.expr(t.TableSample.RepeatableSeed)
	}
	if t.AsOf != nil {
		w.expr(t.AsOf.TsExpr)
	}
	if w.isCTE(t) {
		return
	}
	if isInformationSchema(t.Schema.O) {
		w.information(t)
		return
	}
	w.table(t, "SELECT")
}

// information asks for what the tables of information_schema need that show
// the server's own files.
func (w *walk) information(t *ast.TableName) {
	if strings.HasPrefix(t.Name.L, "innodb_") || t.Name.L == "files" && !w.mariaDB() {
		w.global("PROCESS")
	}
}

func isInformationSchema(name string) bool {
	return strings.EqualFold(name, "information_schema")
}

// locksRows reports whether FOR UPDATE takes rows of the table. MySQL asks for
// UPDATE, DELETE or LOCK TABLES beside SELECT; UPDATE is the one of them asked
// for here. FOR SHARE needs SELECT alone, as does FOR UPDATE on MariaDB.
func (w *walk) locksRows(lock *ast.SelectLockInfo, source *ast.TableSource, t *ast.TableName) bool {
	if lock == nil || w.mariaDB() || w.mode.Server.Version < 80000 {
		return false
	}
	switch lock.LockType {
	case ast.SelectLockForUpdate, ast.SelectLockForUpdateNoWait, ast.SelectLockForUpdateWaitN, ast.SelectLockForUpdateSkipLocked:
	default:
		return false
	}
	if len(lock.Tables) == 0 {
		return true
	}
	name := source.AsName.L
	if name == "" {
		name = t.Name.L
	}
	for _, of := range lock.Tables {
		if of.Name.L == name {
			return true
		}
	}
	return false
}
