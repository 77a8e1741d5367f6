package sqlparse

// upkeep reads statements on tables as the server keeps them: CHECK, REPAIR,
// HANDLER, LOCK, caches, FLUSH.
func (c *classifier) upkeep() bool {
	switch {
	case c.accept("ANALYZE"), c.accept("OPTIMIZE"), c.accept("REPAIR"):
		return c.maintain(map[string]Kind{"ANALYZE": "analyze", "OPTIMIZE": "optimize", "REPAIR": "repair"})
	case c.accept("CHECK"), c.accept("CHECKSUM"):
		c.kind("check")
		if c.f.is(0, "CHECKSUM") {
			c.kind("checksum")
		}
		if c.acceptAny("TABLE", "TABLES", "VIEW") {
			c.tables("SELECT")
			return true
		}
		c.refuse("no reading for this CHECK")
	case c.accept("HANDLER"):
		c.handler()
	case c.accept("CACHE", "INDEX"):
		c.kind("assign_to_keycache")
		c.keyCache("INDEX")
	case c.accept("LOAD", "INDEX", "INTO", "CACHE"):
		c.kind("preload_keys")
		c.keyCache("INDEX")
	case c.accept("LOCK"):
		return c.lock()
	case c.accept("UNLOCK", "INSTANCE"):
		c.global("BACKUP_ADMIN")
		return c.kind("unlock_instance")
	case c.accept("UNLOCK"):
		return c.kind("unlock_tables")
	case c.accept("FLUSH"):
		c.flush()
	case c.accept("DELETE", "HISTORY"):
		c.drop("delete")
		c.accept("FROM")
		c.on(c.object(Table), "DELETE HISTORY")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.accept("LOAD"):
		return c.load()
	case c.accept("IMPORT", "TABLE"):
		c.global("FILE")
		return c.kind("import")
	default:
		return false
	}
	return true
}

// load reads LOAD DATA and LOAD XML.
func (c *classifier) load() bool {
	if !c.acceptAny("DATA", "XML") {
		return false
	}
	c.kind("load")
	local, replace := false, false
	for !c.done() && !c.f.seq(c.i, "INTO", "TABLE") {
		local = local || c.is("LOCAL")
		replace = replace || c.is("REPLACE")
		c.i++
	}
	if !c.accept("INTO", "TABLE") {
		c.refuse("a LOAD names no table")
		return true
	}
	o := c.object(Table)
	c.on(o, "INSERT")
	if replace {
		c.on(o, "DELETE")
	}
	if local {
		c.on(o, LoadDataLocal)
	} else {
		c.global("FILE")
	}
	for i := c.i; i < len(c.f.tokens); i++ {
		if c.f.is(i, "SET") && !c.f.isAny(i-1, "CHARACTER", "CHAR") {
			c.on(o, "SELECT")
			c.expression(c.f.slice(i, len(c.f.tokens)))
			break
		}
	}
	return true
}

// maintain reads ANALYZE, OPTIMIZE and REPAIR of tables.
func (c *classifier) maintain(kinds map[string]Kind) bool {
	for word, k := range kinds {
		if c.f.is(0, word) {
			c.kind(k)
		}
	}
	c.acceptAny("LOCAL", "NO_WRITE_TO_BINLOG")
	if !c.acceptAny("TABLE", "TABLES", "VIEW") {
		c.st.Kind = Unknown
		return false
	}
	for {
		c.on(c.object(Table), "SELECT", "INSERT")
		if c.accept("PERSISTENT", "FOR") {
			c.persistent()
		}
		if !c.acceptOp(',') {
			break
		}
	}
	if c.st.Kind == "analyze" && c.accept("DROP", "HISTOGRAM") {
		c.st.Destructive = true
	}
	return true
}

// persistent steps over MariaDB's list of columns and indexes to analyze.
func (c *classifier) persistent() {
	for !c.done() && !c.f.op(c.i, ',') {
		if c.f.op(c.i, '(') {
			c.i = c.f.afterParentheses(c.i)
			continue
		}
		c.i++
	}
}

