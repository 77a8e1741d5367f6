package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// show reads SHOW in its forms. What lists objects shows each account what it
// may see; what describes one asks for any privilege on it.
func (w *walk) show(n *ast.ShowStmt) {
	if n.Pattern != nil {
		w.expr(n.Pattern)
	}
	w.expr(n.Where)
	if !w.showObject(n) && !w.showServer(n) {
		w.refuse("no reading for this SHOW")
	}
}

// showObject reads the forms that name a table, a database or a routine.
func (w *walk) showObject(n *ast.ShowStmt) bool {
	switch n.Tp {
	case ast.ShowTables:
		w.st.Kind = "show_tables"
		w.schema(AnyPrivilege, n.DBName)
	case ast.ShowTableStatus:
		w.st.Kind = "show_table_status"
		w.schema(AnyPrivilege, n.DBName)
	case ast.ShowOpenTables:
		w.st.Kind = "show_open_tables"
	case ast.ShowColumns:
		w.st.Kind = "show_fields"
		w.describes(n)
	case ast.ShowIndex:
		w.st.Kind = "show_keys"
		w.describes(n)
	case ast.ShowCreateTable:
		w.st.Kind = "show_create_table"
		w.describes(n)
	case ast.ShowCreateView:
		w.st.Kind = "show_create_table"
		w.table(n.Table, "SELECT", "SHOW VIEW")
	case ast.ShowCreateDatabase:
		w.st.Kind = "show_create_db"
		w.schema(AnyPrivilege, n.DBName)
	case ast.ShowTriggers:
		w.st.Kind = "show_triggers"
		w.schema(AnyPrivilege, n.DBName)
	case ast.ShowEvents:
		w.st.Kind = "show_events"
		w.schema("EVENT", n.DBName)
	case ast.ShowCreateProcedure:
		w.st.Kind = "show_create_proc"
		w.need(AnyPrivilege, routineObject(n.Procedure.Schema.O, n.Procedure.Name.O))
	default:
		return false
	}
	return true
}

// describes adds the need to see a table. information_schema is open to all.
func (w *walk) describes(n *ast.ShowStmt) {
	if n.Table == nil {
		w.refuse("SHOW of no table")
		return
	}
	o := tableObject(n.Table)
	if o.Schema == "" {
		o.Schema = n.DBName
	}
	if !isInformationSchema(o.Schema) {
		w.need(AnyPrivilege, o)
	}
}

// showServer reads the forms about the server and its accounts.
func (w *walk) showServer(n *ast.ShowStmt) bool {
	switch n.Tp {
	case ast.ShowWarnings, ast.ShowErrors:
		w.showDiagnostics(n)
	case ast.ShowMasterStatus, ast.ShowBinlogStatus:
		w.st.Kind = w.since84("show_binary_log_status", "show_master_status", "show_binlog_status")
		w.global("REPLICATION CLIENT")
	case ast.ShowReplicaStatus:
		w.st.Kind = w.since84("show_replica_status", "show_slave_status", "show_slave_status")
		w.global("REPLICATION CLIENT")
	case ast.ShowCreateUser:
		w.st.Kind = "show_create_user"
		w.showAccount(n)
	case ast.ShowGrants:
		w.st.Kind = "show_grants"
		w.showAccount(n)
	default:
		kind, ok := freeShows(n.Tp)
		w.st.Kind = kind
		return ok
	}
	return true
}

// showDiagnostics reads SHOW WARNINGS; SHOW COUNT(*) WARNINGS is a select.
func (w *walk) showDiagnostics(n *ast.ShowStmt) {
	switch {
	case n.CountWarningsOrErrors:
		w.st.Kind = "select"
	case n.Tp == ast.ShowErrors:
		w.st.Kind = "show_errors"
	default:
		w.st.Kind = "show_warnings"
	}
}

// showAccount asks for SELECT on the grant tables where another account is shown.
func (w *walk) showAccount(n *ast.ShowStmt) {
	if n.User != nil && !n.User.CurrentUser {
		w.schema("SELECT", "mysql")
	}
}

// freeShows names the forms that need no privilege.
func freeShows(tp ast.ShowStmtType) (Kind, bool) {
	switch tp {
	case ast.ShowDatabases:
		return "show_databases", true
	case ast.ShowEngines:
		return "show_storage_engines", true
	case ast.ShowCharset:
		return "show_charsets", true
	case ast.ShowCollation:
		return "show_collations", true
	case ast.ShowVariables:
		return "show_variables", true
	case ast.ShowStatus:
		return "show_status", true
	case ast.ShowProcessList:
		return "show_processlist", true
	case ast.ShowPlugins:
		return "show_plugins", true
	case ast.ShowProfile:
		return "show_profile", true
	case ast.ShowProfiles:
		return "show_profiles", true
	case ast.ShowPrivileges:
		return "show_privileges", true
	case ast.ShowProcedureStatus:
		return "show_procedure_status", true
	case ast.ShowFunctionStatus:
		return "show_function_status", true
	}
	return Unknown, false
}
