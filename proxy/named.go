package proxy

import (
	"bytes"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// named is a statement that a client has prepared by PREPARE name FROM 'text'.
// It is judged again when it is executed: under the policy of then, and only
// where its text still reads the same, because MySQL reads it again under the
// mode of then when a table has changed.
type named struct {
	statements []sqlparse.Statement // of the text with the PREPARE
	schema     string
	mode       sqlparse.Mode
	bound      bool // another mode may read it differently
}

// names are a session's named statements. The server compares names by a
// collation; those that are not plainly ASCII stand together under "".
type names map[string][]*named

// maxNames bounds the named statements of one session. The server's own bound
// is max_prepared_stmt_count, 16382 of all sessions by default.
const maxNames = 4096

// naming is a PREPARE, EXECUTE or DEALLOCATE PREPARE inside a text.
type naming struct {
	name    string
	prepare bool
	bound   bool // of a PREPARE
	gone    bool // by DEALLOCATE, of a plain name
}

// namesStatements reports whether a statement prepares, executes or gives up by name.
func namesStatements(st sqlparse.Statement) bool {
	switch st.Kind {
	case "prepare_sql", "execute_sql", "dealloc_sql":
		return true
	}
	for _, inner := range st.Inner {
		if namesStatements(inner) {
			return true
		}
	}
	return false
}

// namings are the PREPAREs, EXECUTEs and DEALLOCATEs of a text, in their order.
func (s *session) namings(text []byte) (all []naming) {
	lexed := sqlparse.Lex(text, s.state.mode, &sqlparse.Tokens{})
	at := func(i int) []byte {
		if i >= len(lexed.Tokens) {
			return nil
		}
		return lexed.Text[lexed.Tokens[i].Start:lexed.Tokens[i].End]
	}
	for i := range lexed.Tokens {
		switch {
		case bytes.EqualFold(at(i), []byte("PREPARE")) && bytes.EqualFold(at(i+2), []byte("FROM")):
			all = append(all, naming{name: plainName(at(i + 1)), prepare: true, bound: boundToMode(at(i+3), s.state.mode)})
		case bytes.EqualFold(at(i), []byte("PREPARE")) && i > 0 &&
			(bytes.EqualFold(at(i-1), []byte("DEALLOCATE")) || bytes.EqualFold(at(i-1), []byte("DROP"))):
			name := plainName(at(i + 1))
			all = append(all, naming{name: name, gone: name != ""})
		case bytes.EqualFold(at(i), []byte("EXECUTE")):
			all = append(all, naming{name: plainName(at(i + 1))})
		}
	}
	return all
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
// another mode. Of one with backslashes that is not looked at.
func boundToMode(literal []byte, m sqlparse.Mode) bool {
	if len(literal) < 2 || bytes.IndexByte(literal, '\\') >= 0 {
		return true
	}
	quote := literal[:1]
	text := bytes.ReplaceAll(literal[1:len(literal)-1], bytes.Repeat(quote, 2), quote)
	lexed := sqlparse.Lex(text, m, &sqlparse.Tokens{})
	return lexed.Ambiguous != "" || !lexed.ModeFree()
}

// renamed judges the statements that a text executes by name. It returns the
// verdict to go on with, which is v where nothing speaks against them.
func (s *session) renamed(v *verdict, all []naming) *verdict {
	if s.named == nil {
		return v
	}
	anew := map[string]bool{} // prepared in this text, and judged with it
	for _, n := range all {
		if n.prepare {
			anew[n.name] = n.name != ""
			continue
		}
		if n.gone || anew[n.name] {
			continue
		}
		for _, st := range s.named.find(n.name) {
			if st.bound && st.mode != s.state.mode {
				return &verdict{told: &errPrepareAgain}
			}
			again := s.judge(st.schema, st.statements)
			again.effect, again.seen, again.shape = v.effect, v.seen, v.shape
			if again.decision.Action != policy.Allow || again.decision.Observed {
				return again
			}
			if again.destroys && !v.destroys {
				v = again
			}
		}
	}
	return v
}

// errPrepareAgain is the answer to the execution of a text that the server may
// read differently by now.
var errPrepareAgain = wire.Err{
	Code: mysql.ER_NEED_REPREPARE, SQLState: "HY000",
	Message: "Prepared statement needs to be re-prepared: Guardrail may read its text differently since the session's sql_mode or character set has changed",
}

// rememberNames takes note of what a text prepares or gives up by name, before it
// is forwarded. It reports false where there are too many.
func (s *session) rememberNames(v *verdict, all []naming) bool {
	for _, n := range all {
		if n.gone && len(v.statements) == 1 && v.statements[0].Kind == "dealloc_sql" { // one among others may never be reached
			delete(s.named, n.name)
		}
		if !n.prepare {
			continue
		}
		if _, again := s.named[n.name]; len(s.named)+len(s.named[""]) >= maxNames && (!again || n.name == "") {
			return false
		}
		st := &named{statements: v.statements, schema: s.state.schema, mode: s.state.mode, bound: n.bound}
		if s.named == nil {
			s.named = names{}
		}
		if n.name != "" {
			s.named[n.name] = []*named{st}
		} else {
			s.named[""] = append(s.named[""], st)
		}
	}
	return true
}

// find returns the statements that a name may stand for.
func (n names) find(name string) []*named {
	if name != "" {
		return append(n[name][:len(n[name]):len(n[name])], n[""]...)
	}
	var all []*named
	for _, st := range n {
		all = append(all, st...)
	}
	return all
}

// errTooManyNames is the server's own error where no more may be prepared.
var errTooManyNames = wire.Err{
	Code: mysql.ER_MAX_PREPARED_STMT_COUNT_REACHED, SQLState: "42000",
	Message: "Can't create more than max_prepared_stmt_count statements (Guardrail's own limit for one session)",
}
