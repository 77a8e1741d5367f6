package sqlparse

import "strings"

// shows reads SHOW.
func (c *classifier) shows() bool {
	if !c.accept("SHOW") {
		return false
	}
	for c.acceptAny("FULL", "EXTENDED", "GLOBAL", "SESSION", "LOCAL", "STORAGE") {
	}
	switch {
	case c.accept("CREATE"):
		c.showCreate()
	case c.showReplication(), c.showListed(), c.showServer():
	default:
		c.refuse("no reading for this SHOW")
	}
	return true
}

// showCreate reads SHOW CREATE of every kind of object.
func (c *classifier) showCreate() {
	c.ifExists()
	switch {
	case c.accept("TABLE"), c.accept("SEQUENCE"), c.accept("TEMPORARY", "TABLE"):
		c.kind("show_create_table")
		c.on(c.object(Table), AnyPrivilege)
	case c.accept("VIEW"):
		c.kind("show_create_table")
		c.on(c.object(Table), "SELECT", "SHOW VIEW")
	case c.accept("DATABASE"), c.accept("SCHEMA"):
		c.kind("show_create_db")
		c.ifExists()
		c.schema(AnyPrivilege, c.word())
	case c.accept("PROCEDURE"):
		c.showRoutine("show_create_proc")
	case c.accept("FUNCTION"):
		c.showRoutine("show_create_func")
	case c.accept("PACKAGE", "BODY"):
		c.showRoutine("show_create_package_body")
	case c.accept("PACKAGE"):
		c.showRoutine("show_create_package")
	case c.accept("LIBRARY"):
		c.showRoutine("show_create_library")
	case c.accept("EVENT"):
		c.kind("show_create_event")
		c.on(inSchemaOf(c.object(Table)), "EVENT")
	case c.accept("TRIGGER"):
		c.kind("show_create_trigger")
		c.on(inSchemaOf(c.object(Table)), "TRIGGER")
	case c.accept("USER"):
		c.kind("show_create_user")
		c.otherAccount()
	case c.accept("SERVER"):
		c.kind("show_create_server")
		c.schema("SELECT", "mysql")
	case c.accept("MASKING", "POLICY"):
		c.kind("show_create_masking_policy")
		c.global("MASKING_DICTIONARIES_ADMIN")
	default:
		c.refuse("no reading for this SHOW CREATE")
	}
}

func (c *classifier) showRoutine(k Kind) {
	c.kind(k)
	c.on(c.object(Routine), AnyPrivilege)
}

// otherAccount asks for SELECT on the grant tables where another account is shown.
func (c *classifier) otherAccount() {
	if !c.done() && !c.is("CURRENT_USER") && !(c.mariaDB() && c.f.isAny(c.i, "CURRENT_ROLE", "PUBLIC")) {
		c.schema("SELECT", "mysql")
	}
}

// showServer reads the forms about the server and its accounts.
func (c *classifier) showServer() bool {
	switch {
	case c.accept("GRANTS"):
		c.accept("FOR")
		c.kind("show_grants")
		c.otherAccount()
	case c.accept("ENGINE"):
		c.word()
		if k, ok := map[string]Kind{"STATUS": "show_engine_status", "MUTEX": "show_engine_mutex", "LOGS": "show_engine_logs"}[c.upper(c.i)]; ok {
			c.kind(k)
			if k == "show_engine_logs" {
				c.global("FILE")
			} else {
				c.global("PROCESS")
			}
			return true
		}
		return false
	case c.accept("COUNT"):
		c.kind("select")
	case c.accept("EXPLAIN"), c.accept("ANALYZE"):
		c.literal = true
		c.global("PROCESS")
		c.kind("show_explain")
		if c.f.is(c.i-1, "ANALYZE") {
			c.kind("show_analyze")
		}
	case c.accept("CHARACTER", "SET"), c.accept("CHAR", "SET"):
		c.kind("show_charsets")
	case c.accept("PARSE_TREE"):
		c.kind("show_parse_tree")
		st := c.reader.readFragment(c.f.slice(c.i, len(c.f.tokens)), c.depth)
		if st.Kind == Unknown {
			c.refuse("%s", st.Reason)
		}
		c.adopt(st.Statement)
		c.st.Destructive, c.st.Inner = false, nil
	default:
		return c.showFree()
	}
	return true
}

// upper is the i-th token's word in upper case.
func (c *classifier) upper(i int) string { return strings.ToUpper(string(c.f.text(i))) }

