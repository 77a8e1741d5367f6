package sqlparse

import "slices"

// TokenType is what the server's lexer makes of a run of bytes.
type TokenType uint8

// The zero value is what the server refuses, or what cannot be known.
const (
	TokenBad        TokenType = iota
	TokenWord                 // an unquoted word: a keyword or a name
	TokenName                 // a name that is never a keyword: quoted, after a dot, or beginning with digits
	TokenHost                 // what follows @ without quotes: a host or a user variable, perhaps empty
	TokenString               // '...', and "..." without ANSI_QUOTES
	TokenNational             // N'...'
	TokenDollar               // $$...$$ or $tag$...$tag$
	TokenHex                  // x'..' or 0x..
	TokenBit                  // b'..' or 0b..
	TokenInteger              // digits
	TokenDecimal              // with a point
	TokenFloat                // with an exponent
	TokenNull                 // \N
	TokenIntroducer           // _utf8mb4 and its kin
	TokenParam                // ?
	TokenSymbol               // an operator or a punctuation mark: see Token.Op
)

// Op is a symbol: its byte, or one of the constants for those of more bytes.
type Op uint8

// Symbols of more than one byte.
const (
	OpLessEqual    Op = 0x80 + iota // <=
	OpGreaterEqual                  // >=
	OpNotEqual                      // <> and !=
	OpNullSafe                      // <=>
	OpShiftLeft                     // <<
	OpShiftRight                    // >>
	OpAnd                           // &&
	OpOr                            // || without PIPES_AS_CONCAT
	OpConcat                        // || with PIPES_AS_CONCAT
	OpAssign                        // :=
	OpArrow                         // ->
	OpArrowText                     // ->>
	OpDotDot                        // .. (MariaDB)
)

// Token is one token of a text: bytes Start to End, exclusive.
type Token struct {
	Start, End uint32
	Type       TokenType
	Op         Op // of a TokenSymbol
	Flags      TokenFlags
}

// TokenFlags are what a symbol's place adds to it.
type TokenFlags uint8

const (
	// Detached is set on a parenthesis that makes no call of the function word
	// before it (COUNT, NOW ...), because space stands between without
	// IGNORE_SPACE, or a comment: the word is then an ordinary name.
	Detached TokenFlags = 1 << iota
	// InExecutable is set on a semicolon inside an executable comment. The
	// server refuses a statement that ends there.
	InExecutable
)

// Tokens is the memory of Lex. Reused, it makes lexing free of allocation.
// The zero value is ready.
type Tokens struct {
	// Limit is how many tokens a text may have, after rows and lists of
	// literals are cut short. 0 stands for DefaultLimits.
	Limit int
	// Whole keeps every row and every literal: nothing is left out of the tokens
	// and of the shape.
	Whole  bool
	tokens []Token
	norm   []byte // the shape
}

// Lexed is a text as the server's lexer cuts it. It holds on to the text and
// to the Tokens it was cut into, until those are used again.
type Lexed struct {
	Text   []byte // without the spaces, semicolons and NUL that the server strips from the end
	Mode   Mode
	Tokens []Token // rows of literals and long lists of literals are cut short
	// Shape is the tokens with the literals left out. Two texts of one shape
	// have, in one Mode, one reading.
	Shape []byte
	// Ambiguous says why the text cannot be read with certainty, or is empty.
	Ambiguous string
	// LiteralDependent is set when the reading may hang on a literal's value.
	// The shape then holds the literals too.
	LiteralDependent bool
	// weighs is set when the shape holds the weight of each literal.
	weighs bool
	// modeBound is set when something was met that another sql_mode reads otherwise.
	modeBound bool
	// Depth is the deepest nesting of parentheses.
	Depth int
	hints []hint // those that set variables
}

// ModeFree reports whether the text is cut alike in every Mode of its server,
// MariaDB's ORACLE grammar left aside: nothing in it hangs on sql_mode, and
// ASCII is the same in every character set that a client may have.
func (l *Lexed) ModeFree() bool {
	return !l.modeBound && !slices.ContainsFunc(l.Text, func(b byte) bool { return b >= 0x80 })
}
