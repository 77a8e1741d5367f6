package sqlparse

import (
	"strings"
)

// maxInner bounds how deep a text may hold texts: PREPARE FROM 'PREPARE FROM ...'.
const maxInner = 4

// readText reads a whole text that stands depth texts inside the client's.
func (r *Reader) readText(text []byte, m Mode, depth int) Reading {
	if !m.Server.known() {
		return unknownReading("the server's flavour and version are not known")
	}
	if len(text) > r.options.MaxParse {
		return unknownReading("the statement is too long to be parsed")
	}
	s := string(text)
	if strings.TrimSpace(s) == "" {
		return Reading{Statements: []Statement{{Kind: "empty_query"}}}
	}
	nodes, err := r.parsers.parse(s, m)
	if err != nil {
		return unknownReading("not parsed: " + firstLine(err.Error()))
	}
	if len(nodes) == 0 {
		return Reading{Statements: []Statement{{Kind: "empty_query"}}}
	}
	var reading Reading
	for _, node := range nodes {
		st, literal := r.readNode(node, m, depth)
		reading.Statements = append(reading.Statements, st)
		reading.LiteralDependent = reading.LiteralDependent || literal
	}
	return reading
}

// firstLine keeps an error of the parser, which quotes the text, to its place.
func firstLine(s string) string {
	if i := strings.Index(s, " near "); i >= 0 {
		s = s[:i]
	}
	s, _, _ = strings.Cut(s, "\n")
	return s
}
