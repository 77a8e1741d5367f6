package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// ddl reads statements that define or remove objects.
func (w *walk) ddl(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.CreateDatabaseStmt:
		w.st.Kind = "create_db"
		w.schema("CREATE", n.Name.O)
	case *ast.AlterDatabaseStmt:
		w.st.Kind = "alter_db"
		w.schema("ALTER", n.Name.O)
	case *ast.DropDatabaseStmt:
		w.drop("drop_db")
		w.schema(DropDatabase, n.Name.O)
	case *ast.CreateTableStmt:
		w.createTable(n)
	case *ast.AlterTableStmt:
		w.alterTable(n)
	case *ast.DropTableStmt:
		w.dropTable(n)
	case *ast.TruncateTableStmt:
		w.drop("truncate")
		w.table(n.Table, Truncate)
	case *ast.RenameTableStmt:
		w.st.Kind = "rename_table"
		for _, pair := range n.TableToTables {
			w.rename(pair.OldTable, pair.NewTable)
		}
	case *ast.CreateIndexStmt:
		w.st.Kind = "create_index"
		w.table(n.Table, "INDEX")
		w.keyParts(n.IndexPartSpecifications)
	case *ast.DropIndexStmt:
		w.drop("drop_index")
		w.table(n.Table, "INDEX")
	case *ast.CreateViewStmt:
		w.createView(n)
	default:
		return w.routineDDL(node)
	}
	return true
}

// routineDDL reads the routines and sequences that the grammar knows.
func (w *walk) routineDDL(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.DropProcedureStmt:
		w.drop("drop_procedure")
		w.need("ALTER ROUTINE", routineObject(n.ProcedureName.Schema.O, n.ProcedureName.Name.O))
	case *ast.CreateSequenceStmt:
		w.st.Kind = "create_sequence"
		w.table(n.Name, "CREATE")
	case *ast.AlterSequenceStmt:
		w.st.Kind = "alter_sequence"
		w.table(n.Name, "ALTER")
	case *ast.DropSequenceStmt:
		w.drop("drop_sequence")
		for _, t := range n.Sequences {
			w.table(t, DropTable)
		}
	default:
		return false
	}
	return true
}

// drop names a statement that takes something away.
func (w *walk) drop(kind Kind) { w.st.Kind, w.st.Destructive = kind, true }

// rename asks for what taking the table away and making it anew would.
func (w *walk) rename(from, to *ast.TableName) {
	w.table(from, "ALTER", DropTable)
	w.table(to, "CREATE", "INSERT")
}

// dropTable reads DROP TABLE and DROP VIEW. DROP TEMPORARY TABLE takes away
// only what the session made itself: any privilege there will do.
func (w *walk) dropTable(n *ast.DropTableStmt) {
	w.drop("drop_table")
	privilege := DropTable
	if n.IsView {
		w.drop("drop_view")
		privilege = DropView
	}
	for _, t := range n.Tables {
		if n.TemporaryKeyword == ast.TemporaryLocal {
			w.schema(AnyPrivilege, t.Schema.O)
		} else {
			w.table(t, privilege)
		}
	}
}

func (w *walk) createView(n *ast.CreateViewStmt) {
	w.st.Kind = "create_view"
	w.table(n.ViewName, "CREATE VIEW")
	if n.OrReplace {
		w.st.Destructive = true
		w.table(n.ViewName, DropView)
	}
	if n.Definer != nil && !n.Definer.CurrentUser {
		w.global("SET_USER_ID")
	}
	w.query(n.Select)
}

func (w *walk) createTable(n *ast.CreateTableStmt) {
	w.st.Kind = "create_table"
	temporary := n.TemporaryKeyword == ast.TemporaryLocal
	if temporary {
		w.schema("CREATE TEMPORARY TABLES", n.Table.Schema.O)
	} else {
		w.table(n.Table, "CREATE")
	}
	if n.ReferTable != nil {
		w.table(n.ReferTable, "SELECT")
	}
	w.columns(n.Table, n.Cols)
	w.constraints(n.Table, n.Constraints)
	w.tableOptions(n.Options)
	w.partition(n.Partition)
	if n.Select != nil {
		if !temporary {
			w.table(n.Table, "INSERT")
		}
		w.query(n.Select)
	}
}

// columns walks column definitions for the expressions and tables in them.
func (w *walk) columns(t *ast.TableName, list []*ast.ColumnDef) {
	for _, c := range list {
		for _, o := range c.Options {
			w.expr(o.Expr)
			if o.Refer != nil && o.Refer.Table != nil {
				w.references(t, o.Refer.Table)
			}
		}
	}
}

func (w *walk) constraints(t *ast.TableName, list []*ast.Constraint) {
	for _, c := range list {
		if c.Refer != nil && c.Refer.Table != nil {
			w.references(t, c.Refer.Table)
		}
		w.keyParts(c.Keys)
		w.expr(c.Expr)
	}
}

// references asks for REFERENCES on the parent of a foreign key, which without
// a schema is in its child's. MariaDB looks for the privilege in the session's own.
func (w *walk) references(child, parent *ast.TableName) {
	if parent.Schema.O != "" || child == nil || child.Schema.O == "" {
		w.table(parent, "REFERENCES")
		return
	}
	w.table(baseTable(child.Schema.O, parent.Name.O), "REFERENCES")
	if w.mariaDB() {
		w.table(parent, "REFERENCES")
	}
}

func (w *walk) keyParts(parts []*ast.IndexPartSpecification) {
	for _, p := range parts {
		w.expr(p.Expr)
	}
}

// tableOptions walks UNION=(...) of a MERGE table, through which its tables
// can be read and changed, and the directories of a table on the server's disk.
func (w *walk) tableOptions(options []*ast.TableOption) {
	for _, o := range options {
		for _, t := range o.TableNames {
			w.table(t, "SELECT", "UPDATE", "DELETE")
		}
	}
}

func (w *walk) partition(p *ast.PartitionOptions) {
	if p == nil {
		return
	}
	w.expr(p.Expr)
	if p.Sub != nil {
		w.expr(p.Sub.Expr)
	}
	w.partitionDefinitions(p.Definitions)
}

func (w *walk) partitionDefinitions(list []*ast.PartitionDefinition) {
	for _, d := range list {
		switch c := d.Clause.(type) {
		case *ast.PartitionDefinitionClauseLessThan:
			w.exprs(c.Exprs)
		case *ast.PartitionDefinitionClauseIn:
			for _, row := range c.Values {
				w.exprs(row)
			}
		}
	}
}
