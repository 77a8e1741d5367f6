package sqlparse

import "encoding/binary"

// Bytes of the normal form of a text that are no TokenType. Like those they
// are below 0x20, which no byte of a word is.
const (
	normHint     = 0x1d // a variable that an optimizer hint sets, with its length
	normList     = 0x1e // a parenthesised list of literals, then its set of types
	normDetached = 0x1f // a parenthesis with the flag Detached
)

// keptLiterals is how many literals of a list of literals stay in the tokens.
// It covers every function and type of the grammar.
const keptLiterals = 16

// folding is the state that leaves literals out of the shape and cuts short
// what is made of literals alone: (1, 'a', NULL), (2, 'b', NULL) ... has the
// shape and the tokens of its first row, whatever the number of rows and columns.
type folding struct {
	begun    bool // the statement's first token was met
	literals bool // the shape holds literals: the reading may hang on them
	weighs   bool // the shape holds the weight of literals: there may be a WHERE to judge

	list     listState
	listNorm int    // where the open list begins in the normal form
	listTok  int    // and in the tokens
	types    uint16 // the literals in it, a bit for each TokenType
	count    int
	cutTok   int // where the last literal beyond keptLiterals began, with its comma
	cutNorm  int

	rowNorm  int // where the last closed list begins in the normal form, and where
	rowEnd   int // it ends; 0 if none
	rowTypes uint16

	heaviest weight // of the literals in the open list
	equated  bool   // the open list is one of values or a row: what is compared is whether they are equal
}

// listState is what an open list of literals waits for.
type listState uint8

const (
	noList listState = iota
	wantLiteral
	wantComma
)

// emit takes a token into the tokens and into the normal form.
func (x *lexer) emit(t Token) {
	if !x.begun {
		x.begin(t)
	}
	if x.list != noList {
		x.step(t)
	}
	if len(x.tokens) >= x.limit {
		x.overflow(t)
		return
	}
	start := len(x.norm)
	x.tokens = append(x.tokens, t)
	switch {
	case t.Type == TokenWord:
		x.norm = append(append(x.norm, byte(TokenWord)), x.text[t.Start:t.End]...)
		return
	case t.Type == TokenName && t.End-t.Start < 0x80:
		x.norm = append(append(x.norm, byte(TokenName), byte(t.End-t.Start)), x.text[t.Start:t.End]...)
		return
	case t.Type == TokenSymbol && t.Flags&Detached == 0:
		x.norm = append(x.norm, byte(TokenSymbol), byte(t.Op))
	default:
		x.normalise(t)
		return
	}
	if !x.literals {
		switch {
		case t.Op == '(':
			x.list, x.listNorm, x.listTok = wantLiteral, start, len(x.tokens)-1
			x.types, x.count, x.heaviest = 0, 0, weightPlain
			x.equated = x.weighs && x.equates(len(x.tokens)-2)
		case t.Op == ')' && x.list == wantComma:
			x.closeList()
		}
	}
}

// begin looks at a statement's first token: the reading of what reads and
// writes rows hangs on no literal.
func (x *lexer) begin(t Token) {
	x.begun = true
	x.list, x.rowEnd = noList, 0
	if t.Type == TokenSymbol && (t.Op == '(' || t.Op == ';') {
		return
	}
	if t.Type == TokenWord {
		word := x.text[t.Start:t.End]
		switch word[0] | 0x20 {
		case 's':
			if isWord(word, "SELECT") {
				return
			}
		case 'i':
			if isWord(word, "INSERT") {
				return
			}
		case 'u':
			if isWord(word, "UPDATE") {
				x.weighs = true
				return
			}
		case 'd':
			if isWord(word, "DELETE") {
				x.weighs = true
				return
			}
			if isWord(word, "DO") {
				return
			}
		default:
			if isWord(word, "WITH") {
				x.weighs = true
				return
			}
			if isWord(word, "REPLACE") || isWord(word, "VALUES") || isWord(word, "TABLE") {
				return
			}
		}
	}
	x.literals = true
}

// normalise appends a token to the normal form, so that two texts with the
// same form have the same tokens but for the literals.
func (x *lexer) normalise(t Token) {
	norm := append(x.norm, byte(t.Type))
	switch t.Type {
	case TokenSymbol:
		norm[len(norm)-1] = normDetached
		norm = append(norm, byte(t.Op))
	case TokenName, TokenHost, TokenIntroducer:
		norm = binary.AppendUvarint(norm, uint64(t.End-t.Start))
		norm = append(norm, x.text[t.Start:t.End]...)
	default:
		switch {
		case x.literals || t.Type == TokenBad:
			norm = binary.AppendUvarint(norm, uint64(t.End-t.Start))
			norm = append(norm, x.text[t.Start:t.End]...)
		case x.weighs:
			norm = append(norm, byte(weigh(x.text[t.Start:t.End], t.Type)))
		}
	}
	x.norm = norm
}

