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

// maintain reads ANALYZE, OPTIMIZE and REPAIR of tables.
func (c *classifier) maintain(kinds map[string]Kind) bool {
	for word, k := range kinds {
		if c.f.is(0, word) {
			c.kind(k)
		}
	}
	local := c.acceptAny("LOCAL", "NO_WRITE_TO_BINLOG")
	if !c.acceptAny("TABLE", "TABLES", "VIEW") {
		c.st.Kind = Unknown
		return false
	}
	c.unlogged(local && c.st.Kind == "optimize")
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