// handler reads HANDLER t OPEN | READ | CLOSE: rows past every condition.
func (c *classifier) handler() {
	o := c.object(Table)
	c.on(o, "SELECT")
	switch {
	case c.accept("OPEN"):
		c.kind("ha_open")
	case c.accept("CLOSE"):
		c.kind("ha_close")
	case c.accept("READ"):
		c.kind("ha_read")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	default:
		c.refuse("no reading for this HANDLER")
	}
}

// keyCache reads the tables of CACHE INDEX and LOAD INDEX.
func (c *classifier) keyCache(p Privilege) {
	for {
		c.on(c.object(Table), p)
		for c.acceptAny("PARTITION", "INDEX", "KEY", "IGNORE", "LEAVES") || c.f.op(c.i, '(') {
			if c.f.op(c.i, '(') {
				c.i = c.f.afterParentheses(c.i)
			}
		}
		if !c.acceptOp(',') {
			break
		}
	}
	if !c.done() && !c.is("IN") {
		c.refuse("a list of tables goes on")
	}
}

// lock reads LOCK TABLES and LOCK INSTANCE.
func (c *classifier) lock() bool {
	if c.accept("INSTANCE") {
		c.global("BACKUP_ADMIN")
		return c.kind("lock_instance")
	}
	if !c.acceptAny("TABLE", "TABLES") {
		return false
	}
	c.kind("lock_tables")
	for {
		c.on(c.object(Table), "SELECT", "LOCK TABLES")
		for !c.done() && !c.f.op(c.i, ',') {
			c.i++
		}
		if !c.acceptOp(',') {
			return true
		}
	}
}

// flush reads FLUSH: RELOAD, and what the tables it names ask for.
func (c *classifier) flush() {
	c.kind("flush")
	c.global("RELOAD")
	c.acceptAny("LOCAL", "NO_WRITE_TO_BINLOG")
	if !c.acceptAny("TABLE", "TABLES") || c.done() || c.is("WITH") {
		return
	}
	var named []Object
	for {
		named = append(named, c.object(Table))
		if !c.acceptOp(',') {
			break
		}
	}
	if c.is("FOR") || c.is("WITH") {
		for _, o := range named {
			c.on(o, "SELECT", "LOCK TABLES")
		}
	}
}

// transactions reads what begins, parts and ends transactions.
func (c *classifier) transactions() bool {
	switch {
	case c.accept("BEGIN"):
		c.accept("WORK")
		if !c.done() {
			c.refuse("a block outside a routine")
		}
		return c.kind("begin")
	case c.accept("START", "TRANSACTION"):
		return c.kind("begin")
	case c.accept("COMMIT"):
		return c.kind("commit")
	case c.accept("ROLLBACK"):
		if c.f.has("TO") {
			return c.kind("rollback_to_savepoint")
		}
		return c.kind("rollback")
	case c.accept("SAVEPOINT"):
		return c.kind("savepoint")
	case c.accept("RELEASE", "SAVEPOINT"):
		return c.kind("release_savepoint")
	case c.accept("XA"):
		return c.xa()
	case c.accept("SET", "TRANSACTION"), c.accept("SET", "SESSION", "TRANSACTION"), c.accept("SET", "LOCAL", "TRANSACTION"):
		return c.kind("set_option")
	case c.accept("SET", "GLOBAL", "TRANSACTION"):
		c.global("SYSTEM_VARIABLES_ADMIN")
		return c.kind("set_option")
	}
	return false
}

