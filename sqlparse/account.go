package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
)

// account reads statements on accounts, roles and privileges.
func (w *walk) account(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.CreateUserStmt:
		w.st.Kind = "create_user"
		if n.IsCreateRole {
			w.st.Kind = "create_role"
		}
		w.global("CREATE USER")
	case *ast.AlterUserStmt:
		w.st.Kind = "alter_user"
		w.global("CREATE USER")
	case *ast.DropUserStmt:
		w.drop("drop_user")
		if n.IsDropRole {
			w.drop("drop_role")
		}
		w.global("CREATE USER")
	case *ast.RenameUserStmt:
		w.st.Kind = "rename_user"
		w.global("CREATE USER")
	case *ast.SetPwdStmt:
		w.st.Kind = w.either("set_password", "set_option")
		w.global("CREATE USER")
	default:
		return w.role(node) || w.grants(node)
	}
	return true
}

func (w *walk) role(node ast.StmtNode) bool {
	switch node.(type) {
	case *ast.SetRoleStmt:
		w.st.Kind = w.either("set_role", "set_option")
	case *ast.SetDefaultRoleStmt:
		w.st.Kind = w.either("alter_user_default_role", "set_option")
		w.global("CREATE USER")
	case *ast.GrantRoleStmt:
		w.st.Kind = w.either("grant_roles", "grant_role")
		w.global("ROLE_ADMIN")
	case *ast.RevokeRoleStmt:
		w.st.Kind = w.either("revoke_roles", "revoke_role")
		w.global("ROLE_ADMIN")
	default:
		return false
	}
	return true
}

// grants reads GRANT and REVOKE: GRANT OPTION and what is given, both on the level named.
func (w *walk) grants(node ast.StmtNode) bool {
	switch n := node.(type) {
	case *ast.GrantStmt:
		w.st.Kind = "grant"
		w.passOn(n.Privs, n.ObjectType, n.Level)
	case *ast.RevokeStmt:
		w.st.Kind = "revoke"
		w.passOn(n.Privs, n.ObjectType, n.Level)
	case *ast.GrantProxyStmt:
		w.st.Kind = "grant"
		w.global("GRANT OPTION")
		w.global(AllPrivileges)
	default:
		return false
	}
	return true
}

func (w *walk) passOn(privs []*ast.PrivElem, tp ast.ObjectTypeType, level *ast.GrantLevel) {
	o := levelObject(tp, level)
	w.need("GRANT OPTION", o)
	for _, p := range privs {
		for _, name := range grantedNames(p, o) {
			w.need(name, o)
		}
	}
}

func levelObject(tp ast.ObjectTypeType, level *ast.GrantLevel) Object {
	switch level.Level {
	case ast.GrantLevelDB:
		return Object{Type: Schema, Schema: level.DBName}
	case ast.GrantLevelTable:
		o := Object{Type: Table, Schema: level.DBName, Name: level.TableName}
		if tp == ast.ObjectTypeFunction || tp == ast.ObjectTypeProcedure {
			o.Type = Routine
		}
		return o
	}
	return Object{}
}

// grantedNames is a privilege in GRANT's words as the verbs it stands for.
func grantedNames(p *ast.PrivElem, o Object) []Privilege {
	switch p.Priv {
	case mysql.AllPriv:
		return []Privilege{AllPrivileges}
	case mysql.UsagePriv:
		return nil
	case mysql.DropPriv:
		names := []Privilege{DropTable, DropView, Truncate}
		if o.Type != Table {
			names = append(names, DropDatabase)
		}
		return names
	case mysql.ExtendedPriv:
		return []Privilege{Privilege(strings.ToUpper(p.Name))}
	}
	name := strings.ToUpper(mysql.Priv2Str[p.Priv])
	if name == "" {
		return []Privilege{AllPrivileges}
	}
	return []Privilege{Privilege(name)}
}