// showFree reads the forms that need no privilege, but for what their
// conditions read.
func (c *classifier) showFree() bool {
	two := c.upper(c.i) + " " + c.upper(c.i+1)
	k, ok := map[string]Kind{
		"PROCEDURE STATUS": "show_procedure_status", "FUNCTION STATUS": "show_function_status",
		"PROCEDURE CODE": "show_procedure_code", "FUNCTION CODE": "show_function_code",
		"PACKAGE STATUS": "show_package_status", "LIBRARY STATUS": "show_library_status",
	}[two]
	switch {
	case ok:
		c.i += 2
		if strings.HasSuffix(two, "CODE") {
			c.showRoutine(k)
		}
	case c.accept("PACKAGE", "BODY"):
		k, ok = "show_package_body_status", c.accept("STATUS")
		if !ok {
			k, ok = "show_package_body_code", c.accept("CODE")
		}
	default:
		k, ok = map[string]Kind{
			"DATABASES": "show_databases", "SCHEMAS": "show_databases", "ENGINES": "show_storage_engines",
			"CHARSET": "show_charsets", "COLLATION": "show_collations", "VARIABLES": "show_variables",
			"STATUS": "show_status", "PROCESSLIST": "show_processlist", "PLUGINS": "show_plugins",
			"PROFILE": "show_profile", "PROFILES": "show_profiles", "PRIVILEGES": "show_privileges",
			"WARNINGS": "show_warnings", "ERRORS": "show_errors", "AUTHORS": "show_authors",
			"CONTRIBUTORS": "show_contributors", "SERVER": "show_create_server",
		}[c.upper(c.i)]
		if ok {
			c.i++
		}
	}
	if !ok && c.mariaDB() && c.f.isName(c.i) && (c.i+1 == len(c.f.tokens) || c.f.isAny(c.i+1, "LIKE", "WHERE")) {
		// A table of a plug-in, which shows each account what it may see.
		c.i++
		k, ok = "show_generic", true
	}
	if ok {
		c.kind(k)
		c.condition()
	}
	return ok
}

// condition reads LIKE and WHERE behind a SHOW, whose expressions may call functions.
func (c *classifier) condition() {
	if !c.done() {
		c.expression(c.f.slice(c.i, len(c.f.tokens)))
	}
}

// showReplication reads the forms about replication and the binary log.
func (c *classifier) showReplication() bool {
	f := c.f
	switch {
	case c.accept("BINLOG", "EVENTS"), c.accept("BINLOG", "EVENT"):
		c.kind("show_binlog_events")
		c.global("REPLICATION SLAVE")
	case c.accept("RELAYLOG"), f.isAny(c.i, "SLAVE", "REPLICA") && f.has("RELAYLOG"):
		c.kind("show_relaylog_events")
		c.global("REPLICATION SLAVE")
	case c.accept("BINARY", "LOG", "STATUS"), c.accept("BINLOG", "STATUS"), c.accept("MASTER", "STATUS"):
		c.kind(c.since84("show_binary_log_status", "show_master_status", "show_binlog_status"))
		c.global("REPLICATION CLIENT")
	case c.accept("BINARY", "LOGS"), c.accept("MASTER", "LOGS"):
		c.kind("show_binlogs")
		c.global("REPLICATION CLIENT")
	case c.accept("REPLICAS"), c.accept("REPLICA", "HOSTS"), c.accept("SLAVE", "HOSTS"):
		c.kind(c.since84("show_replicas", "show_slave_hosts", "show_slave_hosts"))
		c.global("REPLICATION SLAVE")
	case f.isAny(c.i, "SLAVE", "REPLICA", "ALL") && (f.has("STATUS")):
		c.kind(c.since84("show_replica_status", "show_slave_status", "show_slave_status"))
		c.global("REPLICATION CLIENT")
	default:
		return false
	}
	return true
}

// showListed reads the forms that list what is in a database or a table.
func (c *classifier) showListed() bool {
	switch {
	case c.accept("TABLES"):
		c.kind("show_tables")
		c.inDatabase(AnyPrivilege)
	case c.accept("TABLE", "STATUS"):
		c.kind("show_table_status")
		c.inDatabase(AnyPrivilege)
	case c.accept("OPEN", "TABLES"):
		c.kind("show_open_tables")
		c.condition()
	case c.accept("TRIGGERS"):
		c.kind("show_triggers")
		c.inDatabase(AnyPrivilege)
	case c.accept("EVENTS"):
		c.kind("show_events")
		c.inDatabase("EVENT")
	case c.accept("COLUMNS"), c.accept("FIELDS"):
		c.kind("show_fields")
		c.ofTable()
	case c.accept("INDEX"), c.accept("INDEXES"), c.accept("KEYS"):
		c.kind("show_keys")
		c.ofTable()
	default:
		return false
	}
	return true
}

// inDatabase reads FROM db and the condition behind it.
func (c *classifier) inDatabase(p Privilege) {
	o := Object{Type: Schema}
	if c.acceptAny("FROM", "IN") {
		o.Schema = c.word()
	}
	c.on(o, p)
	c.condition()
}

// ofTable reads FROM t, perhaps with FROM db behind it.
func (c *classifier) ofTable() {
	if !c.acceptAny("FROM", "IN") {
		c.refuse("SHOW of no table")
		return
	}
	o := c.object(Table)
	if c.acceptAny("FROM", "IN") {
		o.Schema = c.word()
	}
	if !isInformationSchema(o.Schema) {
		c.on(o, AnyPrivilege)
	}
	c.condition()
}