// xa reads XA: everybody may drive a distributed transaction of their own.
func (c *classifier) xa() bool {
	switch {
	case c.accept("START"), c.accept("BEGIN"):
		c.kind("xa_start")
	case c.accept("END"):
		c.kind("xa_end")
	case c.accept("PREPARE"):
		c.kind("xa_prepare")
	case c.accept("COMMIT"):
		c.kind("xa_commit")
	case c.accept("ROLLBACK"):
		c.kind("xa_rollback")
	case c.accept("RECOVER"):
		if !c.mariaDB() {
			c.global("XA_RECOVER_ADMIN")
		}
		c.kind("xa_recover")
	default:
		c.refuse("no reading for this XA")
	}
	return true
}

// replication reads statements on replication and the binary log.
func (c *classifier) replication() bool {
	switch {
	case c.accept("CHANGE"):
		return c.change()
	case c.accept("START"), c.accept("STOP"):
		return c.threads()
	case c.accept("RESET"):
		return c.reset()
	case c.accept("PURGE"):
		c.drop("purge")
		if c.f.has("BEFORE") {
			c.kind("purge_before_date")
		}
		c.global("BINLOG_ADMIN")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.accept("BINLOG"):
		c.kind("binlog")
		c.global("BINLOG_ADMIN")
	default:
		return false
	}
	return true
}

// change reads CHANGE MASTER and CHANGE REPLICATION.
func (c *classifier) change() bool {
	c.global("REPLICATION_SLAVE_ADMIN")
	switch {
	case c.accept("REPLICATION", "FILTER"):
		return c.kind("change_repl_filter")
	case c.accept("REPLICATION", "SOURCE"), c.accept("MASTER"):
		if !c.mariaDB() && c.mode.Server.Version < 80400 {
			return c.kind("change_master")
		}
		return c.kinds("change_replication_source", "change_master")
	}
	c.refuse("no reading for this CHANGE")
	return true
}

// threads reads START and STOP of replication.
func (c *classifier) threads() bool {
	start := c.f.is(0, "START")
	all := c.accept("ALL")
	switch {
	case c.accept("GROUP_REPLICATION"):
		c.global("GROUP_REPLICATION_ADMIN")
		if start {
			return c.kind("group_replication_start")
		}
		return c.kind("group_replication_stop")
	case c.acceptAny("SLAVE", "SLAVES", "REPLICA", "REPLICAS"):
		c.global("REPLICATION_SLAVE_ADMIN")
	default:
		return false
	}
	switch {
	case all && start:
		return c.kind("start_all_slaves")
	case all:
		return c.kind("stop_all_slaves")
	case !c.mariaDB() && c.mode.Server.Version < 80400 && start:
		return c.kind("slave_start")
	case !c.mariaDB() && c.mode.Server.Version < 80400:
		return c.kind("slave_stop")
	case start:
		return c.kinds("replica_start", "start_slave")
	}
	return c.kinds("replica_stop", "stop_slave")
}

// reset reads RESET, all of whose forms throw something away.
func (c *classifier) reset() bool {
	c.drop("reset")
	switch {
	case c.accept("PERSIST"):
		c.global("SYSTEM_VARIABLES_ADMIN")
	case c.acceptAny("SLAVE", "REPLICA", "MASTER", "BINARY", "QUERY"):
		c.global("RELOAD")
	default:
		c.refuse("no reading for this RESET")
	}
	return true
}

// administration reads statements on the server itself.
func (c *classifier) administration() bool {
	switch {
	case c.accept("KILL"):
		c.kill()
	case c.accept("INSTALL"), c.accept("UNINSTALL"):
		return c.install()
	case c.accept("SHUTDOWN"):
		c.global("SHUTDOWN")
		c.kind("shutdown")
	case c.accept("RESTART"):
		c.global("SHUTDOWN")
		c.kind("restart")
	case c.accept("CLONE"):
		c.clone()
	case c.accept("BACKUP"):
		c.backup()
	case c.accept("HELP"):
		c.kind("help")
	case c.accept("SIGNAL"):
		c.kind("signal")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.accept("RESIGNAL"), c.f.oracle() && c.accept("RAISE"):
		c.kind("resignal")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.accept("GET"):
		c.kind("get_diagnostics")
	case c.accept("USE"):
		c.st.Effect = SetsSchema
		c.kind("change_db")
		c.schema(AnyPrivilege, c.word())
	case c.accept("EXECUTE") && !c.is("IMMEDIATE"):
		c.st.Effect = SetsState | MayHideState
		c.kind("execute_sql")
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	case c.accept("DEALLOCATE", "PREPARE"):
		c.kind("dealloc_sql")
	case c.accept("SET", "RESOURCE", "GROUP"):
		c.global("RESOURCE_GROUP_ADMIN")
		c.kind("set_resource_group")
	case c.f.isAny(0, "EXPLAIN", "DESCRIBE", "DESC"):
		return c.describe()
	default:
		return false
	}
	return true
}

