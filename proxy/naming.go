package proxy

import (
	"bytes"
	"slices"

	"guardrail/sqlparse"
)

// naming is a PREPARE, EXECUTE or DEALLOCATE PREPARE inside a text.
type naming struct {
	name    string // "" where it is not plain
	written string // the name as it stands in the text
	prepare *named // what a PREPARE makes
	gone    bool   // by DEALLOCATE
}

func (n naming) executes() bool { return n.prepare == nil && !n.gone }

// namings are what a text does by name.
type namings struct {
	all []naming // in their order
	// flat is set where each is a statement of the text by itself: the success of
	// the text says that they have run, one after the other.
	flat   bool
	unseen bool // a routine that it calls, or a part that nobody could read, may prepare under any name
	moves  bool // something else in the text may change how the rest is read
}

// namings finds what a text that stands in a schema does by name.
func (s *session) namings(text []byte, schema string, statements []sqlparse.Statement) namings {
	lexed := sqlparse.Lex(text, s.state.mode, &sqlparse.Tokens{})
	at := func(i int) []byte {
		if i < 0 || i >= len(lexed.Tokens) {
			return nil
		}
		return lexed.Text[lexed.Tokens[i].Start:lexed.Tokens[i].End]
	}
	is := func(i int, word string) bool { return bytes.EqualFold(at(i), []byte(word)) }
	prepared := opened(statements)
	var out namings
	found := map[sqlparse.Kind]int{}
	add := func(kind sqlparse.Kind, name []byte, what naming) {
		found[kind]++
		what.name, what.written = plainName(name), string(name)
		out.all = append(out.all, what)
	}
	for i := range lexed.Tokens {
		switch {
		case is(i, "PREPARE") && is(i+2, "FROM"):
			add("prepare_sql", at(i+1), naming{prepare: &named{
				written: string(at(i + 1)), statements: prepared, schema: schema, mode: s.state.mode, bound: boundToMode(at(i+3), s.state.mode),
			}})
		case is(i, "PREPARE") && (is(i-1, "DEALLOCATE") || is(i-1, "DROP")):
			add("dealloc_sql", at(i+1), naming{gone: true})
		case is(i, "EXECUTE") && is(i+1, "IMMEDIATE") && s.state.mode.Server.Flavour == sqlparse.MariaDB:
			// runs a text, by no name
		case is(i, "EXECUTE"):
			add("execute_sql", at(i+1), naming{})
		}
	}
	semicolon := slices.IndexFunc(lexed.Tokens, func(t sqlparse.Token) bool { return t.Type == sqlparse.TokenSymbol && t.Op == ';' })
	alone := semicolon < 0 || semicolon == len(lexed.Tokens)-1
	for _, st := range statements {
		kind := st.Kind
		if kind == sqlparse.Unknown && len(statements) == 1 && lexed.Ambiguous == "" && is(0, "PREPARE") && alone {
			kind = "prepare_sql" // its text is not in it, but its name is
		}
		found[kind]--
		out.unseen = out.unseen || st.Kind != "prepare_sql" && calls(st)
		out.moves = out.moves || moves(st)
	}
	// More of them than there are such statements are inside another one, or are no
	// such thing: a column may be named PREPARE.
	out.flat = !out.unseen && found["prepare_sql"] == 0 && found["execute_sql"] == 0 && found["dealloc_sql"] == 0 && found[sqlparse.Unknown] == 0
	out.unseen = out.unseen || !out.flat && slices.ContainsFunc(statements, unknown)
	if out.flat {
		out.tellApart(statements)
	}
	return out
}

// tellApart gives each PREPARE of a flat text what it prepares, without what else
// is in the text.
func (n *namings) tellApart(statements []sqlparse.Statement) {
	for _, one := range n.all {
		if one.prepare == nil {
			continue
		}
		i := slices.IndexFunc(statements, func(st sqlparse.Statement) bool { return st.Kind == "prepare_sql" })
		if i < 0 {
			return // one that could not be read
		}
		one.prepare.statements = statements[i].Inner
		statements = statements[i+1:]
	}
}

func unknown(st sqlparse.Statement) bool { return st.Kind == sqlparse.Unknown }

// calls reports whether a statement is a CALL, or holds one.
func calls(st sqlparse.Statement) bool {
	return st.Kind == "call_procedure" || slices.ContainsFunc(st.Inner, calls)
}

// moves reports whether a statement may change how what is behind it is read, by
// itself: what is executed by name is looked at elsewhere.
func moves(st sqlparse.Statement) bool {
	switch {
	case st.Kind == "prepare_sql", st.Kind == "execute_sql":
		return false
	case len(st.Inner) > 0:
		return slices.ContainsFunc(st.Inner, moves)
	}
	return st.Effect&(sqlparse.SetsState|sqlparse.MayHideState) != 0
}

// opened are the statements with those inside a PREPARE in its place.
func opened(statements []sqlparse.Statement) (out []sqlparse.Statement) {
	for _, st := range statements {
		if st.Kind == "prepare_sql" {
			out = append(out, st.Inner...)
		} else {
			out = append(out, st)
		}
	}
	return out
}

// plainName is a name of ASCII letters, digits and underscores in lower case,
// and "" for every other.
func plainName(name []byte) string {
	if n := len(name); n > 1 && name[0] == '`' && name[n-1] == '`' {
		name = name[1 : n-1]
	}
	for _, b := range name {
		if b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return ""
		}
	}
	return string(bytes.ToLower(name))
}

// boundToMode reports whether the text in a literal may read differently in
// another mode. Of one with backslashes that is not looked at. A variable's text is
// not known in any mode.
func boundToMode(literal []byte, m sqlparse.Mode) bool {
	if bytes.HasPrefix(literal, []byte("@")) {
		return false
	}
	if len(literal) < 2 || bytes.IndexByte(literal, '\\') >= 0 {
		return true
	}
	quote := literal[:1]
	text := bytes.ReplaceAll(literal[1:len(literal)-1], bytes.Repeat(quote, 2), quote)
	lexed := sqlparse.Lex(text, m, &sqlparse.Tokens{})
	return lexed.Ambiguous != "" || !lexed.ModeFree()
}
