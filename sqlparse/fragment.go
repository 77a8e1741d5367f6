package sqlparse

// fragment is a run of tokens of a text: a statement, or one inside a routine's body.
type fragment struct {
	lexed  *Lexed
	tokens []Token
}

// text returns the bytes of the i-th token, or nil past the end.
func (f fragment) text(i int) []byte {
	if i < 0 || i >= len(f.tokens) {
		return nil
	}
	t := f.tokens[i]
	return f.lexed.Text[t.Start:t.End]
}

// at returns the i-th token; past the end it is a TokenBad.
func (f fragment) at(i int) Token {
	if i < 0 || i >= len(f.tokens) {
		return Token{}
	}
	return f.tokens[i]
}

// is reports whether the i-th token is the keyword word, given in upper case.
func (f fragment) is(i int, word string) bool {
	return i >= 0 && i < len(f.tokens) && f.tokens[i].Type == TokenWord && isWord(f.text(i), word) && !f.binds(i)
}

// binds reports whether a dot makes the i-th token a part of a name: one that
// touches it and the next one.
func (f fragment) binds(i int) bool {
	return i+2 < len(f.tokens) && f.op(i+1, '.') && f.tokens[i+1].Start == f.tokens[i].End && f.tokens[i+2].Start == f.tokens[i+1].End
}

// isAny reports whether the i-th token is one of the keywords.
func (f fragment) isAny(i int, words ...string) bool {
	for _, w := range words {
		if f.is(i, w) {
			return true
		}
	}
	return false
}

// seq reports whether the keywords stand at i one after the other.
func (f fragment) seq(i int, words ...string) bool {
	for j, w := range words {
		if !f.is(i+j, w) {
			return false
		}
	}
	return true
}

// op reports whether the i-th token is the symbol.
func (f fragment) op(i int, op Op) bool {
	return i >= 0 && i < len(f.tokens) && f.tokens[i].Type == TokenSymbol && f.tokens[i].Op == op
}

// slice returns the tokens from..to of the fragment; past the end there is none.
func (f fragment) slice(from, to int) fragment {
	to = min(to, len(f.tokens))
	from = min(from, to)
	return fragment{lexed: f.lexed, tokens: f.tokens[from:to]}
}

// isName reports whether the i-th token can name an object.
func (f fragment) isName(i int) bool {
	t := f.at(i).Type
	return t == TokenWord || t == TokenName
}

// name returns the name that the i-th token is, unquoted and in UTF-8. ok is
// false where its bytes have no certain meaning.
func (f fragment) name(i int) (name string, ok bool) {
	if !f.isName(i) {
		return "", false
	}
	return f.lexed.nameOf(f.tokens[i])
}

// nameOf returns the name that a token is, unquoted and in UTF-8.
func (l *Lexed) nameOf(t Token) (name string, ok bool) {
	text := l.Text[t.Start:t.End]
	if q := text[0]; t.Type == TokenName && isNameQuote(q) {
		text = undouble(text[1:len(text)-1], closingQuote(q), l.Mode.Charset)
	}
	return decodeName(text, l.Mode.Charset)
}

// isNameQuote reports whether a name that begins with b is quoted.
func isNameQuote(b byte) bool { return b == '`' || b == '"' || b == '[' }

// undouble replaces each doubled quote by one. A character's second byte is
// no quote.
func undouble(text []byte, quote byte, cs Charset) []byte {
	length := charTables[cs].length
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 && length != nil {
			if n := length(text[i:]); n > 1 {
				out = append(out, text[i:i+n]...)
				i += n - 1
				continue
			}
		}
		out = append(out, text[i])
		if text[i] == quote {
			i++
		}
	}
	return out
}
