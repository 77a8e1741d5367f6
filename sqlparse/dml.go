package sqlparse

import (
	"cmp"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// targets are the tables that the columns of an INSERT, UPDATE or DELETE may
// belong to.
type targets struct {
	tables  []target
	read    map[string]bool // the names, and "" for all tables, whose needs were asked for already
	derived map[string]bool // names of sub-queries, in lower case, which no server changes
}

// mostTargets bounds the tables of one UPDATE or DELETE. The servers join no
// more than 61.
const mostTargets = 256

// derive notes the name of a sub-query among the tables.
func (t *targets) derive(name string) {
	if t.derived == nil {
		t.derived = map[string]bool{}
	}
	t.derived[name] = true
}

// target is one base table and the name that columns use for it.
type target struct {
	name  string // alias or table name, in lower case
	table *ast.TableName
}

// column notes that a column is read, qualified by name or bare. The server
// asks for SELECT on the table of every column that an UPDATE, DELETE or INSERT
// reads. Without the tables' columns at hand, a bare name may belong to any of them.
func (w *walk) column(qualifier string) {
	if w.target == nil {
		return
	}
	if w.target.read[""] || w.target.read[qualifier] {
		return
	}
	if w.target.read == nil {
		w.target.read = map[string]bool{}
	}
	w.target.read[qualifier] = true
	for _, t := range w.target.tables {
		if qualifier == "" || t.name == qualifier {
			w.table(t.table, "SELECT")
		}
	}
}

// collect gathers the base tables of a FROM clause.
func (w *walk) collect(node ast.ResultSetNode, into *targets) {
	switch n := node.(type) {
	case *ast.Join:
		w.collect(n.Left, into)
		if n.Right != nil {
			w.collect(n.Right, into)
		}
	case *ast.TableSource:
		t, ok := n.Source.(*ast.TableName)
		switch {
		case !ok:
			if j, isJoin := n.Source.(*ast.Join); isJoin {
				w.collect(j, into)
			} else {
				into.derive(n.AsName.L)
			}
		case w.isCTE(t):
			into.derive(cmp.Or(n.AsName.L, t.Name.L))
		case n.AsName.L != "":
			into.tables = append(into.tables, target{name: n.AsName.L, table: t})
		default:
			into.tables = append(into.tables, target{name: t.Name.L, table: t})
		}
		if len(into.tables) > mostTargets {
			w.refuse("too many tables are joined")
		}
	}
}

func (w *walk) insert(n *ast.InsertStmt) {
	w.st.Kind = insertKind(n)
	t := w.only(n.Table)
	if t == nil {
		w.refuse("INSERT into something that is not one table")
		return
	}
	w.table(t, "INSERT")
	if n.IsReplace {
		w.replaces(t)
	}
	if len(n.OnDuplicate) > 0 {
		w.table(t, "UPDATE")
		if w.mariaDB() {
			w.table(t, "SELECT") // whatever is set to what
		}
	}
	w.query(n.Select)
	if n.Select == nil {
		w.target = &targets{tables: []target{{name: t.Name.L, table: t}}}
	}
	for _, row := range n.Lists {
		w.exprs(row)
	}
	w.target = &targets{tables: []target{{name: t.Name.L, table: t}}}
	for _, a := range n.OnDuplicate {
		w.expr(a.Expr)
	}
}

// insertKind names the event: VALUES ROW() is a plain insert to the server.
func insertKind(n *ast.InsertStmt) Kind {
	fromQuery := n.Select != nil
	if s, ok := n.Select.(*ast.SelectStmt); ok && s.Kind == ast.SelectStmtKindValues {
		fromQuery = false
	}
	switch {
	case n.IsReplace && fromQuery:
		return "replace_select"
	case n.IsReplace:
		return "replace"
	case fromQuery:
		return "insert_select"
	}
	return "insert"
}

// only returns the one table of a clause, nil if there are more or it is a query.
func (w *walk) only(clause *ast.TableRefsClause) *ast.TableName {
	var all targets
	if clause == nil || clause.TableRefs == nil {
		return nil
	}
	w.collect(clause.TableRefs, &all)
	if len(all.tables) != 1 {
		return nil
	}
	return all.tables[0].table
}

func (w *walk) update(n *ast.UpdateStmt) {
	leave := w.with(n.With)
	defer leave()
	all := &targets{}
	w.collect(n.TableRefs.TableRefs, all)
	w.st.Kind = "update"
	if n.MultipleTable || n.TableRefs.TableRefs.Right != nil {
		w.st.Kind = "update_multi"
	}
	w.target = all
	changed := w.assigned(n.List, all)
	w.joined(n.TableRefs.TableRefs, changed)
	for _, a := range n.List {
		w.expr(a.Expr)
	}
	w.expr(n.Where)
	w.tail(n.Order, n.Limit)
	w.rows(n.Where, n.Limit, w.st.Kind == "update")
}

// assigned adds UPDATE on the tables whose columns are set. A bare name may
// belong to any table of the join.
func (w *walk) assigned(list []*ast.Assignment, all *targets) map[*ast.TableName]bool {
	changed := map[*ast.TableName]bool{}
	found := false
	for _, a := range list {
		found = found || all.derived[a.Column.Table.L]
		for _, t := range all.tables {
			if a.Column.Table.L == "" || a.Column.Table.L == t.name {
				changed[t.table] = true
				w.table(t.table, "UPDATE")
			}
		}
	}
	if len(changed) == 0 && !found && len(all.tables) > 0 {
		w.refuse("UPDATE of a table that is not named in it")
	}
	return changed
}

// joined walks the tables of an UPDATE or DELETE: those that are not changed
// are read, and so is every table that a join condition names.
func (w *walk) joined(node ast.ResultSetNode, changed map[*ast.TableName]bool) {
	switch n := node.(type) {
	case nil:
	case *ast.Join:
		w.joined(n.Left, changed)
		w.joined(n.Right, changed)
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
		t, ok := n.Source.(*ast.TableName)
		switch j, isJoin := n.Source.(*ast.Join); {
		case isJoin:
			w.joined(j, changed)
		case !ok || !changed[t]:
			w.from(n, nil)
		}
	default:
		w.from(node, nil)
	}
}

func (w *walk) delete(n *ast.DeleteStmt) {
	leave := w.with(n.With)
	defer leave()
	all := &targets{}
	w.collect(n.TableRefs.TableRefs, all)
	w.st.Kind, w.st.Destructive = "delete", true
	changed := map[*ast.TableName]bool{}
	if n.IsMultiTable {
		w.st.Kind = "delete_multi"
		w.deleted(n.Tables.Tables, all, changed)
		w.readsTargets(all)
	} else {
		for _, t := range all.tables {
			changed[t.table] = true
			w.table(t.table, "DELETE")
		}
	}
	w.target = all
	w.joined(n.TableRefs.TableRefs, changed)
	w.expr(n.Where)
	w.tail(n.Order, n.Limit)
	w.rows(n.Where, n.Limit, w.st.Kind == "delete")
}

// readsTargets asks for SELECT on every table of a DELETE that names its
// tables apart, as the servers do.
func (w *walk) readsTargets(all *targets) {
	for _, t := range all.tables {
		w.table(t.table, "SELECT")
	}
}

// deleted resolves the names before FROM (or after it, with USING) of a
// multi-table DELETE: an alias first, then a table.
func (w *walk) deleted(names []*ast.TableName, all *targets, changed map[*ast.TableName]bool) {
	if w.refusal != "" {
		return
	}
	for _, name := range names {
		found := all.derived[name.Name.L]
		for _, t := range all.tables {
			if matches(name, t) {
				found, changed[t.table] = true, true
				w.table(t.table, "DELETE")
			}
		}
		if !found {
			w.refuse("DELETE from a table that is not named in it")
		}
	}
}

// matches reports whether a name given for deletion means t. A qualified name
// means the table of that schema, whatever its alias.
func matches(name *ast.TableName, t target) bool {
	if name.Schema.L == "" {
		return name.Name.L == t.name || name.Name.L == t.table.Name.L
	}
	return (name.Name.L == t.name || name.Name.L == t.table.Name.L) &&
		(t.table.Schema.L == "" || t.table.Schema.L == name.Schema.L)
}

func (w *walk) loadData(n *ast.LoadDataStmt) {
	w.st.Kind = "load"
	w.table(n.Table, "INSERT")
	if n.OnDuplicate == ast.OnDuplicateKeyHandlingReplace {
		w.replaces(n.Table)
	}
	if n.FileLocRef == ast.FileLocClient {
		w.table(n.Table, LoadDataLocal)
	} else {
		w.global("FILE")
	}
	w.target = &targets{tables: []target{{name: n.Table.Name.L, table: n.Table}}}
	for _, a := range n.ColumnAssignments {
		w.expr(a.Expr)
	}
}
