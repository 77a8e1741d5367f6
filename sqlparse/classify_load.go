package sqlparse

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
		c.st.Destructive = true
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
