package sqlparse

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
