package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// set reads SET of variables. After GLOBAL or PERSIST, both servers take the
// plain names that follow in the same statement as global too.
func (w *walk) set(n *ast.SetStmt) {
	w.st.Kind = "set_option"
	for _, v := range n.Variables {
		w.assign(v)
	}
}

func (w *walk) assign(v *ast.VariableAssignment) {
	w.expr(v.Value)
	name := strings.ToLower(v.Name)
	switch {
	case v.Name == ast.SetNames || v.Name == ast.SetCharset:
		w.st.Effect |= SetsState
	case !v.IsSystem:
		return
	case v.IsGlobal || v.IsInstance:
		w.global("SYSTEM_VARIABLES_ADMIN")
	default:
		w.assignSession(name)
	}
}

// assignSession reads the assignment of a session variable. A scope written
// before the name (@@persist.x) is part of the name to the grammar.
func (w *walk) assignSession(name string) {
	scope, bare, scoped := strings.Cut(name, ".")
	if scoped {
		switch scope {
		case "persist", "persist_only", "global":
			w.global("SYSTEM_VARIABLES_ADMIN")
			w.st.Effect |= SetsState
			return
		case "session", "local":
			name = bare
		}
	}
	if changesReading(name) {
		w.st.Effect |= SetsState
	}
	if restrictedVariable(name) {
		w.global("SESSION_VARIABLES_ADMIN")
	}
}

// changesReading reports whether a session variable decides how the next text
// is read, or what of that the server reports.
func changesReading(name string) bool {
	switch name {
	case "sql_mode", "collation_connection", "pseudo_replica_mode", "pseudo_slave_mode":
		return true
	}
	return strings.HasPrefix(name, "character_set_") || strings.HasPrefix(name, "session_track_")
}

// restrictedVariable reports whether setting the session variable asks for a
// privilege, because it reaches beyond the session: the binary log, replication, the server's debugging.
func restrictedVariable(name string) bool {
	switch name {
	case "sql_log_bin", "binlog_format", "binlog_row_image", "binlog_row_value_options",
		"binlog_rows_query_log_events", "binlog_direct_non_transactional_updates", "gtid_next",
		"gtid_domain_id", "gtid_seq_no", "server_id", "skip_replication", "pseudo_slave_mode",
		"pseudo_replica_mode", "original_commit_timestamp", "immediate_server_version",
		"original_server_version", "transaction_write_set_extraction", "debug", "debug_sync",
		"sql_log_off", "default_collation_for_utf8mb4", "bulk_insert_buffer_size",
		"sql_require_primary_key", "sql_generate_invisible_primary_key", "require_row_format",
		"restrict_fk_on_non_standard_key", "pseudo_thread_id":
		return true
	}
	return false
}
