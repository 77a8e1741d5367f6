package sqlparse

import "unicode/utf8"

// stringValue returns the value of a string token in the bytes of the
// client's character set.
func (l *Lexed) stringValue(t Token) []byte {
	text := l.Text[t.Start:t.End]
	if t.Type == TokenDollar {
		return dollarBody(text)
	}
	if t.Type == TokenNational {
		text = text[1:]
	}
	quote := text[0]
	text = text[1 : len(text)-1]
	length := charTables[l.Mode.Charset].length
	if l.Mode.Charset == CharsetUTF8 {
		length = nil
	}
	escapes := !l.Mode.SQLMode.has(NoBackslashEscapes)
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case b >= 0x80 && length != nil && length(text[i:]) > 1:
			n := length(text[i:])
			out = append(out, text[i:i+n]...)
			i += n - 1
		case b == '\\' && escapes && i+1 < len(text):
			i++
			out = appendEscaped(out, text[i])
		case b == quote:
			i++
			out = append(out, quote)
		default:
			out = append(out, b)
		}
	}
	return out
}

// appendEscaped appends what a backslash and b stand for.
func appendEscaped(out []byte, b byte) []byte {
	switch b {
	case '0':
		return append(out, 0)
	case 'b':
		return append(out, '\b')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'Z':
		return append(out, 0x1a)
	case '%', '_':
		return append(out, '\\', b)
	}
	return append(out, b)
}

// dollarBody returns the text between the tags of a dollar quote.
func dollarBody(text []byte) []byte {
	n := 1
	for text[n] != '$' {
		n++
	}
	n++
	return text[n : len(text)-n]
}

// appendString appends a string literal of printable ASCII. Other characters of
// the value become question marks, unless it is UTF-8 and must be kept whole.
func appendString(dst, value []byte, cs Charset, whole bool) []byte {
	if !whole && len(value) > keptString {
		value = value[:keptString]
	}
	keepHigh := whole && cs == CharsetUTF8 && utf8.Valid(value)
	dst = append(dst, '\'')
	for i := 0; i < len(value); i++ {
		b := value[i]
		switch {
		case b == '\'' || b == '\\':
			dst = append(dst, b, b)
		case b == '\n' && whole:
			dst = append(dst, '\\', 'n')
		case b >= 0x80 && !keepHigh:
			dst = append(dst, '?')
			if length := charTables[cs].length; length != nil {
				i += max(length(value[i:])-1, 0)
			}
		case b < ' ' && !(whole && (b == '\t' || b == '\r')) || b == 0x7f:
			dst = append(dst, '?')
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '\'')
}
