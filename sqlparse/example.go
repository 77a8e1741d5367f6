package sqlparse

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// exampleLimit bounds an example, in bytes, and its tokens.
const exampleLimit = 16 << 10

// Example returns a text that reads as the given one does, in UTF-8 and
// otherwise the same Mode, with a neutral literal in place of each literal: 'm',
// 7, 1e0, x'00', and in an UPDATE or DELETE one of the same weight. Comments are
// gone, and so are rows of literals after the first. What Mask shows is for
// people; this is for rehearsing another policy.
//
// ok is false where there is no such text: the given one cannot be cut into
// tokens, is longer than 16 KiB, or reads otherwise without its literals.
func (r *Reader) Example(text []byte, m Mode) (example string, ok bool) {
	return r.example(text, m, 0)
}

func (r *Reader) example(text []byte, m Mode, depth int) (string, bool) {
	lexed := Lex(text, m, &Tokens{Limit: exampleLimit})
	if lexed.Ambiguous != "" || depth > maxInner {
		return "", false
	}
	w := exampleWriter{reader: r, lexed: &lexed, depth: depth}
	if !w.write() {
		return "", false
	}
	plain := m
	plain.Charset = CharsetUTF8
	if !sameReading(r.Read(text, m), r.Read([]byte(w.out.String()), plain)) {
		return "", false
	}
	return w.out.String(), true
}

// sameReading compares what two texts mean. Why one cannot be read may be said in other words.
func sameReading(a, b Reading) bool {
	if len(a.Statements) != len(b.Statements) {
		return false
	}
	for i := range a.Statements {
		x, y := a.Statements[i], b.Statements[i]
		x.Reason, y.Reason = "", ""
		if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	return true
}

// exampleWriter writes the tokens of a text with neutral literals.
type exampleWriter struct {
	reader *Reader
	lexed  *Lexed
	depth  int
	hints  int // how many of the text's hints are written
	out    strings.Builder
}

// write writes all tokens and reports whether they make an example.
func (w *exampleWriter) write() bool {
	end := uint32(0)
	for i, t := range w.lexed.Tokens {
		w.hint(t.Start)
		switch {
		case t.Type == TokenSymbol && t.Flags&Detached != 0:
			w.out.WriteString("/**/")
		case i > 0 && (t.Start > end || t.isLiteral() && w.lexed.Tokens[i-1].Type != TokenSymbol):
			w.out.WriteByte(' ') // also where x"0" would become x'0'
		}
		end = t.End
		word, ok := w.token(i, t)
		if !ok || w.out.Len()+len(word) > exampleLimit {
			return false
		}
		w.out.WriteString(word)
	}
	if commentAtEnd(w.lexed) {
		w.out.WriteString(" /**/")
	}
	return utf8.ValidString(w.out.String())
}

// isLiteral reports whether another text stands for the token in an example.
func (t Token) isLiteral() bool {
	switch t.Type {
	case TokenString, TokenNational, TokenDollar, TokenHex, TokenBit, TokenInteger, TokenDecimal, TokenFloat:
		return true
	}
	return false
}

// hint writes the hints that set variables before a place in the text.
func (w *exampleWriter) hint(before uint32) {
	for ; w.hints < len(w.lexed.hints) && w.lexed.hints[w.hints].at < before; w.hints++ {
		switch name := w.lexed.hints[w.hints].name; name {
		case "max_execution_time":
			w.out.WriteString(" /*+ MAX_EXECUTION_TIME(1) */")
		case AnyVariable:
			w.out.WriteString(" /*+ SET_VAR */")
		default:
			w.out.WriteString(" /*+ SET_VAR(" + name + "=1) */")
		}
	}
}

// token returns the i-th token, or the literal that stands for it.
func (w *exampleWriter) token(i int, t Token) (string, bool) {
	text := w.lexed.Text[t.Start:t.End]
	switch t.Type {
	case TokenWord, TokenName, TokenHost:
		return w.name(t, text)
	case TokenNull, TokenIntroducer, TokenParam, TokenSymbol:
		return string(text), true
	case TokenString:
		if inner, ok := w.inner(i, t); ok {
			return inner, true
		}
		return w.weighed(text, t.Type).example(t.Type), true
	case TokenNational:
		return "N" + w.weighed(text, t.Type).example(TokenString), true
	case TokenHex:
		return neutralBytes(text, "x'00'", "0x00"), true
	case TokenBit:
		return neutralBytes(text, "b'0'", "0b0"), true
	case TokenInteger, TokenDecimal, TokenFloat:
		return w.weighed(text, t.Type).example(t.Type), true
	case TokenDollar:
		return "$$m$$", true
	}
	return "", false
}

// neutralBytes picks the neutral literal of the form that a text has.
func neutralBytes(text []byte, quoted, plain string) string {
	if text[0] == '0' {
		return plain
	}
	return quoted
}

// weighed is the weight of a literal where weights count, and plain elsewhere.
func (w *exampleWriter) weighed(text []byte, t TokenType) weight {
	if !w.lexed.weighs && !w.lexed.LiteralDependent {
		return weightPlain
	}
	return weigh(text, t)
}

// example is the literal that stands for all of a weight and a type, so that
// it has the same weight again.
func (g weight) example(t TokenType) string {
	switch {
	case t == TokenFloat:
		return "1e0"
	case t == TokenString && g == weightOdd:
		return `'\\m'`
	case t == TokenDecimal:
		return g.literal(t) + ".0"
	}
	return g.literal(t)
}

// name returns a word or name in UTF-8, in backquotes where it had to be converted.
func (w *exampleWriter) name(t Token, text []byte) (string, bool) {
	if !hasHigh(text) || w.lexed.Mode.Charset == CharsetUTF8 {
		return string(text), true
	}
	if t.Type == TokenHost {
		name, ok := decodeName(text, w.lexed.Mode.Charset)
		return name, ok
	}
	name, ok := w.lexed.nameOf(t)
	return "`" + strings.ReplaceAll(name, "`", "``") + "`", ok
}

// inner returns the text that a statement runs, as an example of its own. Words
// that cannot be read are no such text: they would stay as they are.
func (w *exampleWriter) inner(i int, t Token) (string, bool) {
	if !(fragment{lexed: w.lexed, tokens: w.lexed.Tokens}).runs(i) {
		return "", false
	}
	text := w.lexed.stringValue(t)
	if _, unknown := w.reader.Read(text, w.lexed.Mode).Unknown(); unknown {
		return "", false
	}
	inner, ok := w.reader.example(text, w.lexed.Mode, w.depth+1)
	if !ok {
		return "", false
	}
	if !w.lexed.Mode.SQLMode.has(NoBackslashEscapes) {
		inner = strings.ReplaceAll(inner, `\`, `\\`)
	}
	return "'" + strings.ReplaceAll(inner, "'", "''") + "'", true
}

// runs reports whether the i-th token is the text that PREPARE, EXECUTE
// IMMEDIATE or sys.execute_prepared_stmt is given.
func (f fragment) runs(i int) bool {
	return f.is(0, "PREPARE") && f.is(i-1, "FROM") || f.seq(i-2, "EXECUTE", "IMMEDIATE") || f.op(i-1, '(') && f.is(i-2, "EXECUTE_PREPARED_STMT")
}
