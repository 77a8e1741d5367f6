package sqlparse

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
		c.binlog()
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
		return c.kind(c.since84("change_replication_source", "change_master", "change_master"))
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
	case start:
		return c.kind(c.since84("replica_start", "slave_start", "start_slave"))
	}
	return c.kind(c.since84("replica_stop", "slave_stop", "stop_slave"))
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
