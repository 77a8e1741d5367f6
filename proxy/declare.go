package proxy

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

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
			environment = narrower(environment, value, here)
		case programName:
			environment = narrower(environment, commented([]byte(strings.ReplaceAll(value, " ", ",")), here), here)
		}
	})
	return environment
}

// narrower is the one of two declarations that counts: one that is not here. A
// declaration can only restrict.
func narrower(one, other, here string) string {
	if other == "" || one != "" && one != here {
		return one
	}
	return other
}

// declaration begins what a comment says of an environment, as sqlcommenter
// writes it: /*environment='development'*/
const declaration = "environment='"

// misdeclared is the verdict about a text one of whose comments says that it
// belongs to another environment; nil where none does.
func (s *session) misdeclared(lexed *sqlparse.Lexed) *verdict {
	if !bytes.Contains(lexed.Text, []byte(declaration)) {
		return nil
	}
	here, environment := s.server.options.Environment, ""
	eachComment(lexed, func(inside []byte) { environment = narrower(environment, commented(inside, here), here) })
	if environment == "" {
		return nil
	}
	d := s.app.Declared(environment, s.server.options.Now())
	if d.Allowed() {
		return nil
	}
	d.Code, d.State = mysql.ER_SPECIFIC_ACCESS_DENIED_ERROR, "42000"
	return &verdict{decision: d}
}

// eachComment tells the insides of a text's comments, executable ones left out. Of
// a text that is not cut with certainty it tells all that looks like one.
func eachComment(lexed *sqlparse.Lexed, tell func(inside []byte)) {
	rest := lexed.Text
	if lexed.Ambiguous != "" {
		for found := true; found; {
			_, rest, found = bytes.Cut(rest, []byte("/*"))
			inside, _, _ := bytes.Cut(rest, []byte("*/"))
			tell(inside)
		}
		return
	}
	at := uint32(0)
	for _, t := range lexed.Tokens {
		commentsIn(rest[at:max(at, t.Start)], tell)
		at = max(at, t.End)
	}
	commentsIn(rest[at:], tell)
}

// commentsIn tells the comments in what stands between two tokens. Literals that
// the lexer left out may stand there, too, and end the telling.
func commentsIn(between []byte, tell func(inside []byte)) {
	for {
		between = bytes.TrimLeft(between, " \t\r\n\f\v")
		switch {
		case bytes.HasPrefix(between, []byte("/*!")), bytes.HasPrefix(between, []byte("/*M!")):
			return
		case bytes.HasPrefix(between, []byte("/*")):
			inside, rest, _ := bytes.Cut(between[2:], []byte("*/"))
			tell(inside)
			between = rest
		case bytes.HasPrefix(between, []byte("--")), bytes.HasPrefix(between, []byte("#")):
			_, between, _ = bytes.Cut(between, []byte("\n"))
		default:
			return
		}
	}
}

// commented is the environment that the inside of a comment declares, "" for
// none: pairs key='value' with commas between, the values as in a URL.
func commented(pairs []byte, here string) (environment string) {
	for pair := range bytes.SplitSeq(pairs, []byte(",")) {
		value, ok := bytes.CutPrefix(bytes.TrimSpace(pair), []byte(declaration))
		if !ok {
			continue
		}
		if value, ok = bytes.CutSuffix(value, []byte("'")); !ok {
			continue
		}
		text, err := url.PathUnescape(string(value))
		if err != nil {
			text = string(value)
		}
		environment = narrower(environment, text, here)
	}
	return environment
}

// unreadTag reports whether a text that cannot be read, and would be forwarded
// all the same, names the schema of the environment tag. The end of the name is
// left out: its i may be one with a dot, in any character set.
func (v *verdict) unreadTag(text []byte) bool {
	return v.unread && v.decision.Allowed() && bytes.Contains(bytes.ToLower(text), []byte("guardra"))
}
