package sqlparse

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
