package sqlparse

// Limits bound what reading one text may cost. What goes beyond is Unknown.
type Limits struct {
	Text   int // bytes of a text
	Tokens int // tokens of a text, rows of literals cut short
	Parse  int // bytes of one statement's canonical text that the grammar is given; it takes some 400 times as much memory
	Depth  int // nesting of parentheses in a text
	Joins  int // joins and commas between tables, whose cost is quadratic in the parser
}

// DefaultLimits hold a 64 MiB INSERT in bounded memory.
func DefaultLimits() Limits {
	return Limits{Text: 128 << 20, Tokens: 1 << 20, Parse: 256 << 10, Depth: 200, Joins: 1000}
}
