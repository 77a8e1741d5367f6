package sqlparse

// definitions reads CREATE, ALTER, DROP, TRUNCATE and RENAME, but for accounts
// and routines.
func (c *classifier) definitions() bool {
	switch {
	case c.accept("CREATE"):
		return c.create()
	case c.accept("ALTER"):
		return c.alter()
	case c.accept("DROP"):
		return c.dropObject()
	case c.accept("TRUNCATE"):
		c.accept("TABLE")
		c.drop("truncate")
		c.tables(Truncate)
		return true
	case c.accept("RENAME", "TABLE"), c.accept("RENAME", "TABLES"):
		return c.renameTables()
	}
	return false
}

// renameTables reads RENAME TABLE a TO b, ...
func (c *classifier) renameTables() bool {
	c.kind("rename_table")
	c.ifExists()
	for {
		from := c.object(Table)
		if c.acceptAny("WAIT") {
			c.i++
		} else {
			c.acceptAny("NOWAIT")
		}
		if !c.accept("TO") {
			c.refuse("a RENAME has no TO")
			return true
		}
		c.renamed(from, c.object(Table))
		if !c.acceptOp(',') {
			break
		}
	}
	if !c.done() {
		c.refuse("a RENAME goes on")
	}
	return true
}

// renamed asks for what taking the table away and making it anew would.
func (c *classifier) renamed(from, to Object) {
	c.on(from, "ALTER", DropTable)
	c.on(to, "CREATE", "INSERT")
}

// create reads CREATE from behind its first word.
func (c *classifier) create() bool {
	replace := c.accept("OR", "REPLACE")
	switch {
	case c.accept("DATABASE"), c.accept("SCHEMA"):
		c.ifExists()
		db := Object{Type: Schema, Schema: c.word()}
		if replace {
			c.st.Destructive = true
			c.on(db, DropDatabase)
		}
		c.on(db, "CREATE")
		return c.kind("create_db")
	case c.accept("TEMPORARY", "SEQUENCE"):
		c.ifExists()
		c.on(inSchemaOf(c.object(Table)), "CREATE TEMPORARY TABLES")
		return c.kind("create_sequence")
	case c.accept("SEQUENCE"):
		c.ifExists()
		o := c.object(Table)
		if replace {
			c.st.Destructive = true
			c.on(o, DropTable)
		}
		c.on(o, "CREATE")
		return c.kind("create_sequence")
	case c.accept("SERVER"):
		if replace {
			c.st.Destructive = true
		}
		return c.serverObject("create_server")
	case c.accept("SPATIAL", "REFERENCE", "SYSTEM"):
		c.st.Destructive = replace
		c.global("CREATE_SPATIAL_REFERENCE_SYSTEM")
		return c.kind("create_spatial_reference_system")
	case c.accept("RESOURCE", "GROUP"):
		c.global("RESOURCE_GROUP_ADMIN")
		return c.kind("create_resource_group")
	case c.tablespaceWords():
		c.global("CREATE TABLESPACE")
		return c.kind("alter_tablespace")
	case c.accept("MASKING", "POLICY"):
		c.global("MASKING_DICTIONARIES_ADMIN")
		return c.kind("create_masking_policy")
	}
	return false
}

// tablespaceWords steps over TABLESPACE, UNDO TABLESPACE or LOGFILE GROUP.
func (c *classifier) tablespaceWords() bool {
	return c.accept("TABLESPACE") || c.accept("UNDO", "TABLESPACE") || c.accept("LOGFILE", "GROUP")
}

// serverObject reads what is defined about a foreign server.
func (c *classifier) serverObject(k Kind) bool {
	if c.mariaDB() {
		c.global("FEDERATED ADMIN")
	} else {
		c.global("SUPER")
	}
	return c.kind(k)
}

// alter reads ALTER from behind its first word.
func (c *classifier) alter() bool {
	switch {
	case c.accept("DATABASE"), c.accept("SCHEMA"):
		return c.alterDatabase()
	case c.accept("SEQUENCE"):
		c.ifExists()
		c.on(c.object(Table), "ALTER")
		return c.kind("alter_sequence")
	case c.accept("SERVER"):
		return c.serverObject("alter_server")
	case c.accept("INSTANCE"):
		return c.alterInstance()
	case c.accept("RESOURCE", "GROUP"):
		c.global("RESOURCE_GROUP_ADMIN")
		return c.kind("alter_resource_group")
	case c.tablespaceWords():
		c.global("CREATE TABLESPACE")
		c.st.Destructive = c.f.has("DROP")
		return c.kind("alter_tablespace")
	case c.accept("MASKING", "POLICY"):
		c.global("MASKING_DICTIONARIES_ADMIN")
		return c.kind("alter_masking_policy")
	}
	return false
}

