package proxy

import (
	"bytes"
	"slices"

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
	statements []sqlparse.Statement // what the text with the PREPARE prepares, and what else is in it
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

// unreadName is what any name may stand for once a text has run that nobody
// could read.
var unreadName = named{statements: []sqlparse.Statement{{Reason: "it may have been prepared by a text that could not be read"}}}

func (n *named) unread() bool {
	return slices.ContainsFunc(n.statements, unknown)
}

func unknown(st sqlparse.Statement) bool { return st.Kind == sqlparse.Unknown }

// naming is a PREPARE, EXECUTE or DEALLOCATE PREPARE inside a text.
type naming struct {
	name    string
	prepare *named // what a PREPARE makes
	gone    bool   // by DEALLOCATE, of a plain name
}

// namings are those of a text, in their order.
type namings struct {
	all []naming
	// flat is set where each is a statement of the text by itself: the success of
	// the text says that they have run, one after the other.
	flat bool
}

// namings finds the PREPAREs, EXECUTEs and DEALLOCATEs of a text.
func (s *session) namings(text []byte, statements []sqlparse.Statement) namings {
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
	for i := range lexed.Tokens {
		switch {
		case is(i, "PREPARE") && is(i+2, "FROM"):
			found["prepare_sql"]++
			out.all = append(out.all, naming{name: plainName(at(i + 1)), prepare: &named{
				statements: prepared, schema: s.state.schema, mode: s.state.mode, bound: boundToMode(at(i+3), s.state.mode),
			}})
		case is(i, "PREPARE") && (is(i-1, "DEALLOCATE") || is(i-1, "DROP")):
			found["dealloc_sql"]++
			name := plainName(at(i + 1))
			out.all = append(out.all, naming{name: name, gone: name != ""})
		case is(i, "EXECUTE"):
			found["execute_sql"]++
			out.all = append(out.all, naming{name: plainName(at(i + 1))})
		}
	}
	for _, st := range statements {
		kind := st.Kind
		if kind == sqlparse.Unknown && len(statements) == 1 && lexed.Ambiguous == "" && is(0, "PREPARE") {
			kind = "prepare_sql" // its text is not in it, but its name is
		}
		found[kind]--
	}
	// More of them than there are such statements are inside another one, or are no
	// such thing: a column may be named PREPARE.
	out.flat = found["prepare_sql"] == 0 && found["execute_sql"] == 0 && found["dealloc_sql"] == 0 && found[sqlparse.Unknown] == 0
	if !out.flat && slices.ContainsFunc(statements, unknown) {
		out.all = append(out.all, naming{prepare: &unreadName})
	}
	return out
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
func (s *session) renamed(v *verdict, names namings) *verdict {
	var here []*named           // prepared in this text, so far
	anew := map[string]*named{} // those that surely are what their name stands for
	for _, n := range names.all {
		if n.prepare != nil {
			here = append(here, n.prepare)
			if names.flat && n.name != "" {
				anew[n.name] = n.prepare
			}
			continue
		}
		if n.gone {
			continue
		}
		all := []*named{anew[n.name]}
		if all[0] == nil {
			all = append(s.named.find(n.name), here...)
		}
		for _, st := range all {
			if st.bound && st.mode != s.state.mode {
				return &verdict{told: &errPrepareAgain}
			}
			again := s.judge(st.schema, st.statements)
			again.effect, again.seen, again.shape = v.effect, v.seen, v.shape
			if again.decision.Action != policy.Allow || again.decision.Observed {
				return again
			}
			if again.destroys && !v.destroys || again.unseen && v.loss() == "" {
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

// rememberNames takes note of what a text may prepare, before it is forwarded:
// until its success is known, a name stands for what it stood for as well. It
// reports false where there are too many.
func (s *session) rememberNames(names namings) bool {
	for _, n := range names.all {
		if n.prepare == nil && slices.ContainsFunc(s.named.find(n.name), (*named).unread) {
			n = naming{prepare: &unreadName} // it may prepare under any name
		}
		if n.prepare == nil || n.prepare == &unreadName && slices.Contains(s.named[""], n.prepare) {
			continue
		}
		if s.named.size() >= maxNames {
			return false
		}
		if s.named == nil {
			s.named = map[string][]*named{}
		}
		s.named[n.name] = append(s.named[n.name], n.prepare)
	}
	return true
}

func (n names) size() (sum int) {
	for _, all := range n {
		sum += len(all)
	}
	return sum
}

// ran takes note that PREPAREs and DEALLOCATEs have run.
func (n names) ran(all []naming) {
	for _, one := range all {
		switch {
		case one.gone:
			delete(n, one.name)
		case one.prepare != nil && one.name != "":
			n[one.name] = []*named{one.prepare}
		}
	}
}

// find returns the statements that a name may stand for.
func (n names) find(name string) []*named {
	if name != "" {
		return slices.Concat(n[name], n[""])
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
