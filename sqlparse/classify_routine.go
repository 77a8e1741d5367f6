package sqlparse

// routines reads statements on stored routines, triggers, events, packages and
// libraries, and blocks outside of them.
func (c *classifier) routines() bool {
	if start, has := c.f.bodyStart(); has {
		if start < 0 {
			c.refuse("the body of a routine does not begin where it must")
			return true
		}
		if !c.f.seq(0, "SET", "STATEMENT") {
			return c.withBody(start)
		}
		return false
	}
	switch {
	case c.f.is(0, "CREATE"):
		return c.createRoutine()
	case c.f.is(0, "ALTER"):
		return c.alterRoutine()
	case c.f.is(0, "DROP"):
		return c.dropRoutine()
	}
	return false
}

// withBody reads a statement whose statements begin at start.
func (c *classifier) withBody(start int) bool {
	switch {
	case c.accept("CREATE"):
		replace := c.accept("OR", "REPLACE")
		c.definer()
		c.accept("AGGREGATE")
		c.head(replace)
	case c.accept("ALTER"):
		c.definer()
		c.accept("EVENT")
		c.drop("alter_event") // its body was another
		o := c.object(Table)
		c.home = o.Schema
		c.on(inSchemaOf(o), "EVENT")
	default:
		c.kind("compound_sql")
	}
	if c.refusal == "" {
		c.libraries(start)
		c.atHome(func() { c.statements(c.f.body(start)) })
	}
	return true
}

// libraries asks for EXECUTE on what a routine in another language imports
// before end: USING (library [AS name], ...).
func (c *classifier) libraries(end int) {
	if c.mariaDB() {
		return
	}
	i := c.f.find(0, "USING")
	if i < 0 || i >= end || !c.f.op(i+1, '(') {
		return
	}
	c.i = i + 2
	for {
		c.on(c.object(Routine), "EXECUTE")
		if c.accept("AS") {
			c.word()
		}
		if !c.acceptOp(',') {
			return
		}
	}
}

// head reads what is created up to its name.
func (c *classifier) head(replace bool) {
	switch {
	case c.accept("PROCEDURE"), c.accept("FUNCTION"):
		c.kind("create_procedure")
		if c.f.is(c.i-1, "FUNCTION") {
			c.kind("create_function")
		}
		c.ifExists()
		o := c.object(Routine)
		c.home = o.Schema
		c.on(inSchemaOf(o), "CREATE ROUTINE")
		if replace {
			c.st.Destructive = true
			c.on(o, "ALTER ROUTINE")
		}
	case c.accept("TRIGGER"):
		c.kind("create_trigger")
		c.st.Destructive = replace
		c.ifExists()
		c.object(Table)
		if !c.seek("ON") {
			c.refuse("a trigger is on no table")
			return
		}
		c.i++
		o := c.object(Table)
		c.home = o.Schema
		c.on(o, "TRIGGER")
	case c.accept("EVENT"):
		c.kind("create_event")
		c.st.Destructive = replace
		c.ifExists()
		o := c.object(Table)
		c.home = o.Schema
		c.on(inSchemaOf(o), "EVENT")
	case c.accept("PACKAGE", "BODY"):
		c.kind("create_package_body")
		c.createPackage(replace)
	case c.accept("PACKAGE"):
		c.kind("create_package")
		c.createPackage(replace)
	default:
		c.refuse("no reading for this CREATE")
	}
}

func (c *classifier) createPackage(replace bool) {
	c.ifExists()
	o := c.object(Routine)
	c.home = o.Schema
	c.on(inSchemaOf(o), "CREATE ROUTINE")
	if replace {
		c.st.Destructive = true
		c.on(o, "ALTER ROUTINE")
	}
}

