package sqlparse

import "bytes"

// weight is all that a WHERE fact may know of a literal's value: whether
// col = it, col > it or col LIKE it could be true for every row. The shape of
// an UPDATE or DELETE holds it, and the canonical text has one literal for each
// weight, so that equal shapes have equal facts.
type weight uint8

const (
	weightPlain  weight = iota
	weightZero          // the number 0
	weightLow           // a number up to 1
	weightLarge         // a number from a million
	weightTop           // a number that hardly a row lies above
	weightOdd           // cannot be told: taken for the worst
	weightNone          // a string of wildcards alone, or an empty one
	weightEarly         // a string that hardly a row lies below
	weightLate          // a string that hardly a row lies above
	weightExpr          // a string that is a regular expression of more than letters
	weightLateEx        // both
)

// weighed is how much of a string is looked at.
const weighed = 64

// dawn is the first day that a row of our time may lie behind: the one before
// is 0 to clocks that count from it.
const dawn = "1970-01-02"

// weigh returns the weight of a literal token by its bytes.
func weigh(text []byte, t TokenType) weight {
	switch t {
	case TokenInteger, TokenDecimal:
		return weighNumber(text)
	case TokenString, TokenNational:
		if t == TokenNational {
			text = text[1:]
		}
		return weighString(text[1 : len(text)-1])
	case TokenFloat, TokenDollar, TokenHex, TokenBit:
		return weightOdd
	}
	return weightPlain
}

// weighNumber weighs digits with at most one point.
func weighNumber(text []byte) weight {
	whole, _, _ := bytes.Cut(text, []byte("."))
	whole = bytes.TrimLeft(whole, "0")
	switch {
	case len(whole) == 0 && len(bytes.Trim(text, "0.")) == 0:
		return weightZero
	case len(whole) == 0, len(whole) == 1 && whole[0] == '1':
		return weightLow
	case len(whole) > 15, len(whole) > 4 && len(bytes.Trim(whole, "9")) == 0,
		string(whole) == "2147483647", string(whole) == "4294967295":
		return weightTop
	case len(whole) > 6:
		return weightLarge
	}
	return weightPlain
}

// weighString weighs what stands between quotes, escapes and all.
func weighString(text []byte) weight {
	head := text[:min(len(text), len(dawn))]
	if bytes.IndexByte(head, '\\') >= 0 {
		return weightOdd
	}
	wild, expr, letter := true, len(text) > weighed, false
	for _, b := range text[:min(len(text), weighed)] {
		switch b {
		case '%', '_', '\'', '"', '\\', ' ':
			expr = expr || b == '\\'
		case '*', '?', '|', '(', '{', '[', '.', '^', '$', '+':
			wild, expr = false, true
		default:
			wild = false
			letter = letter || isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80
		}
	}
	if wild {
		return weightNone
	}
	expr = expr || !letter
	early := len(bytes.TrimLeft(head, "0-: .")) == 0 || len(head) >= 4 && string(head) < dawn && head[0] <= '1' && isDigit(head[0])
	late := len(head) >= 4 && head[0] >= '2' && head[0] <= '9' && string(head) >= "2100" && isDigit(head[3]) || head[0] >= 'z' || head[0] == 'Z'
	switch {
	case early:
		return weightEarly
	case late && expr:
		return weightLateEx
	case late:
		return weightLate
	case expr:
		return weightExpr
	}
	return weightPlain
}

// literal is the literal that stands for all of a weight in a canonical text.
func (g weight) literal(t TokenType) string {
	switch g {
	case weightZero:
		return "0"
	case weightLow:
		return "1"
	case weightLarge:
		return "2000000"
	case weightTop:
		return "9223372036854775807"
	case weightNone:
		return "''"
	case weightEarly:
		return "'1900-01-01'"
	case weightLate:
		return "'z'"
	case weightExpr:
		return "'m.*'"
	case weightLateEx:
		return "'z.*'"
	}
	number := t == TokenInteger || t == TokenDecimal || t == TokenFloat
	switch {
	case g == weightOdd && number:
		return "1e0"
	case g == weightOdd:
		return "'\x7f'"
	case number:
		return "7"
	}
	return "'m'"
}
