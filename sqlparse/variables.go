package sqlparse

// restrictedVariable reports whether setting the session variable asks for a
// privilege, because it reaches beyond the session: the binary log,
// replication, the server's memory and debugging. The servers were asked about
// each of theirs: variables_test.go asks them again.
func restrictedVariable(s Server, name string) bool {
	return restrictedBoth(name) || s.Flavour == MySQL && restrictedMySQL(s.Version, name) || s.Flavour == MariaDB && restrictedMariaDB(name)
}

func restrictedBoth(name string) bool {
	switch name {
	case "sql_log_bin", "sql_log_off", "binlog_format", "binlog_row_image", "binlog_direct_non_transactional_updates", "gtid_next",
		"server_id", "skip_replication", "pseudo_slave_mode", "pseudo_replica_mode", "pseudo_thread_id", "debug", "debug_sync", "debug_dbug":
		return true
	}
	return false
}

func restrictedMySQL(version int, name string) bool {
	switch name {
	case "binlog_row_value_options", "binlog_rows_query_log_events", "binlog_transaction_compression",
		"binlog_transaction_compression_level_zstd", "bulk_insert_buffer_size", "character_set_database", "character_set_filesystem",
		"connection_memory_chunk_size", "connection_memory_limit", "global_connection_memory_tracking",
		"histogram_generation_max_mem_size", "immediate_server_version", "original_commit_timestamp", "original_server_version",
		"require_row_format", "sql_generate_invisible_primary_key", "sql_require_primary_key", "transaction_write_set_extraction",
		"xa_detach_on_prepare":
		return true
	case "innodb_strict_mode", "internal_tmp_mem_storage_engine", "low_priority_updates", "max_delayed_threads", "max_error_count",
		"max_insert_delayed_threads", "min_examined_row_limit", "preload_buffer_size", "select_into_buffer_size", "select_into_disk_sync_delay":
		return version >= 90000
	}
	return false
}

func restrictedMariaDB(name string) bool {
	switch name {
	case "binlog_annotate_row_events", "enforce_storage_engine", "gtid_domain_id", "gtid_seq_no", "log_disabled_statements", "wsrep_on":
		return true
	}
	return false
}
