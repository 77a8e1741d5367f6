package sqlparse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// walk reads one parsed statement. Every switch over nodes has a default arm
// that refuses, so a node the grammar gains later makes a statement Unknown.
type walk struct {
	reader *Reader
	mode   Mode
	depth  int
	st     Statement
	needed map[Need]bool // the needs in st, once there are more than a few
	ctes   []cteScope
	// target is set while an UPDATE, DELETE or INSERT is walked: the tables whose
	// columns its expressions may read.
	target  *targets
	visits  int // of parts of conditions
	literal bool
	// modeBound is set where a text inside, which the server reads when it runs
	// the statement, may read otherwise in another mode.
	modeBound bool
	refusal   string
	final     bool // the refusal stands whatever another way of reading would say
}

// refuse makes the statement Unknown; the first reason stands.
func (w *walk) refuse(format string, args ...any) {
	if w.refusal == "" {
		w.refusal = fmt.Sprintf(format, args...)
	}
}

// deny refuses for good: another way of reading must not be tried.
func (w *walk) deny(reason string) {
	w.refuse("%s", reason)
	w.final = true
}

func (w *walk) mariaDB() bool { return w.mode.Server.Flavour == MariaDB }

// either picks the kind's name on the flavour at hand.
func (w *walk) either(mysql, mariadb Kind) Kind {
	if w.mariaDB() {
		return mariadb
	}
	return mysql
}

// since84 picks the kind's name where MySQL 8.4 has a new one.
func (w *walk) since84(mysql, before, mariadb Kind) Kind {
	if !w.mariaDB() && w.mode.Server.Version < 80400 {
		return before
	}
	return w.either(mysql, mariadb)
}

// need adds one need, once.
func (w *walk) need(p Privilege, o Object) {
	n := Need{Privilege: p, Object: o}
	switch {
	case len(w.st.Needs) < fewNeeds:
		if slices.Contains(w.st.Needs, n) {
			return
		}
	case w.needed[n]:
		return
	default:
		w.index()
		if w.needed[n] {
			return
		}
		w.needed[n] = true
	}
	w.st.Needs = append(w.st.Needs, n)
}

// fewNeeds is how many needs are looked through one by one.
const fewNeeds = 16

// index makes the set of the needs there are, if there is none.
func (w *walk) index() {
	if w.needed != nil {
		return
	}
	w.needed = make(map[Need]bool, 2*fewNeeds)
	for _, n := range w.st.Needs {
		w.needed[n] = true
	}
}

// global adds a need on *.*.
func (w *walk) global(p Privilege) { w.need(p, Object{}) }

// table adds needs on a table as named.
func (w *walk) table(t *ast.TableName, privileges ...Privilege) {
	if t == nil {
		return
	}
	for _, p := range privileges {
		w.need(p, tableObject(t))
	}
}

// schema adds a need on a database; an empty name is the session's own.
func (w *walk) schema(p Privilege, name string) {
	w.need(p, Object{Type: Schema, Schema: name})
}

func tableObject(t *ast.TableName) Object {
	return Object{Type: Table, Schema: t.Schema.O, Name: plainName(t.Name.O)}
}

// plainName is a name as the server has it: the canonical text marks a
// function word that is a name with a space at its end.
func plainName(name string) string { return strings.TrimSuffix(name, " ") }

// nameParts are the parts of a name that may have a schema before it.
func nameParts(schema, name string) []string {
	if schema == "" {
		return []string{name}
	}
	return []string{schema, name}
}

// statement dispatches on the kind of node.
func (w *walk) statement(node ast.StmtNode) {
	switch n := node.(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		w.st.Kind = "select"
		w.query(n)
	case *ast.InsertStmt:
		w.insert(n)
	case *ast.UpdateStmt:
		w.update(n)
	case *ast.DeleteStmt:
		w.delete(n)
	case *ast.LoadDataStmt:
		w.loadData(n)
	case *ast.CallStmt:
		w.call(n)
	case *ast.DoStmt:
		w.st.Kind = "do"
		w.exprs(n.Exprs)
	case *ast.ExplainStmt:
		w.describe(n)
	case *ast.ExplainForStmt:
		w.st.Kind, w.literal = w.either("explain_other", "show_explain"), true
		w.global("PROCESS")
	case *ast.ShowStmt:
		w.show(n)
	case *ast.ExecuteStmt:
		w.st.Kind, w.st.Effect = "execute_sql", SetsState|MayHideState
		w.exprs(n.UsingVars)
	case *ast.DeallocateStmt:
		w.st.Kind = "dealloc_sql"
	default:
		if !w.session(node) && !w.ddl(node) && !w.account(node) && !w.admin(node) {
			w.refuse("no reading for this statement")
		}
	}
}

// session reads statements on transactions and the session's schema.
func (w *walk) session(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.BeginStmt:
		w.st.Kind = "begin"
	case *ast.CommitStmt:
		w.st.Kind = "commit"
	case *ast.RollbackStmt:
		w.st.Kind = "rollback"
		if n.SavepointName != "" {
			w.st.Kind = "rollback_to_savepoint"
		}
	case *ast.SavepointStmt:
		w.st.Kind = "savepoint"
	case *ast.ReleaseSavepointStmt:
		w.st.Kind = "release_savepoint"
	case *ast.UseStmt:
		w.st.Kind, w.st.Effect = "change_db", SetsSchema
		w.schema(AnyPrivilege, n.DBName)
	default:
		return false
	}
	return true
}

// describe reads DESC t. EXPLAIN of a statement does not come this way.
func (w *walk) describe(n *ast.ExplainStmt) {
	show, ok := n.Stmt.(*ast.ShowStmt)
	if !ok {
		w.refuse("EXPLAIN of no statement")
		return
	}
	w.show(show)
}

// call reads CALL: EXECUTE on the routine, and after it the session's state
// must be read again.
func (w *walk) call(n *ast.CallStmt) {
	w.st.Kind, w.st.Effect = "call_procedure", SetsState|MayHideState
	w.exprs(n.Procedure.Args)
	o := w.calls(nameParts(n.Procedure.Schema.O, n.Procedure.FnName.O)...)
	if runsText(o) {
		w.runText(n.Procedure.Args)
	}
}