// kill reads KILL; see walk.kill for what it asks for.
func (c *classifier) kill() {
	c.kind("kill")
	c.literal = true
	c.acceptAny("HARD", "SOFT")
	query := c.accept("QUERY")
	if !query {
		c.accept("CONNECTION")
	}
	if c.f.is(c.i, "USER") {
		c.global("CONNECTION_ADMIN")
		return
	}
	if !query {
		c.global("CONNECTION_ADMIN")
	}
	c.accept("ID")
	c.expression(c.f.slice(c.i, len(c.f.tokens)))
}

// install reads INSTALL and UNINSTALL, which write into the server's own tables.
func (c *classifier) install() bool {
	table, privilege := "plugin", Privilege("INSERT")
	out := c.f.is(0, "UNINSTALL")
	if out {
		privilege = "DELETE"
	}
	switch {
	case c.accept("COMPONENT"):
		table = "component"
		c.kind("install_component")
		if out {
			c.drop("uninstall_component")
		}
		if i := c.f.find(c.i, "SET"); i >= 0 {
			c.global("SYSTEM_VARIABLES_ADMIN")
			c.expression(c.f.slice(i, len(c.f.tokens)))
		}
	case c.accept("PLUGIN"), c.accept("SONAME"):
		c.kind("install_plugin")
		if out {
			c.drop("uninstall_plugin")
		}
	default:
		c.refuse("no reading for this INSTALL")
		return true
	}
	c.on(Object{Type: Table, Schema: "mysql", Name: table}, privilege)
	return true
}

// clone reads CLONE, which replaces a server's data.
func (c *classifier) clone() {
	c.drop("clone")
	if c.accept("LOCAL") {
		c.global("BACKUP_ADMIN")
		return
	}
	c.global("CLONE_ADMIN")
	if c.f.has("DIRECTORY") {
		c.global("BACKUP_ADMIN")
	}
}

// backup reads MariaDB's BACKUP STAGE, LOCK and UNLOCK.
func (c *classifier) backup() {
	switch {
	case c.accept("LOCK"):
		c.kind("backup_lock")
		c.object(Table)
		c.global("RELOAD")
	case c.accept("UNLOCK"):
		c.kind("backup_lock")
		c.global("RELOAD")
	case c.accept("STAGE"):
		c.kind("backup")
		c.global("RELOAD")
	default:
		c.refuse("no reading for this BACKUP")
	}
}

// describe reads EXPLAIN and DESCRIBE of a table or a connection.
func (c *classifier) describe() bool {
	c.i = 1
	for c.accept("FORMAT") {
		c.i += 2
	}
	if c.accept("FOR", "CONNECTION") {
		c.literal = true
		c.global("PROCESS")
		return c.kinds("explain_other", "show_explain")
	}
	c.acceptAny("EXTENDED", "PARTITIONS")
	if !c.f.isName(c.i) {
		return false
	}
	o := c.object(Table)
	c.kind("show_fields")
	if !isInformationSchema(o.Schema) {
		c.on(o, AnyPrivilege)
	}
	if len(c.f.tokens)-c.i > 1 {
		c.refuse("a DESCRIBE goes on")
	}
	return true
}
