package proxy

import (
	"bytes"
	"slices"
	"strings"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// The connection attributes by which a client says which environment it belongs
// to. For drivers that let nothing else be set, the program's name may hold it
// as a comment does: report environment='development'. What names say otherwise
// is as libraries please, and is not asked.
const (
	declarationAttribute = "guardrail.environment"
	programName          = "program_name"
)

// declared is the environment that connection attributes declare, "" for none.
func declared(attributes []byte, here string) (environment string) {
	_ = wire.EachAttribute(attributes, func(name, value string) { // what cannot be read declares nothing more
		switch name {
		case declarationAttribute:
			environment = policy.Narrower(environment, value, here)
		case programName:
			environment = policy.Narrower(environment, policy.InComment([]byte(strings.ReplaceAll(value, " ", ",")), here), here)
		}
	})
	return environment
}

// misdeclared is the verdict about a text one of whose comments says that it
// belongs to another environment; nil where none does.
func (s *session) misdeclared(lexed *sqlparse.Lexed) *verdict {
	d, refused := s.app.Misdeclared(lexed, s.server.options.Now())
	if !refused {
		return nil
	}
	if len(lexed.Text) >= longText { // it would hold up the others to read it only for the record
		return &verdict{decision: d}
	}
	v := s.judge(s.state.schema, s.read(*lexed)) // for the record: what it would have done
	d.Statement = max(0, slices.IndexFunc(v.statements, destroys))
	return &verdict{decision: d, statements: v.statements, destroys: v.destroys}
}

// unreadTag reports whether a text that cannot be read, and would be forwarded
// all the same, names the schema of the environment tag. The end of the name is
// left out: its i may be one with a dot, in any character set.
func (v *verdict) unreadTag(text []byte) bool {
	return v.unread && v.decision.Allowed() && bytes.Contains(bytes.ToLower(text), []byte("guardra"))
}
