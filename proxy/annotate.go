package proxy

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// annotated is a COM_QUERY with the app, the environment and the event, if there
// is one, for the server's logs and statistics: as query attributes where both
// legs have them and no comment is asked for, else as a comment at the end. The
// text is otherwise untouched, and wholly so where a comment could become part
// of something.
func (s *session) annotated(message wire.Message, body, text []byte, v *verdict) wire.Message {
	if !s.server.options.Backend.Annotate {
		return message
	}
	pairs := [][2]string{{"app", s.name}, {"environment", s.server.options.Environment}}
	if s.head.destructive != nil {
		pairs = append(pairs, [2]string{"event", s.head.destructive.ID})
	}
	var longer []byte
	if s.serverCapabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0 && !s.server.options.Backend.AnnotateInText {
		for i := range pairs {
			pairs[i][0] = "guardrail." + pairs[i][0]
		}
		longer, _ = wire.WithQueryAttributes(body, pairs...)
	} else if end, ok := s.commentPlace(text, v); ok {
		end += len(body) - len(text) // behind the client's own attributes
		longer = append(append(bytes.Clone(body[:end]), comment(pairs)...), body[end:]...)
	}
	if longer == nil || len(longer) >= wire.MaxPayload {
		return message
	}
	raw, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, longer...))
	if len(raw) > s.longest() {
		return message
	}
	return wire.Message{Raw: raw}
}

// comment writes pairs as sqlcommenter does, the values as in a URL: neither
// quotes nor asterisks are left in them.
func comment(pairs [][2]string) string {
	var all []string
	for _, p := range pairs {
		all = append(all, p[0]+"='"+url.PathEscape(p[1])+"'")
	}
	return " /*" + strings.Join(all, ",") + "*/"
}

// stored are the beginnings of the kinds whose text the server keeps.
var stored = []string{"create_view", "alter_view", "create_procedure", "create_function", "create_trigger", "create_event", "alter_event", "create_package"}

// commentPlace is where a comment can stand at the end of a text: behind its
// last token, before the comments, semicolons and spaces that may follow. There
// is none where the text holds an executable comment, is kept by the server, or
// cannot be read.
func (s *session) commentPlace(text []byte, v *verdict) (end int, ok bool) {
	if v.unread || len(v.statements) == 0 || bytes.Contains(text, []byte("/*!")) || bytes.Contains(text, []byte("/*M!")) {
		return 0, false
	}
	for i := range v.statements {
		for _, kind := range stored {
			if strings.HasPrefix(string(v.statements[i].Kind), kind) {
				return 0, false
			}
		}
	}
	b := s.server.benches.Get().(*bench)
	defer s.server.benches.Put(b)
	lexed := s.lex(text, b)
	if !bytes.HasPrefix(text, lexed.Text) {
		return 0, false
	}
	end, ok = lastToken(&lexed)
	if rest := lexed.Text[end:]; ok && !onlyComments(rest) {
		// Rows of literals, which the lexer leaves out. Of a text that begins with
		// their comma it leaves out none.
		rows := sqlparse.Lex(rest, s.state.mode, s.server.options.Reader.NewTokens())
		more, whole := lastToken(&rows)
		end, ok = end+more, whole && onlyComments(rest[more:])
	}
	return end, ok
}

// lastToken is where the last token of a text ends. It is not ok where that is a
// semicolon: what follows is a statement of its own, and empty.
func lastToken(lexed *sqlparse.Lexed) (end int, ok bool) {
	n := len(lexed.Tokens)
	if lexed.Ambiguous != "" || n == 0 {
		return 0, false
	}
	last := lexed.Tokens[n-1]
	return int(last.End), last.Type != sqlparse.TokenSymbol || last.Op != ';'
}

// onlyComments reports whether a text that begins between two tokens holds
// nothing but comments.
func onlyComments(rest []byte) bool {
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n\f\v")
		closed := true
		switch {
		case len(rest) == 0:
			return true
		case bytes.HasPrefix(rest, []byte("/*")):
			_, rest, closed = bytes.Cut(rest[2:], []byte("*/"))
		case rest[0] == '#', bytes.HasPrefix(rest, []byte("--")):
			_, rest, _ = bytes.Cut(rest, []byte("\n"))
		default:
			return false
		}
		if !closed {
			return false
		}
	}
}
