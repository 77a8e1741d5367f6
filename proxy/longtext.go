package proxy

import (
	"bytes"
	"sync/atomic"

	"guardrail/sqlparse"
)

// longText is from which length on a text is read beside the event loop, in
// bytes. Reading it takes a millisecond, or seconds where it holds thousands of
// statements, and the loop's other sessions would wait for it.
const longText = 128 << 10

// longReading is a long text that is read beside the loop.
type longReading struct {
	text     []byte
	mode     sqlparse.Mode
	unwanted atomic.Bool // the session has ended

	// What came of it, when done is called.
	lexed      sqlparse.Lexed
	statements []sqlparse.Statement // nil where a verdict about its shape is remembered
	panicked   any
}

// readsAside has a long text read beside the loop, and reports whether that is
// waited for. When the command is looked at again, head holds the reading.
func (s *session) readsAside(text []byte) (waits bool) {
	if len(text) < longText || !s.server.loops.help() {
		return false
	}
	if r := s.head.reading; r != nil && r.mode == s.state.mode {
		if r.panicked != nil {
			panic(r.panicked) // the driver closes the session
		}
		return false
	}
	r := &longReading{text: bytes.Clone(text), mode: s.state.mode}
	s.head.touched, s.head.reading = true, r
	server, known, resume := s.server, s.known(), s.await(func() {})
	server.loops.asides.do(func() {
		defer resume()
		r.read(server, known)
	})
	return true
}

// known returns what tells whether there is a verdict about a text already. It is
// asked in another goroutine while the session waits.
func (s *session) known() func(*sqlparse.Lexed) bool {
	verdicts, app, server, key := s.verdicts, s.app, s.server, shapeKey{schema: s.state.schema, lowerCaseNames: s.state.lowerCaseNames}
	return func(l *sqlparse.Lexed) bool {
		key.shape, key.mode = l.Shape, l.Mode
		v := verdicts.peek(app, key)
		return v != nil && server.holds(v)
	}
}

// read reads the text unless its session has ended. It has memory of its own: that
// of the loop's is kept, and would stay as large as the longest text.
func (r *longReading) read(s *Server, known func(*sqlparse.Lexed) bool) {
	defer func() { r.panicked = recover() }()
	if r.unwanted.Load() {
		return
	}
	r.lexed = sqlparse.Lex(r.text, r.mode, s.options.Reader.NewTokens())
	if !known(&r.lexed) {
		r.statements = s.read(r.lexed)
	}
}

// lex cuts a text into tokens, or takes what was cut beside the loop.
func (s *session) lex(text []byte, b *bench) sqlparse.Lexed {
	if r := s.head.reading; r != nil {
		return r.lexed
	}
	return sqlparse.Lex(text, s.state.mode, b.tokens)
}

// read reads what lex has cut.
func (s *session) read(lexed sqlparse.Lexed) []sqlparse.Statement {
	if r := s.head.reading; r != nil && r.statements != nil {
		return r.statements
	}
	return s.server.read(lexed)
}
