package sqlparse

import "slices"

// prefixed reads by their tokens the statements that stand around another one
// or a text, and SET, where the grammar is not the servers'. It reports whether
// the statement is one of them; its word is the last then.
func (w *walk) prefixed(f fragment) bool {
	switch {
	case f.isAny(0, "EXPLAIN", "DESCRIBE", "DESC"), f.is(0, "ANALYZE") && w.mariaDB():
		return w.explained(f)
	case f.seq(0, "SET", "STATEMENT") && w.mariaDB():
		w.setStatement(f)
	case f.is(0, "SET"):
		return w.set(f)
	case f.oracle() && f.isName(0) && f.op(1, OpAssign):
		w.st.Kind = "set_option"
		b := &bones{w: w, f: f, end: len(f.tokens)}
		b.settings()
	case f.is(0, "PREPARE"):
		w.prepare(f)
	case f.seq(0, "EXECUTE", "IMMEDIATE"):
		w.executeImmediate(f)
	default:
		return false
	}
	return true
}

// explained reads EXPLAIN in front of a statement: the needs are the same, and
// nothing is changed. ANALYZE runs the statement, by itself on MariaDB and
// behind EXPLAIN on MySQL.
func (w *walk) explained(f fragment) bool {
	i, analyze, schema := explainHead(f)
	if !f.isAny(i, "SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "TABLE", "VALUES") && !f.op(i, '(') ||
		f.is(0, "ANALYZE") && f.is(i, "TABLE") {
		return false
	}
	w.fragment(f.slice(i, len(f.tokens)))
	if schema != "" {
		w.st.moveTo(schema)
		w.needed = nil
	}
	if !analyze && !w.runsRoutines() {
		w.st.Explain, w.st.Destructive = true, false
	}
	return true
}

// runsRoutines reports whether a stored function is called: to plan a
// statement, a server may already run the functions in it.
func (w *walk) runsRoutines() bool {
	return slices.ContainsFunc(w.st.Needs, func(n Need) bool { return n.Privilege == "EXECUTE" })
}

// moveTo puts a schema in place of the session's own wherever a statement
// names none: behind USE, in a routine of that schema, in EXPLAIN FOR SCHEMA.
func (st *Statement) moveTo(schema string) {
	for i := range st.Needs {
		o := &st.Needs[i].Object
		if o.Type == Global || o.Schema != "" {
			continue
		}
		o.Schema = schema
		if o.Type == Routine {
			o.Named = o.Named || routineObject(schema, o.Name).Named
		}
	}
	for i := range st.Inner {
		st.Inner[i].moveTo(schema)
	}
}

// explainHead returns where the explained statement begins, and the schema
// that stands for the session's own there.
func explainHead(f fragment) (i int, analyze bool, schema string) {
	analyze = f.is(0, "ANALYZE")
	for i = 1; ; {
		switch {
		case f.is(i, "ANALYZE"):
			analyze = true
			i++
		case f.isAny(i, "EXTENDED", "PARTITIONS"):
			i++
		case f.is(i, "FORMAT") && f.op(i+1, '='):
			i += 3
		case f.is(i, "INTO") && f.op(i+1, '@'):
			i += 3
		case f.is(i, "FOR") && f.isAny(i+1, "SCHEMA", "DATABASE"):
			schema, _ = f.name(i + 2)
			i += 3
		default:
			return i, analyze, schema
		}
	}
}

// setStatement reads MariaDB's SET STATEMENT variable = value, ... FOR statement.
func (w *walk) setStatement(f fragment) {
	at := f.find(2, "FOR")
	if at < 0 {
		w.refuse("SET STATEMENT without a statement")
		return
	}
	b := &bones{w: w, f: f, i: 2, end: at}
	b.settings()
	rest := f.slice(at+1, len(f.tokens))
	if w.st.Effect&SetsState != 0 && !readOnce(rest) {
		w.refuse("the statement is read under variables of its own")
		return
	}
	needs, sets := w.st.Needs, w.st.Sets
	w.fragment(rest)
	for _, name := range sets {
		w.sets(name)
	}
	for _, n := range needs {
		w.need(n.Privilege, n.Object)
	}
}

// readOnce reports whether a statement is read when its text is, and holds
// nothing that the server reads later, under other variables.
func readOnce(f fragment) bool {
	switch {
	case f.isAny(0, "SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "DROP"):
		return true
	case f.isAny(0, "CREATE", "ALTER"):
		i := 1
		if f.seq(i, "OR", "REPLACE") {
			i += 2
		}
		return f.isAny(i, "TABLE", "TEMPORARY", "UNIQUE", "INDEX", "DATABASE")
	}
	return false
}
