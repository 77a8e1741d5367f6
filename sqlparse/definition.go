package sqlparse

// definition reads CREATE and ALTER of tables and views whose types, options
// or attributes the grammar lacks. It reports whether it is one of them.
func (b *bones) definition() bool {
	w := b.w
	create := b.is("CREATE")
	b.i = 1
	replace := b.take("OR", "REPLACE")
	start := b.i
	if b.viewHead() {
		b.view(create, replace)
		return true
	}
	b.i = start
	temporary := b.take("TEMPORARY")
	b.skip("ONLINE", "OFFLINE", "IGNORE")
	switch {
	case create && b.take("TABLE"):
		b.createTable(temporary, replace)
	case create && b.indexHead():
		w.st.Destructive = replace
		b.createIndex()
	case !create && !replace && b.take("TABLE"):
		b.alterTable()
	default:
		w.st, w.needed = Statement{}, nil
		return false
	}
	return true
}

// viewHead passes over what stands before VIEW and VIEW itself.
func (b *bones) viewHead() bool {
	for {
		switch {
		case b.is("ALGORITHM") && b.f.op(b.i+1, '='):
			b.i += 3
		case b.is("DEFINER") && b.f.op(b.i+1, '='):
			b.i = b.f.afterDefiner(b.i)
		case b.take("SQL", "SECURITY"):
			b.i++
		case b.take("JSON", "DUALITY"), b.take("JSON", "RELATIONAL", "DUALITY"), b.take("MATERIALIZED"):
		default:
			return b.take("VIEW")
		}
	}
}

// view reads CREATE VIEW and ALTER VIEW, which makes the view anew.
func (b *bones) view(create, replace bool) {
	w := b.w
	w.st.Kind = "create_view"
	for i := range b.i {
		if b.f.is(i, "DEFINER") && !b.f.is(i+2, "CURRENT_USER") {
			w.global("SET_USER_ID")
		}
	}
	if !create {
		w.global("SET_USER_ID") // ALTER VIEW keeps the definer, who may be another
	}
	b.take("IF", "NOT", "EXISTS")
	b.take("IF", "EXISTS")
	schema, name := b.qualified()
	w.table(baseTable(schema, name), "CREATE VIEW")
	if replace || !create {
		w.st.Destructive = true
		w.table(baseTable(schema, name), DropView)
	}
	if b.op('(') {
		b.pass()
	}
	if !b.take("AS") {
		w.refuse("a view without a query")
		return
	}
	b.query()
	if b.take("WITH") {
		b.skip("CASCADED", "LOCAL")
		b.take("CHECK", "OPTION")
	}
}

// createTable reads CREATE TABLE. Definitions hold no stored functions: what
// matters in them are foreign keys, UNION and a query.
func (b *bones) createTable(temporary, replace bool) {
	w := b.w
	w.st.Kind = "create_table"
	b.take("IF", "NOT", "EXISTS")
	schema, name := b.qualified()
	t := baseTable(schema, name)
	b.child = t
	if temporary {
		w.schema("CREATE TEMPORARY TABLES", schema)
	} else {
		w.table(t, "CREATE")
	}
	if replace && !temporary {
		w.st.Destructive = true
		w.table(t, DropTable)
	}
	if b.is("LIKE") || b.op('(') && b.f.is(b.i+1, "LIKE") {
		b.like()
		return
	}
	if b.op('(') && !b.queryAt(b.i) {
		b.inside(func(in *bones) { in.definitions(in.end) })
	}
	b.definitions(b.queryPlace())
	if b.i < b.end {
		b.skip("IGNORE", "REPLACE", "AS")
		if !temporary {
			w.table(t, "INSERT")
		}
		b.query()
	}
}

func (b *bones) like() {
	in := b.takeOp('(')
	b.i++
	schema, name := b.qualified()
	b.w.table(baseTable(schema, name), "SELECT")
	if in {
		b.takeOp(')')
	}
}

// queryPlace returns where the query of CREATE TABLE ... SELECT begins, or the end.
func (b *bones) queryPlace() int {
	depth := 0
	for i := b.i; i < b.end; i++ {
		switch {
		case depth == 0 && b.f.isAny(i, "SELECT", "WITH", "VALUES", "TABLE") && b.queryWord(i):
			for i > b.i && b.f.isAny(i-1, "AS", "IGNORE", "REPLACE") {
				i--
			}
			return i
		case depth == 0 && b.f.op(i, '(') && b.queryAt(i):
			return i
		case b.f.op(i, '('):
			depth++
		case b.f.op(i, ')'):
			depth--
		}
	}
	return b.end
}

// queryWord tells a query from the options WITH SYSTEM VERSIONING and the like.
func (b *bones) queryWord(i int) bool {
	switch {
	case b.f.is(i, "WITH"):
		return !b.f.isAny(i+1, "SYSTEM", "PARSER", "CONSISTENT")
	case b.f.is(i, "VALUES"):
		return b.f.is(i+1, "ROW") || b.f.op(i+1, '(')
	case b.f.is(i, "TABLE"):
		return b.f.isName(i + 1)
	}
	return true
}

