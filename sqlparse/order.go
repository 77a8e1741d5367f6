package sqlparse

import "slices"

// What stands behind a statement in the same text is read before that has run.

// followSchema puts the schema that a USE names into the statements behind it.
// MariaDB can prepare USE: behind what executes or calls, the schema cannot be told.
func (r Reading) followSchema(s Server) {
	schema := ""
	var lost *Statement // what may have changed the schema unseen
	for i := range r.Statements {
		st := &r.Statements[i]
		switch {
		case lost != nil && st.atHome() && !st.callsAgain(lost):
			*st = unknownStatement("the text may have changed the schema of those behind an EXECUTE or CALL")
		case schema != "":
			st.moveTo(schema)
		}
		if to, ok := st.moves(); ok {
			schema, lost = to, nil
		} else if lost == nil && s.Flavour == MariaDB && (st.runsUnseen() || st.Effect&SetsSchema != 0 && st.Kind != "prepare_sql" && st.Kind != Unknown) {
			lost = st
		}
	}
}

// moves returns the schema that a statement makes the session's own.
func (st *Statement) moves() (schema string, ok bool) {
	for st.Kind == "execute_immediate" && len(st.Inner) > 0 && !slices.ContainsFunc(st.Inner[1:], func(in Statement) bool { return in.Kind != "empty_query" }) {
		st = &st.Inner[0]
	}
	if st.Kind != "change_db" || len(st.Needs) == 0 {
		return "", false
	}
	return st.Needs[0].Object.Schema, true
}

// atHome reports whether a statement names anything without a schema.
func (st *Statement) atHome() bool {
	return slices.ContainsFunc(st.Needs, func(n Need) bool { return n.Object.Type != Global && n.Object.Schema == "" })
}

// callsAgain reports whether a statement calls what an earlier one has called,
// as clients do that send a batch of calls.
func (st *Statement) callsAgain(earlier *Statement) bool {
	return st.Kind == "call_procedure" && earlier.Kind == st.Kind && slices.Equal(st.Needs, earlier.Needs)
}

// runsUnseen reports whether a statement runs a prepared statement or a
// procedure, by itself or in its block.
func (st *Statement) runsUnseen() bool {
	switch st.Kind {
	case "execute_sql", "call_procedure":
		return true
	case "compound_sql", "execute_immediate":
		return slices.ContainsFunc(st.Inner, func(in Statement) bool { return in.runsUnseen() })
	}
	return false
}

// setsMode reports whether a statement may change how texts are read from then on.
func (st *Statement) setsMode() bool { return st.Effect&(SetsState|MayHideState) != 0 }

// selfChanging refuses a text that changes how its own rest is read: the rest
// was read in the mode from before.
func selfChanging(reading Reading, lexed *Lexed) Reading {
	last := len(reading.Statements) - 1
	if last == 0 || lexed.ModeFree() {
		return reading
	}
	if reading.Statements[last].Kind == "empty_query" && last > 0 {
		last--
	}
	for _, st := range reading.Statements[:last] {
		if st.setsMode() && st.Kind != Unknown {
			return unknownReading("the text changes how its own rest is read")
		}
	}
	return reading
}

// overtaken says why a statement of a body cannot be judged: what runs before it
// may change what the text in it means. It is empty where it can. In a body that
// runs in another order than it stands in, all of it runs before.
func overtaken(all []statementRead, s Server, anyOrder bool) (reason string) {
	changed := anyOrder && slices.ContainsFunc(all, func(st statementRead) bool { return st.setsMode() })
	lost := anyOrder && slices.ContainsFunc(all, func(st statementRead) bool { return st.runsUnseen() })
	for i := range all {
		st := &all[i]
		switch {
		case changed && st.modeBound:
			return "a text inside is read in a mode that the body may have changed"
		case lost && s.Flavour == MariaDB && st.holdsText() && st.atHome():
			return "a text inside is read in a schema that the body may have changed"
		}
		changed, lost = changed || st.setsMode(), lost || st.runsUnseen()
	}
	return ""
}

// holdsText reports whether the server reads a text when it runs the statement.
func (st *Statement) holdsText() bool {
	return st.Kind == "prepare_sql" || st.Kind == "execute_immediate"
}
