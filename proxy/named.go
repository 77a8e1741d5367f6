package proxy

import (
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
	written    string               // the name, as it was written
	statements []sqlparse.Statement // what was prepared; where that cannot be told apart, and what else is in the text
	schema     string
	mode       sqlparse.Mode
	bound      bool // another mode may read it differently
}

// unread reports whether what it runs may prepare under any name.
func (n *named) unread() bool {
	return slices.ContainsFunc(n.statements, unknown) || slices.ContainsFunc(n.statements, calls)
}

// unreadName is what a name may stand for that was prepared where nobody saw it.
var unreadName = named{statements: []sqlparse.Statement{{Reason: "it may have been prepared by a routine, or by a text that could not be read"}}}

// names are a session's named statements. Until the success of a text is known, a
// name stands for all that it may. The zero value has none.
type names struct {
	by     map[string][]*named // those whose name is not plainly ASCII are under "": the server compares names by a collation
	unseen bool                // every other name may have been prepared where nobody saw it
}

// maxNames bounds the named statements of one session. The server's own bound
// is max_prepared_stmt_count, 16382 of all sessions by default.
const maxNames = 4096

// find returns the statements that a name may stand for; in a text that may
// prepare it unseen, that too.
func (n *names) find(name string, unseen bool) []*named {
	all, known := slices.Concat(n.by[name], n.by[""]), len(n.by[name]) > 0
	if name == "" {
		all, known = nil, false
		for _, st := range n.by {
			all = append(all, st...)
		}
	}
	if unseen || n.unseen && !known {
		all = append(all, &unreadName)
	}
	return all
}

// full reports whether there are too many to add those of a text.
func (n *names) full(text namings) bool {
	more := 0
	for _, one := range text.all {
		if one.prepare != nil {
			more++
		}
	}
	return more > 0 && n.size()+more > maxNames
}

// add takes note of what a text may do, before it is forwarded.
func (n *names) add(text namings) {
	for _, one := range text.all {
		if one.executes() && slices.ContainsFunc(n.find(one.name, false), (*named).unread) {
			text.unseen = true // what it runs may prepare under any name
		}
		if one.prepare == nil {
			continue
		}
		if n.by == nil {
			n.by = map[string][]*named{}
		}
		n.by[one.name] = append(n.by[one.name], one.prepare)
	}
	if text.unseen {
		n.lose()
	}
}

// lose takes note that every name may have been prepared anew where nobody saw it.
func (n *names) lose() {
	n.unseen = true
	for name, all := range n.by {
		if !slices.Contains(all, &unreadName) {
			n.by[name] = append(all, &unreadName)
		}
	}
}

func (n *names) size() (sum int) {
	for _, all := range n.by {
		sum += len(all)
	}
	return sum
}

// ran takes note that PREPAREs and DEALLOCATEs have run.
func (n *names) ran(all []naming) {
	for _, one := range all {
		switch {
		case one.gone && one.name != "":
			delete(n.by, one.name)
		case one.prepare != nil && one.name != "":
			n.by[one.name] = []*named{one.prepare}
		case one.gone, one.prepare != nil: // of the names that are not plain, those written alike are surely one
			n.by[""] = slices.DeleteFunc(n.by[""], func(st *named) bool { return st.written == one.written && st != one.prepare })
		case one.executes() && slices.ContainsFunc(n.find(one.name, false), (*named).unread):
			n.lose() // also those that were prepared before it in the text
		}
	}
}

// renamed judges the statements that a text executes by name, and returns the
// verdict about both: it refuses where one of them is refused, and records what
// any of them destroys.
func (s *session) renamed(v *verdict, text namings) *verdict {
	if v.told != nil || !slices.ContainsFunc(text.all, naming.executes) {
		return v
	}
	both := *v
	both.decision.Questions = nil // the server cannot tell of one of several
	both.statements = slices.Clone(v.statements)
	if told := s.includeNamed(&both, text); told != nil {
		return &verdict{told: told}
	}
	both.countedFor, both.counters = s.name, s.counters(&both)
	return &both
}

// includeNamed puts what a text executes by name into the verdict about it, up to
// the first that is refused. It returns the error to answer in the place of any.
func (s *session) includeNamed(both *verdict, text namings) *wire.Err {
	var here []*named // prepared in this text, so far
	seen := map[includedAs]bool{}
	anew := map[string]*named{} // those that surely are what their name stands for
	for _, n := range text.all {
		if n.prepare != nil {
			here = append(here, n.prepare)
			if text.flat && n.name != "" {
				anew[n.name] = n.prepare
			}
		}
		if !n.executes() {
			continue
		}
		all := []*named{anew[n.name]}
		if all[0] == nil {
			all = append(s.named.find(n.name, text.unseen), here...)
		}
		for _, st := range all {
			if st.bound && (text.moves || st.mode != s.state.mode) {
				return &errPrepareAgain
			}
			if len(st.statements) == 0 {
				st = &unreadName // nothing that was read stands for it
			}
			same := includedAs{&st.statements[0], st.schema}
			if seen[same] {
				continue // those of one text share its statements
			}
			seen[same] = true
			both.include(s.judge(st.schema, st.statements))
			if both.decision.Action != policy.Allow {
				return nil
			}
			if st.unread() {
				text.unseen = true
				clear(anew)
			}
			text.moves = text.moves || slices.ContainsFunc(st.statements, moves)
		}
	}
	return nil
}

// includedAs tells apart what is included in a verdict.
type includedAs struct {
	first  *sqlparse.Statement
	schema string
}

// include makes one verdict of two: what is refused stands before what is only
// observed, that before what is allowed, and the earlier before the later.
func (v *verdict) include(other *verdict) {
	if v.decision.Action == policy.Allow && (other.decision.Action != policy.Allow || other.decision.Observed && !v.decision.Observed) {
		v.decision = other.decision
		v.decision.Statement += len(v.statements)
		v.decision.Questions = nil
	}
	v.statements = append(v.statements, other.statements...)
	v.destroys = v.destroys || other.destroys
	v.unseen = v.unseen || other.unseen
	v.unread = v.unread || other.unread
	v.redefines = v.redefines || other.redefines
	v.files += other.files
}

// errPrepareAgain is the answer to the execution of a text that the server may
// read differently by now.
var errPrepareAgain = wire.Err{
	Code: mysql.ER_NEED_REPREPARE, SQLState: "HY000",
	Message: "Prepared statement needs to be re-prepared: Guardrail may read its text differently since the session's sql_mode or character set has changed",
}

// errTooManyNames is the server's own error where no more may be prepared.
var errTooManyNames = wire.Err{
	Code: mysql.ER_MAX_PREPARED_STMT_COUNT_REACHED, SQLState: "42000",
	Message: "Can't create more than max_prepared_stmt_count statements (Guardrail's own limit for one session)",
}
