package sqlparse

import "strings"

// maskLimit bounds a masked text, in bytes, and its tokens.
const maskLimit = 2048

// Mask returns a text as a record may keep it: every literal is a question
// mark, comments are gone, rows of literals after the first are left out, and
// what lies behind 2 KiB or cannot be read with certainty is one ellipsis.
func Mask(text []byte, m Mode) string {
	lexed := Lex(text, m, &Tokens{Limit: maskLimit})
	var out strings.Builder
	end := uint32(0)
	for i, t := range lexed.Tokens {
		if i > 0 && t.Start > end {
			out.WriteByte(' ')
		}
		end = t.End
		word := lexed.masked(t)
		if t.Type == TokenBad || out.Len()+len(word) > maskLimit {
			out.WriteString("…")
			break
		}
		out.WriteString(word)
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

// masked returns what a record may show of a token.
func (l *Lexed) masked(t Token) string {
	switch t.Type {
	case TokenWord, TokenName, TokenHost, TokenNull, TokenIntroducer, TokenParam, TokenSymbol:
		return string(l.Text[t.Start:t.End])
	}
	return "?"
}
