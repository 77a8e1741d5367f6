package proxy

import (
	"bytes"
	"net/url"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// declarationAttribute is the connection attribute by which a client says which
// environment it belongs to. Other attributes (program_name) say what a library
// pleases and are not asked.
const declarationAttribute = "guardrail.environment"

// declared is the environment that connection attributes declare, "" for none.
// Of several, one that is not here counts: a declaration can only restrict.
func declared(attributes []byte, here string) (environment string) {
	_ = wire.EachAttribute(attributes, func(name, value string) { // what cannot be read declares nothing more
		if name == declarationAttribute && (environment == "" || environment == here) {
			environment = value
		}
	})
	return environment
}

// misdeclared is the verdict about a text whose first or last comment says, as
// sqlcommenter writes it, that it belongs to another environment; nil where
// none does: /*environment='development'*/ DROP TABLE t
func (s *session) misdeclared(text []byte) *verdict {
	for _, comment := range [][]byte{leadingComment(text), trailingComment(text)} {
		environment := commented(comment)
		if environment == "" {
			continue
		}
		if d := s.app.Declared(environment, s.server.options.Now()); !d.Allowed() {
			d.Code, d.State = mysql.ER_SPECIFIC_ACCESS_DENIED_ERROR, "42000"
			return &verdict{decision: d}
		}
	}
	return nil
}

// leadingComment is the inside of the comment that a text begins with.
func leadingComment(text []byte) []byte {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) < 4 || text[0] != '/' || text[1] != '*' {
		return nil
	}
	inside, _, _ := bytes.Cut(text[2:], []byte("*/"))
	return inside
}

// trailingComment is the inside of what looks like the comment that a text ends
// with. It may stand inside another one: that restricts, and no more.
func trailingComment(text []byte) []byte {
	text = bytes.TrimRight(text, " \t\r\n;")
	if !bytes.HasSuffix(text, []byte("*/")) {
		return nil
	}
	i := bytes.LastIndex(text, []byte("/*"))
	if i < 0 || i+4 > len(text) {
		return nil
	}
	return text[i+2 : len(text)-2]
}

// commented is the value of environment in the inside of a comment: pairs
// key='value' with commas between, the values as in a URL.
func commented(comment []byte) string {
	for pair := range bytes.SplitSeq(comment, []byte(",")) {
		value, ok := bytes.CutPrefix(bytes.TrimSpace(pair), []byte("environment='"))
		if !ok {
			continue
		}
		value, ok = bytes.CutSuffix(value, []byte("'"))
		if !ok {
			continue
		}
		if text, err := url.PathUnescape(string(value)); err == nil {
			return text
		}
		return string(value)
	}
	return ""
}

// unreadTag reports whether a text that cannot be read, and would be forwarded
// all the same, names the schema of the environment tag. The end of the name is
// left out: its i may be one with a dot, in any character set.
func (v *verdict) unreadTag(text []byte) bool {
	return v.unread && v.decision.Allowed() && bytes.Contains(bytes.ToLower(text), []byte("guardra"))
}
