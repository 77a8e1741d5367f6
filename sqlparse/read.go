package sqlparse

import (
	"fmt"
)

// Reader reads texts as a server will. It holds no state of a session and is
// safe for concurrent use; the parsers it lends out are never shared.
type Reader struct {
	options Options
	parsers parserPool
}

// Options bound what a Reader accepts.
type Options struct {
	// MaxText is the longest text in bytes that is read; a longer one is Unknown.
	// Zero means 64 MiB, the largest max_allowed_packet that servers start with.
	MaxText int
	// MaxParse is the longest statement in bytes that is given to the grammar,
	// which takes some hundred times its input in memory. Zero means 1 MiB.
	MaxParse int
}

const (
	defaultMaxText  = 64 << 20
	defaultMaxParse = 1 << 20
)

// NewReader returns a Reader with the given bounds.
func NewReader(o Options) *Reader {
	if o.MaxText <= 0 {
		o.MaxText = defaultMaxText
	}
	if o.MaxParse <= 0 {
		o.MaxParse = defaultMaxParse
	}
	return &Reader{options: o}
}

// Read says what text means to the server of mode m, one Statement for each
// statement the server would run. It never fails: a text that cannot be read
// with certainty is one Statement of kind Unknown, which needs UNPARSED.
func (r *Reader) Read(text []byte, m Mode) Reading {
	if len(text) > r.options.MaxText {
		return unknownReading(fmt.Sprintf("the text is longer than %d bytes", r.options.MaxText))
	}
	return r.readText(text, m, 0)
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
