package sqlparse

// classifier reads one statement by its leading tokens, where neither the
// parser's grammar nor the skeleton of a query knows it. It trusts the server
// to refuse what is malformed: the leading tokens name the statement, and every
// object that the server would open is looked for. What it cannot place is refused.
type classifier struct {
	*walk
	f    fragment
	i    int    // the next token
	home string // the schema that the statements of a body are at home in; empty for the session's own
}

// classified reads a statement by its leading tokens; reason is why nothing
// else could.
func (w *walk) classified(f fragment, reason string) {
	c := classifier{walk: w, f: f}
	for _, read := range []func() bool{
		c.routines, c.definitions, c.shows, c.accounts, c.upkeep, c.transactions, c.replication, c.administration, c.inBody,
	} {
		c.i = 0
		if read() || c.refusal != "" {
			break
		}
	}
	if c.refusal == "" && c.st.Kind == Unknown {
		c.refuse("%s", reason)
	}
}

// kind names the statement and reports true.
func (c *classifier) kind(k Kind) bool {
	c.st.Kind = k
	return true
}

// kinds names the statement by flavour and reports true.
func (c *classifier) kinds(mysql, mariadb Kind) bool { return c.kind(c.either(mysql, mariadb)) }

// accept steps over the keywords if they are next.
func (c *classifier) accept(words ...string) bool {
	if !c.f.seq(c.i, words...) {
		return false
	}
	c.i += len(words)
	return true
}

// acceptAny steps over one of the keywords if it is next.
func (c *classifier) acceptAny(words ...string) bool {
	if !c.f.isAny(c.i, words...) {
		return false
	}
	c.i++
	return true
}

// acceptOp steps over the symbol if it is next.
func (c *classifier) acceptOp(op Op) bool {
	if !c.f.op(c.i, op) {
		return false
	}
	c.i++
	return true
}

// done reports whether no token is left.
func (c *classifier) done() bool { return c.i >= len(c.f.tokens) }

// ifExists steps over IF EXISTS or IF NOT EXISTS.
func (c *classifier) ifExists() {
	if !c.accept("IF", "EXISTS") {
		c.accept("IF", "NOT", "EXISTS")
	}
}

// object reads name or schema.name.
func (c *classifier) object(t ObjectType) Object {
	o := Object{Type: t}
	c.acceptOp('.')
	o.Name = c.word()
	if c.acceptOp('.') {
		o.Schema, o.Name = o.Name, c.word()
	}
	if t == Routine {
		return routineObject(o.Schema, o.Name)
	}
	return o
}

// word reads one name.
func (c *classifier) word() string {
	name, ok := c.f.name(c.i)
	if !ok {
		c.refuse("a name stands where none can be read")
	}
	c.i++
	return name
}

// on adds needs on an object.
func (c *classifier) on(o Object, privileges ...Privilege) {
	for _, p := range privileges {
		c.need(p, o)
	}
}

// tables reads a list of tables and adds the needs on each.
func (c *classifier) tables(privileges ...Privilege) {
	for {
		c.on(c.object(Table), privileges...)
		if !c.acceptOp(',') {
			return
		}
	}
}

// inSchemaOf is the schema that an object lies in, for privileges given there.
func inSchemaOf(o Object) Object { return Object{Type: Schema, Schema: o.Schema} }

// definer reads DEFINER = account, which asks for the right to name another.
func (c *classifier) definer() {
	if !c.f.is(c.i, "DEFINER") || !c.f.op(c.i+1, '=') {
		return
	}
	if !c.f.isAny(c.i+2, "CURRENT_USER", "CURRENT_ROLE") {
		c.global("SET_USER_ID")
	}
	c.i = c.f.afterAccount(c.i + 2)
}

// seek goes to the first such keyword outside parentheses, and reports whether there is one.
func (c *classifier) seek(word string) bool {
	i := c.f.find(c.i, word)
	if i < 0 {
		return false
	}
	c.i = i
	return true
}

// is reports whether the keyword is next.
func (c *classifier) is(word string) bool { return c.f.is(c.i, word) }

// has reports whether the keyword stands anywhere in the statement.
func (f fragment) has(word string) bool {
	for i := range f.tokens {
		if f.is(i, word) {
			return true
		}
	}
	return false
}
