package sqlparse

import "strconv"

// RowLimit returns the number of the LIMIT that an UPDATE or DELETE, alone in
// its text, ends in. ok is false where there is none, and where it is a
// parameter or a variable.
func RowLimit(text []byte, m Mode) (rows uint64, ok bool) {
	lexed := Lex(text, m, &Tokens{})
	list, reason := lexed.statements()
	if reason != "" || len(list) != 1 || !list[0].isAny(0, "UPDATE", "DELETE", "WITH") {
		return 0, false
	}
	f := list[0]
	at := f.find(0, "LIMIT") + 1
	if at == 0 || f.at(at).Type != TokenInteger || at+1 < len(f.tokens) && !f.is(at+1, "RETURNING") {
		return 0, false
	}
	rows, err := strconv.ParseUint(string(f.text(at)), 10, 64)
	if err != nil {
		return 0, false
	}
	return rows, true
}
