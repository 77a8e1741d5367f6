package sqlparse

import "strconv"

// KillTarget returns the connection id that a KILL names by a plain number, and
// where in the text the number stands: bytes start to end, exclusive. It is not
// ok for every other text, KILL of an expression, a user or a query id included.
func KillTarget(text []byte, m Mode) (id uint64, start, end int, ok bool) {
	lexed := Lex(text, m, &Tokens{})
	last := len(lexed.Tokens) - 1
	if lexed.Ambiguous != "" || last < 1 || lexed.Tokens[last].Type != TokenInteger {
		return 0, 0, 0, false
	}
	for i, t := range lexed.Tokens[:last] {
		word := lexed.Text[t.Start:t.End]
		if t.Type != TokenWord || (i == 0) != isWord(word, "KILL") {
			return 0, 0, 0, false
		}
		switch {
		case i == 0, isWord(word, "CONNECTION"), isWord(word, "QUERY"), isWord(word, "HARD"), isWord(word, "SOFT"):
		default:
			return 0, 0, 0, false
		}
	}
	t := lexed.Tokens[last]
	id, err := strconv.ParseUint(string(lexed.Text[t.Start:t.End]), 10, 64)
	return id, int(t.Start), int(t.End), err == nil
}