// atHome reads a body. What it names without a schema is in the schema of the
// routine, trigger or event, whatever the session's own is.
func (c *classifier) atHome(read func()) {
	if c.home == "" {
		read()
		return
	}
	head := c.st
	c.st, c.needed = Statement{}, nil
	read()
	inside := c.st
	inside.moveTo(c.home)
	c.st, c.needed = head, nil
	c.st.Destructive = head.Destructive || inside.Destructive
	c.st.Effect |= inside.Effect
	c.st.Inner = append(c.st.Inner, inside.Inner...)
	for _, n := range inside.Needs {
		c.need(n.Privilege, n.Object)
	}
	for _, name := range inside.Sets {
		c.sets(name)
	}
}

// statements reads the statements and expressions of a body.
func (c *classifier) statements(b body) {
	if b.reason != "" {
		c.refuse("%s", b.reason)
		return
	}
	if b.code {
		// A routine in another language may run any statement.
		c.global(Unparsed)
		return
	}
	all := make([]statementRead, 0, len(b.simple))
	for _, f := range b.simple {
		st := c.reader.readFragment(f, c.depth)
		c.literal, c.modeBound = c.literal || st.literal, c.modeBound || st.modeBound
		if st.Kind == Unknown {
			c.refuse("a statement inside: %s", st.Reason)
			return
		}
		if st.Effect&SetsSchema != 0 {
			c.refuse("a statement inside changes the schema of those behind it")
			return
		}
		all = append(all, st)
		c.adopt(st.Statement)
	}
	if reason := overtaken(all, c.mode.Server, b.anyOrder); reason != "" {
		c.refuse("%s", reason)
	}
	for _, f := range b.exprs {
		c.expression(f)
	}
	if c.mariaDB() {
		c.anchors(b.cursors)
	}
}

// expression reads an expression that stands alone.
func (c *classifier) expression(f fragment) {
	b := &bones{w: c.walk, f: f, end: len(f.tokens)}
	b.expression(b.end)
}

// createRoutine reads CREATE of what has no SQL body.
func (c *classifier) createRoutine() bool {
	c.i = 1
	replace := c.accept("OR", "REPLACE")
	c.accept("AGGREGATE")
	switch {
	case c.accept("FUNCTION"):
		c.st.Destructive = replace
		c.on(Object{Type: Schema, Schema: "mysql"}, "INSERT")
		if replace {
			c.on(Object{Type: Schema, Schema: "mysql"}, "DELETE")
		}
		return c.kind("create_udf")
	case c.accept("LIBRARY"):
		c.ifExists()
		c.on(inSchemaOf(c.object(Routine)), "CREATE ROUTINE")
		return c.kind("create_library")
	}
	return false
}

func (c *classifier) alterRoutine() bool {
	c.i = 1
	c.definer()
	switch {
	case c.accept("PROCEDURE"):
		c.kind("alter_procedure")
		c.on(c.object(Routine), "ALTER ROUTINE")
		c.libraries(len(c.f.tokens))
	case c.accept("FUNCTION"):
		c.kind("alter_function")
		c.on(c.object(Routine), "ALTER ROUTINE")
		c.libraries(len(c.f.tokens))
	case c.accept("LIBRARY"):
		c.kind("alter_library")
		c.on(c.object(Routine), "ALTER ROUTINE")
	case c.accept("EVENT"):
		c.kind("alter_event")
		c.on(inSchemaOf(c.object(Table)), "EVENT")
		if c.seek("RENAME") {
			c.i += 2
			c.on(inSchemaOf(c.object(Table)), "EVENT")
		}
	default:
		return false
	}
	return true
}

func (c *classifier) dropRoutine() bool {
	c.i = 1
	switch {
	case c.accept("PROCEDURE"):
		c.drop("drop_procedure")
	case c.accept("FUNCTION"):
		c.drop("drop_function")
	case c.accept("LIBRARY"):
		c.drop("drop_library")
	case c.accept("PACKAGE", "BODY"):
		c.drop("drop_package_body")
	case c.accept("PACKAGE"):
		c.drop("drop_package")
	default:
		return false
	}
	c.ifExists()
	c.on(c.object(Routine), "ALTER ROUTINE")
	return true
}
