package sqlparse

import (
	"bytes"
	"errors"
	"fmt"
)

// errCanonical is wrapped where a statement has no certain canonical text.
var errCanonical = errors.New("no canonical text")

// keptString is how many bytes of a string stay in the canonical text of a
// statement whose reading hangs on no literal.
const keptString = 32

// canonical appends the statement as text that any MySQL parser cuts into the
// same tokens: no comments, one space between tokens, every name that is no
// keyword in backquotes and UTF-8, strings in single quotes and ASCII, || as
// OR (or kept, where it concatenates), && as AND. Literals that only weigh are
// cut short: numbers to what a parser can hold, strings of statements whose
// reading hangs on no literal to a few bytes.
//
// A function word that is a name because no parenthesis touches it (NOW (),
// without IGNORE_SPACE) is written as a name with a space at its end, which no
// real name can have.
func (f fragment) canonical(dst []byte) ([]byte, error) {
	w := canonicalWriter{f: f, out: dst}
	for w.i < len(f.tokens) {
		if err := w.token(); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// canonicalWriter walks a statement's tokens.
type canonicalWriter struct {
	f    fragment
	i    int
	out  []byte
	glue bool // the next token follows without a space
}

func (w *canonicalWriter) put(s string) {
	w.space()
	w.out = append(w.out, s...)
}

func (w *canonicalWriter) space() {
	if len(w.out) > 0 && !w.glue {
		w.out = append(w.out, ' ')
	}
	w.glue = false
}

func (w *canonicalWriter) token() error {
	t := w.f.tokens[w.i]
	w.i++
	switch t.Type {
	case TokenWord:
		return w.word(t)
	case TokenName:
		return w.quoted(t)
	case TokenString, TokenNational, TokenDollar:
		if w.f.lexed.weighs {
			w.put(w.weight(t).literal(t.Type))
			return nil
		}
		return w.str(t)
	case TokenHex, TokenBit:
		w.hex(t)
	case TokenInteger, TokenDecimal, TokenFloat:
		if w.f.lexed.weighs {
			w.put(weigh(w.f.lexed.Text[t.Start:t.End], t.Type).literal(t.Type))
			return nil
		}
		w.put(number(w.f.lexed.Text[t.Start:t.End], t.Type))
	case TokenNull:
		w.put("NULL")
	case TokenParam:
		w.put("?")
	case TokenIntroducer:
		return w.introducer()
	case TokenSymbol:
		return w.symbol(t)
	default:
		return fmt.Errorf("%w: %s", errCanonical, w.f.lexed.Ambiguous)
	}
	return nil
}

// weight is that of a string, which behind another one goes on: '19' '00'
// cannot be weighed by its parts.
func (w *canonicalWriter) weight(t Token) weight {
	g := weigh(w.f.lexed.Text[t.Start:t.End], t.Type)
	before := w.f.at(w.i - 2).Type
	if g != weightNone && (w.f.at(w.i).Type == TokenString || before == TokenString || before == TokenNational) {
		return weightOdd
	}
	return g
}

// str writes a string. The text that PREPARE reads is converted by the server
// between character sets, and read again: beyond ASCII only UTF-8 is certain.
func (w *canonicalWriter) str(t Token) error {
	l := w.f.lexed
	value := l.stringValue(t)
	if l.Mode.Charset != CharsetUTF8 && hasHigh(value) && w.f.isAny(0, "PREPARE", "EXECUTE", "CALL") {
		return fmt.Errorf("%w: a text inside goes beyond ASCII", errCanonical)
	}
	w.space()
	w.out = appendString(w.out, value, l.Mode.Charset, l.LiteralDependent)
	return nil
}

// word writes a keyword or a plain name as it stands.
func (w *canonicalWriter) word(t Token) error {
	text := w.f.lexed.Text[t.Start:t.End]
	if w.i < len(w.f.tokens) && w.f.tokens[w.i].Flags&Detached != 0 {
		w.space()
		w.out = append(w.out, '`')
		w.out = append(w.out, text...)
		w.out = append(w.out, ' ', '`')
		return nil
	}
	if text[0] == '$' || hasHigh(text) || onlyParserKeyword(text, w.f.lexed.Mode.Server) || w.f.op(w.i, '(') && parserFunction(string(text)) {
		return w.quoted(t)
	}
	w.space()
	w.out = append(w.out, text...)
	return nil
}

// quoted writes a name in backquotes.
func (w *canonicalWriter) quoted(t Token) error {
	if text := w.f.lexed.Text[t.Start:t.End]; text[0] == '`' && !w.f.op(w.i, '(') && bytes.IndexByte(text[1:len(text)-1], '`') < 0 && !hasHigh(text) {
		w.space()
		w.out = append(w.out, text...) // as nearly every name is
		return nil
	}
	name, ok := w.f.lexed.nameOf(t)
	if !ok {
		return fmt.Errorf("%w: a name's characters are not certain", errCanonical)
	}
	if w.f.op(w.i, '(') && (parserFunction(name) || onlyUnquoted(w.f.lexed.Mode.Server, name)) {
		name += " " // a stored function of that name, not the server's own
	}
	w.space()
	w.out = append(w.out, '`')
	for i := range len(name) {
		if name[i] == '`' {
			w.out = append(w.out, '`')
		}
		w.out = append(w.out, name[i])
	}
	w.out = append(w.out, '`')
	return nil
}

// introducer drops the character set of a literal.
func (w *canonicalWriter) introducer() error {
	switch w.f.at(w.i).Type {
	case TokenString, TokenHex, TokenBit, TokenParam:
		return nil
	}
	return fmt.Errorf("%w: a character set is followed by no literal", errCanonical)
}

// hex writes a hexadecimal or bit literal as a short one of its kind.
func (w *canonicalWriter) hex(t Token) {
	text := w.f.lexed.Text[t.Start:t.End]
	if len(text) > 2*keptString && !w.f.lexed.LiteralDependent {
		text = []byte("x'00'")
	}
	w.put(string(text))
}

// number returns a number that a parser can hold: 20 digits, small exponents.
func number(text []byte, t TokenType) string {
	switch {
	case len(text) <= 18:
	case t == TokenInteger:
		return integer(text)
	case t == TokenDecimal:
		return "1.0"
	default:
		return "1e0"
	}
	if t == TokenFloat {
		return "1e0"
	}
	return string(text)
}

// integer keeps what fits in 64 bits.
func integer(text []byte) string {
	for len(text) > 1 && text[0] == '0' {
		text = text[1:]
	}
	const largest = "18446744073709551615"
	if len(text) > len(largest) || len(text) == len(largest) && string(text) > largest {
		return "1000000000000000000"
	}
	return string(text)
}

// symbol writes an operator or a punctuation mark.
func (w *canonicalWriter) symbol(t Token) error {
	switch t.Op {
	case '.':
		// A dot binds the word that it touches, whatever that says; INTO .t begins
		// with a keyword.
		w.glue = w.i > 1 && w.f.tokens[w.i-2].End == t.Start
		w.put(".")
		w.glue = true
	case '(':
		// A function word is one only where the parenthesis touches it.
		w.glue = t.Flags&Detached == 0 && w.i > 1 && w.f.tokens[w.i-2].Type == TokenWord
		w.put("(")
	case '@':
		return w.variable()
	default:
		w.put(symbolText(t.Op))
	}
	return nil
}

// variable writes what follows an @, which no space may part.
func (w *canonicalWriter) variable() error {
	w.put("@")
	w.glue = true
	if w.f.op(w.i, '@') {
		w.i++
		w.put("@")
		w.glue = true
		return w.systemVariable()
	}
	if t := w.f.at(w.i); t.Type == TokenHost {
		w.i++
		text := w.f.lexed.Text[t.Start:t.End]
		if len(text) == 0 || hasHigh(text) {
			name, ok := decodeName(text, w.f.lexed.Mode.Charset)
			if !ok {
				return fmt.Errorf("%w: a name's characters are not certain", errCanonical)
			}
			w.put("`" + name + "`")
			return nil
		}
		w.put(string(text))
	}
	return nil
}

// systemVariable writes name or scope.name behind the two @.
func (w *canonicalWriter) systemVariable() error {
	for {
		t := w.f.at(w.i)
		if t.Type != TokenWord && t.Type != TokenName {
			return nil
		}
		w.i++
		text := w.f.lexed.Text[t.Start:t.End]
		if t.Type == TokenName && isNameQuote(text[0]) || hasHigh(text) {
			if err := w.quoted(t); err != nil {
				return err
			}
		} else {
			w.put(string(text))
		}
		if !w.f.op(w.i, '.') {
			return nil
		}
		w.i++
		w.glue = true
		w.put(".")
		w.glue = true
	}
}

func symbolText(op Op) string {
	switch op {
	case OpLessEqual:
		return "<="
	case OpGreaterEqual:
		return ">="
	case OpNotEqual:
		return "!="
	case OpNullSafe:
		return "<=>"
	case OpShiftLeft:
		return "<<"
	case OpShiftRight:
		return ">>"
	case OpAnd:
		return "AND"
	case OpOr:
		return "OR"
	case OpConcat:
		return "||"
	case OpAssign:
		return ":="
	case OpArrow:
		return "->"
	case OpArrowText:
		return "->>"
	case OpDotDot:
		return ".."
	}
	return string(rune(op))
}
