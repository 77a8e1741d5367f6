package sqlparse_test

import (
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// exception is a difference from the server's own word on needs, with its
// reason. DESIGN.md says it in other words.
type exception struct {
	server     string // mysql or mariadb; empty for both
	kinds      string // separated by spaces; empty for all
	privileges string // separated by commas, or in lacking a part of the answer; empty for all
	text       string // what the statement holds, in any case; empty for all
	reason     string
}

// lacking are the statements whose needs are not enough on the server, which
// then refuses them: there is no privilege to ask for, or only the server knows
// it. privileges is a part of its answer here.
var lacking = []exception{
	{"", "grant revoke", "", "PROXY", "PROXY is given on an account; ALL and GRANT OPTION on *.* are asked for"},
	{"mariadb", "grant_role revoke_role", "", "", "a role is handed on by those who have it WITH ADMIN OPTION, by no privilege"},
	{"mysql", "alter_library drop_library", "", "", "the test's libraries are root's, and only a SYSTEM_USER may touch what is one's"},
	{"mysql", "drop_masking_policy show_create_masking_policy", "", "", "its privilege comes with a component"},
	{"", "call_procedure", "", "CALL SYS.", "what a routine does with its caller's rights only the server knows"},
	{"", "select", "", "FROM SYS.", "the views of sys read with their caller's rights, and what they read only the server knows"},
	{"", "", "", "VIEW_STATIONS", "a view with SQL SECURITY INVOKER: the same"},
	{"", "", "", "VIEW_TARGET", "the same"},
	{"", "", "EXPLAIN/SHOW can not be issued", "", "of a view EXPLAIN wants SHOW VIEW and SELECT on its tables; what is a view, and of which, only the server knows"},
	{"", "create_view", "execute command denied", "", "a view of a view that calls functions: which, only the server knows"},
	{"", "show_create_table", "SHOW VIEW command denied", "", "it is a view, which its name does not tell"},
	{"mysql", "select", "REPLICATION_SLAVE_ADMIN", "ASYNCHRONOUS_CONNECTION_FAILOVER_", "a loadable function, asked EXECUTE for; this one looks for a privilege itself"},
	{"mariadb", "", "SELECT, INSERT command denied", "", "a column's default is the next value of a sequence: which, only the server knows"},
	{"mariadb", "update", "'row_end'", "", "of a table with system versioning the rows' ends are read, too; which are such, only the server knows"},
	{"mariadb", "update", "'e'", "update t1 set e= 1", "the same: e is the end"},
	{"mariadb", "", "", "#MYSQL50#", "GRANT takes no such name: it is a table's file that an older version made"},
	{"mysql", "select", "in call to regexp_like", "@TRACE", "the variable is set in the administrator's session alone"},
}

// beyond are needs that the server does not ask for.
var beyond = []exception{
	{"", "create_procedure create_function create_trigger create_event alter_event create_package_body", "", "",
		"what a body needs is asked for when it is made; the servers ask its definer when it runs"},
	{"", "prepare_sql", "", "DROP", "what a text needs is asked for when it is prepared; the servers ask when it runs, of some texts only then"},
	{"mariadb", "prepare_sql", "", "USE", "the same"},
	{"mariadb", "compound_sql", "EXECUTE", "FOR r IN c(", "a cursor's arguments look like a function's"},
	{"", "select insert update", "FILE", "LOAD_FILE", "without it the servers return NULL"},
	{"", "set_password set_option alter_user", "CREATE USER", "", "one may change oneself on the server; an application has no business to"},
	{"mariadb", "grant", "CREATE USER", "", "MariaDB takes UPDATE on its own tables for it"},
	{"", "kill", "CONNECTION_ADMIN", "", "one may end one's own connections on the server; whose an id is only the server knows"},
	{"", "explain_other show_explain show_analyze", "PROCESS", "", "one may look at one's own connections; whose an id is only the server knows"},
	{"", "show_create_func show_create_proc show_create_package show_create_package_body show_create_library", "ANY", "", "without it the servers show an empty body"},
	{"", "alter_table", "ALTER", "PARTITION", "the upkeep of partitions goes through ALTER TABLE, and is asked ALTER for"},
	{"mariadb", "alter_table", "INSERT", "CONVERT", "rows move from one table to the other, as with EXCHANGE PARTITION"},
	{"", "update update_multi delete_multi", "SELECT", "", "without the tables' columns a bare name may be any table's, and a joined one is read"},
	{"", "update_multi", "UPDATE", "JOIN", "the same, of the columns that are set"},
	{"", "update_multi", "UPDATE", "update t1,t2 set", "the same"},
	{"", "insert replace delete", "SELECT", "(SELECT", "the same, of the columns that a sub-query reads"},
	{"", "insert_select", "SELECT", "ON DUPLICATE KEY UPDATE", "the same: what is read may be the query's"},
	{"mysql", "insert", "SELECT", "INTO v VALUES(3) AS n", "of a view's new row MySQL asks nothing"},
	{"mysql", "insert", "SELECT", "USING UTF16", "a character set's name looks like a column's"},
	{"mariadb", "delete", "SELECT", "ROWNUM", "it looks like a column"},
	{"mariadb", "insert", "SELECT", "c=a", "MariaDB asks nothing for a column that is read where a row is made"},
	{"mariadb", "insert_select", "SELECT", "RETURNING", "MariaDB asks for it at INSERT ... VALUES alone"},
	{"", "select insert insert_select", "UPDATE", "FOR UPDATE", "MySQL looks at what is locked in a plain SELECT alone, and of OF's tables only at those; MariaDB asks nothing"},
	{"", "select", "SELECT", "SELECT 1 FROM dual", "a common table expression that nothing reads is not looked at"},
	{"", "select insert_select", "SELECT", "PERFORMANCE_SCHEMA.", "some of its tables are everyone's; a policy names what an application may read"},
	{"", "select insert_select", "PROCESS", "INNODB_", "it is asked for when the rows are read, not at PREPARE"},
	{"mysql", "select do", "EXECUTE", "INNODB_", "a loadable function, which is everyone's: only the server could tell it from a stored one"},
	{"", "drop_trigger", "TRIGGER", "IF EXISTS", "there was no such trigger"},
	{"", "create_table alter_table", "REFERENCES", "FOREIGN KEY", "the engine has no foreign keys, and passes over them"},
	{"mysql", "alter_function alter_procedure", "EXECUTE", "USING", "the library is looked at when the routine runs; CREATE asks for it at once"},
	{"mysql", "reset", "SYSTEM_VARIABLES_ADMIN", "PERSIST", "nothing was persisted, so nothing was asked for"},
	{"mysql", "optimize", "SELECT,INSERT", "NO_WRITE_TO_BINLOG", "who may keep it out of the binary log may optimize every table"},
	{"mysql", "install_component", "SYSTEM_VARIABLES_ADMIN", "SET", "the component is not there, so its variables were not looked at"},
	{"mariadb", "select", "SELECT,INSERT", "WITH X(X)", "the sequence's name is that of a common table expression: no such sequence is looked for"},
	{"mysql", "alter_table", "SELECT", "ORDER BY", "over the order of a table with a primary key InnoDB passes, without a look at the columns"},
	{"", "create_table", "EXECUTE", "IF NOT EXISTS", "there was such a table, and what would fill it was not looked at"},
	{"mysql", "create_spatial_reference_system drop_spatial_reference_system", "", "EXISTS", "there was nothing to do"},
	{"mysql", "revoke_all revoke", "GRANT OPTION", "", "the account could revoke what it had itself"},
	{"mariadb", "create_table alter_table", "FILE", "DIRECTORY", "MySQL asks for it, and a file is written on the server's disk"},
	{"mariadb", "create_view", "SELECT", "WITH", "MariaDB looks into a CTE when the view is used"},
	{"mariadb", "create_view", "SELECT", "MY_TABLE", "nothing is read of the derived table"},
	{"mariadb", "delete", "SELECT", "ORDER", "MariaDB asks nothing for the columns of ORDER BY"},
	{"mariadb", "start_slave start_all_slaves stop_slave stop_all_slaves", "REPLICATION_SLAVE_ADMIN", "", "there was nothing to start or stop"},
	{"mariadb", "show_grants", "SELECT", "PUBLIC", "the name is read as an account's"},
	{"mariadb", "check assign_to_keycache preload_keys", "", ",", "of the second table MariaDB complains in a row of the result"},
	{"mariadb", "select call_procedure compound_sql", "EXECUTE", ".", "pkg.p may be of a package, or of a schema, of that name: both are asked for"},
}

// excused returns whether an exception covers a need that the server does not
// have, or what it answers where the needs are not enough.
func excused(list []exception, server string, st sqlparse.Statement, covers func(privileges string) bool, text string) bool {
	return slices.ContainsFunc(list, func(e exception) bool {
		return (e.server == "" || e.server == server) &&
			(e.kinds == "" || slices.Contains(strings.Fields(e.kinds), string(st.Kind))) &&
			(e.privileges == "" || covers(e.privileges)) &&
			strings.Contains(strings.ToUpper(text), strings.ToUpper(e.text))
	})
}