// definitions reads columns, keys and options for the tables in them.
func (b *bones) definitions(end int) {
	w := b.w
	for b.i < end && w.refusal == "" {
		switch {
		case b.take("REFERENCES"):
			schema, name := b.qualified()
			w.references(b.child, baseTable(schema, name))
		case b.is("UNION") && (b.f.op(b.i+1, '=') || b.f.op(b.i+1, '(')):
			b.i++
			b.takeOp('=')
			b.merged()
		case b.op('(') && b.queryAt(b.i):
			w.refuse("a query inside a definition")
		case b.op('('):
			b.inside(func(in *bones) { in.definitions(in.end) })
		case w.mariaDB() && b.take("DEFAULT"):
			b.step() // NEXT VALUE FOR s and its kin
		default:
			b.i++
		}
	}
}

// merged reads the tables of a MERGE table, through which they can be read and changed.
func (b *bones) merged() {
	b.inside(func(in *bones) {
		for in.i < in.end && in.w.refusal == "" {
			schema, name := in.qualified()
			in.w.table(baseTable(schema, name), "SELECT", "UPDATE", "DELETE")
			if !in.takeOp(',') {
				break
			}
		}
	})
}

// indexHead passes over what stands before INDEX and INDEX itself.
func (b *bones) indexHead() bool {
	b.skip("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR")
	return b.take("INDEX")
}

func (b *bones) createIndex() {
	b.w.st.Kind = "create_index"
	at := b.f.find(b.i, "ON")
	if at < 0 {
		b.w.refuse("an index on no table")
		return
	}
	b.i = at + 1
	schema, name := b.qualified()
	b.w.table(baseTable(schema, name), "INDEX")
	b.definitions(b.end)
}

// alterTable reads ALTER TABLE part by part.
func (b *bones) alterTable() {
	w := b.w
	w.st.Kind = "alter_table"
	b.take("IF", "EXISTS")
	schema, name := b.qualified()
	w.table(baseTable(schema, name), "ALTER")
	if b.is("WAIT") {
		b.i += 2
	}
	b.take("NOWAIT")
	for b.i < b.end && w.refusal == "" {
		b.alteration(schema, name)
		if !b.takeOp(',') {
			break
		}
	}
}

// alteration reads one part, up to the next comma outside parentheses.
func (b *bones) alteration(schema, name string) {
	w := b.w
	t := baseTable(schema, name)
	b.child = t
	switch {
	case b.is("DROP") && b.f.is(b.i+1, "PARTITION"):
		w.st.Destructive = true
		w.table(t, DropTable)
	case b.is("TRUNCATE") && b.f.is(b.i+1, "PARTITION"):
		w.st.Destructive = true
		w.table(t, Truncate)
	case b.is("ANALYZE", "CHECK", "OPTIMIZE", "REPAIR") && b.f.is(b.i+1, "PARTITION"):
		w.table(t, "SELECT", "INSERT")
	case b.is("DROP", "DISCARD"):
		w.st.Destructive = true
	case b.is("ORDER"):
		w.sorted(t)
	case b.is("CONVERT") && b.f.isAny(b.i+1, "TABLE", "PARTITION"), b.is("EXCHANGE"):
		b.exchange(t.Schema.O, name)
	case b.is("RENAME") && !b.f.isAny(b.i+1, "COLUMN", "INDEX", "KEY"):
		b.i++
		b.skip("TO", "AS")
		b.takeOp('=')
		toSchema, toName := b.qualified()
		w.rename(t, baseTable(toSchema, toName))
	}
	end := b.comma()
	b.engines(end)
	b.definitions(end)
}

// exchange reads EXCHANGE PARTITION p WITH TABLE t, CONVERT TABLE t TO ... and
// CONVERT PARTITION p TO TABLE t: data of the one becomes the other's.
func (b *bones) exchange(schema, name string) {
	w := b.w
	w.st.Destructive = true
	w.table(baseTable(schema, name), "INSERT", "CREATE", DropTable)
	at := b.f.find(b.i, "TABLE")
	if at < 0 {
		w.refuse("no reading for this ALTER TABLE")
		return
	}
	b.i = at + 1
	toSchema, toName := b.qualified()
	w.table(baseTable(toSchema, toName), "ALTER", "INSERT", "CREATE", DropTable)
}

// comma returns the place of the next comma outside parentheses.
func (b *bones) comma() int {
	depth := 0
	for i := b.i; i < b.end; i++ {
		switch {
		case b.f.op(i, '('):
			depth++
		case b.f.op(i, ')'):
			depth--
		case depth == 0 && b.f.op(i, ','):
			return i
		}
	}
	return b.end
}