func (c *classifier) alterDatabase() bool {
	c.kind("alter_db")
	db := Object{Type: Schema}
	if c.f.isName(c.i) && !c.databaseOption(c.i) {
		db.Schema = c.word()
	}
	if c.accept("UPGRADE", "DATA", "DIRECTORY", "NAME") {
		c.kind("alter_db_upgrade")
		c.on(db, "CREATE", DropDatabase)
	}
	c.on(db, "ALTER")
	return true
}

// databaseOption reports whether an option rather than a database's name is at i.
func (c *classifier) databaseOption(i int) bool {
	switch {
	case c.f.isAny(i, "CHARACTER") && c.f.is(i+1, "SET"), c.f.is(i, "DEFAULT"), c.f.is(i, "READ") && c.f.is(i+1, "ONLY"):
		return true
	case c.f.isAny(i, "CHARSET", "COLLATE", "ENCRYPTION", "COMMENT"):
		return c.f.op(i+1, '=') || c.f.at(i+1).Type != TokenSymbol && !c.databaseOption(i+1)
	}
	return false
}

func (c *classifier) alterInstance() bool {
	switch {
	case c.f.has("REDO_LOG"):
		c.global("INNODB_REDO_LOG_ENABLE")
	case c.f.has("BINLOG"):
		c.global("BINLOG_ENCRYPTION_ADMIN")
	case c.f.has("ROTATE"), c.f.has("KEYRING"):
		c.global("ENCRYPTION_KEY_ADMIN")
	default:
		c.global("CONNECTION_ADMIN")
	}
	return c.kind("alter_instance")
}

// dropObject reads DROP from behind its first word.
func (c *classifier) dropObject() bool {
	start := c.i
	switch {
	case c.accept("PREPARE"):
		return c.kind("dealloc_sql")
	case c.accept("TEMPORARY", "TABLE"), c.accept("TEMPORARY", "TABLES"):
		c.drop("drop_table")
		c.on(Object{Type: Schema}, AnyPrivilege)
		return true
	case c.accept("TABLE"), c.accept("TABLES"):
		c.drop("drop_table")
		return c.dropList(DropTable)
	case c.accept("VIEW"):
		c.drop("drop_view")
		return c.dropList(DropView)
	case c.accept("SEQUENCE"), c.accept("TEMPORARY", "SEQUENCE"):
		c.drop("drop_sequence")
		return c.dropList(DropTable)
	case c.accept("DATABASE"), c.accept("SCHEMA"):
		c.drop("drop_db")
		c.ifExists()
		c.on(Object{Type: Schema, Schema: c.word()}, DropDatabase)
	case c.acceptAny("ONLINE", "OFFLINE"), c.is("INDEX"):
		if !c.accept("INDEX") || !c.seek("ON") {
			c.refuse("an index is on no table")
			return true
		}
		c.i++
		c.drop("drop_index")
		c.on(c.object(Table), "INDEX")
	case c.accept("TRIGGER"):
		c.drop("drop_trigger")
		c.ifExists()
		c.on(inSchemaOf(c.object(Table)), "TRIGGER")
	case c.accept("EVENT"):
		c.drop("drop_event")
		c.ifExists()
		c.on(inSchemaOf(c.object(Table)), "EVENT")
	case c.accept("SERVER"):
		c.drop("drop_server")
		c.serverObject("drop_server")
	case c.tablespaceWords():
		c.drop("alter_tablespace")
		c.global("CREATE TABLESPACE")
	case c.accept("RESOURCE", "GROUP"):
		c.drop("drop_resource_group")
		c.global("RESOURCE_GROUP_ADMIN")
	case c.accept("SPATIAL", "REFERENCE", "SYSTEM"):
		c.drop("drop_spatial_reference_system")
		c.global("CREATE_SPATIAL_REFERENCE_SYSTEM")
	case c.accept("MASKING", "POLICY"):
		c.drop("drop_masking_policy")
		c.global("MASKING_DICTIONARIES_ADMIN")
	default:
		c.i = start
		return false
	}
	return true
}

// dropList reads the objects of a DROP, all of them.
func (c *classifier) dropList(p Privilege) bool {
	c.ifExists()
	c.tables(p)
	for c.acceptAny("RESTRICT", "CASCADE", "NOWAIT") {
	}
	if c.accept("WAIT") {
		c.i++
	}
	if !c.done() {
		c.refuse("a DROP goes on")
	}
	return true
}
