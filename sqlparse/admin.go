package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// admin reads statements on the server and the upkeep of tables.
func (w *walk) admin(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.KillStmt:
		w.kill(n)
	case *ast.FlushStmt:
		w.flush(n)
	case *ast.ShutdownStmt:
		w.st.Kind = "shutdown"
		w.global("SHUTDOWN")
	case *ast.RestartStmt:
		w.st.Kind = "restart"
		w.global("SHUTDOWN")
	case *ast.HelpStmt:
		w.st.Kind = "help"
	case *ast.BinlogStmt:
		w.binlog()
	case *ast.LockTablesStmt:
		w.st.Kind = "lock_tables"
		for _, l := range n.TableLocks {
			w.table(l.Table, "SELECT", "LOCK TABLES")
		}
	case *ast.UnlockTablesStmt:
		w.st.Kind = "unlock_tables"
	case *ast.AnalyzeTableStmt:
		w.st.Kind = "analyze"
		for _, t := range n.TableNames {
			w.table(t, "SELECT", "INSERT")
		}
	case *ast.OptimizeTableStmt:
		w.st.Kind = "optimize"
		w.unlogged(n.NoWriteToBinLog)
		for _, t := range n.Tables {
			w.table(t, "SELECT", "INSERT")
		}
	default:
		return false
	}
	return true
}

// binlog reads BINLOG, whose rows may be of any table: nobody reads them here.
func (w *walk) binlog() {
	w.st.Kind = "binlog"
	w.global("BINLOG_ADMIN")
	w.global(Unparsed)
}

// kill reads KILL. Everyone may end a query of their own account, which is how
// drivers give up on one; ending a connection asks for CONNECTION_ADMIN here,
// as it does on the server for the connections of others.
func (w *walk) kill(n *ast.KillStmt) {
	w.st.Kind, w.literal = "kill", true
	w.expr(n.Expr)
	if !n.Query {
		w.global("CONNECTION_ADMIN")
	}
}

// unlogged asks for what keeping an OPTIMIZE out of the binary log needs.
func (w *walk) unlogged(is bool) {
	if is && !w.mariaDB() && w.mode.Server.Version >= 80400 {
		w.global("OPTIMIZE_LOCAL_TABLE")
	}
}

func (w *walk) flush(n *ast.FlushStmt) {
	w.st.Kind = "flush"
	w.global("RELOAD")
	for _, t := range n.Tables {
		if n.ReadLock {
			w.table(t, "SELECT", "LOCK TABLES")
		}
	}
}