// step follows an open list of literals over its next token.
func (x *lexer) step(t Token) {
	if x.list == wantLiteral {
		switch t.Type {
		case TokenString, TokenNational, TokenHex, TokenBit, TokenInteger, TokenDecimal, TokenFloat, TokenNull, TokenParam:
			if x.weighs && !x.light(t) {
				x.abandon()
				return
			}
			x.literal(uint16(1) << t.Type)
			return
		case TokenIntroducer:
			x.types |= 1 << TokenIntroducer
			return
		case TokenSymbol:
			if t.Op == '-' || t.Op == '+' {
				x.types |= 1 << TokenSymbol
				x.heaviest = weightOdd
				return
			}
		case TokenWord:
			if isWord(x.text[t.Start:t.End], "NULL") {
				x.literal(1 << TokenNull)
				return
			}
		}
		x.abandon()
		return
	}
	switch {
	case t.Type == TokenString && x.count > 0:
		// 'a' 'b' is one string, which cannot be weighed by its parts.
		x.heaviest = weightOdd
	case t.Type == TokenSymbol && (t.Op == ',' || t.Op == ')'):
		if x.count > keptLiterals {
			x.tokens = x.tokens[:x.cutTok]
			x.norm = x.norm[:x.cutNorm]
		}
		if t.Op == ',' {
			x.list = wantLiteral
			x.cutTok, x.cutNorm = len(x.tokens), len(x.norm)
		}
	default:
		x.abandon()
	}
}

// light weighs a literal of a list. One that could make a comparison true for
// every row stays where it stands, so that the WHERE shows it.
func (x *lexer) light(t Token) bool {
	g := weigh(x.text[t.Start:t.End], t.Type)
	x.heaviest = max(x.heaviest, g)
	switch g {
	case weightZero, weightOdd, weightNone:
		return false
	}
	return x.count == 0 || x.types&paramType == 1<<t.Type&paramType
}

// paramType stands among the types of a list for parameters. In a statement
// that weighs, lists and rows of them are not folded with others: they may be
// what no literal is that is light.
const paramType = uint16(1) << TokenParam

// equates reports whether a parenthesis behind the token at i opens a list of
// values or a row, rather than the arguments of a function or a bound.
func (x *lexer) equates(i int) bool {
	if i < 0 {
		return false
	}
	switch t := x.tokens[i]; t.Type {
	case TokenWord:
		word := x.text[t.Start:t.End]
		return isWord(word, "IN") || isWord(word, "ROW") || isWord(word, "VALUES")
	case TokenSymbol:
		return t.Op == ',' || t.Op == '('
	}
	return false
}

func (x *lexer) literal(kind uint16) {
	x.types |= kind
	x.count++
	x.list = wantComma
}

// abandon gives up an open list that holds more than literals. If literals
// were cut from it already, the form says which types they had.
func (x *lexer) abandon() {
	x.list = noList
	if x.count > keptLiterals {
		x.norm = append(x.norm, normList, byte(x.types), byte(x.types>>8))
	}
}

// closeList replaces a list of literals in the normal form by the set of its
// types, and drops it if it follows another such list: it is one more row.
func (x *lexer) closeList() {
	x.list = noList
	if x.weighs && x.heaviest != weightPlain && (x.count == 1 || !x.equated) {
		return // it may be a bound: (1), DATE_ADD('1970-01-01', ...)
	}
	start, types := x.listNorm, x.types
	const comma = 2
	if x.rowEnd != 0 && (!x.weighs || (types^x.rowTypes)&paramType == 0) && x.listNorm == x.rowEnd+comma && x.norm[x.rowEnd] == byte(TokenSymbol) && x.norm[x.rowEnd+1] == ',' {
		start, types = x.rowNorm, types|x.rowTypes
		x.tokens = x.tokens[:x.listTok-1]
	}
	x.norm = append(x.norm[:start], normList, byte(types), byte(types>>8))
	x.rowNorm, x.rowEnd, x.rowTypes = start, len(x.norm), types
}

// overflow ends the pass at the token limit, keeping the last place for the
// token that says so.
func (x *lexer) overflow(t Token) {
	if x.reason == "" {
		x.reason = "it has too many tokens"
	}
	x.tokens[len(x.tokens)-1] = Token{Start: t.Start, End: uint32(len(x.text)), Type: TokenBad}
}
