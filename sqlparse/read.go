package sqlparse

import (
	"cmp"
	"fmt"
	"sync"
)

// Reader reads texts as a server will. It holds no state of a session and is
// safe for concurrent use; the parsers it lends out are never shared.
type Reader struct {
	limits    Limits
	parsers   parserPool
	canonical bytePool
	tokens    sync.Pool // of *Tokens
}

// Options are what a Reader is made with.
type Options struct {
	// Limits bound a text. A field that is zero is that of DefaultLimits.
	Limits Limits
}

// NewReader returns a Reader with the given bounds.
func NewReader(o Options) *Reader { return &Reader{limits: o.Limits.orDefault()} }

// NewTokens returns memory for [Lex] that holds as many tokens as the Reader takes.
func (r *Reader) NewTokens() *Tokens { return &Tokens{Limit: r.limits.Tokens} }

// orDefault fills the fields that are zero.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	return Limits{
		Text:   cmp.Or(l.Text, d.Text),
		Tokens: cmp.Or(l.Tokens, d.Tokens),
		Parse:  cmp.Or(l.Parse, d.Parse),
		Depth:  cmp.Or(l.Depth, d.Depth),
		Joins:  cmp.Or(l.Joins, d.Joins),
	}
}

// Read says what text means to the server of mode m, one Statement for each
// statement the server would run. It never fails: a text that cannot be read
// with certainty is one Statement of kind Unknown, which needs UNPARSED.
func (r *Reader) Read(text []byte, m Mode) Reading {
	if len(text) > r.limits.Text {
		return r.tooLong()
	}
	reading, _ := r.readText(text, m, 0)
	return reading
}

// tooLong is the reading of a text that is longer than the Reader takes.
func (r *Reader) tooLong() Reading {
	return unknownReading(fmt.Sprintf("the text is longer than %d bytes", r.limits.Text))
}

// unknownReading is the reading of a text that as a whole could not be read.
func unknownReading(reason string) Reading {
	return Reading{Statements: []Statement{unknownStatement(reason)}}
}

// unknownStatement is a statement that only UNPARSED allows.
func unknownStatement(reason string) Statement {
	return Statement{
		Kind:   Unknown,
		Needs:  []Need{{Privilege: Unparsed}},
		Effect: SetsState | MayHideState | SetsSchema,
		Reason: reason,
	}
}
