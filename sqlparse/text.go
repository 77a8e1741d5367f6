package sqlparse

import (
	"bytes"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// maxInner bounds how deep a text may hold texts: PREPARE FROM 'PREPARE FROM ...'.
const maxInner = 4

// ReadLexed says what a text means that the caller has cut into tokens
// already, to look for its shape in a cache.
func (r *Reader) ReadLexed(lexed *Lexed) Reading {
	reading, _ := r.readLexed(lexed, 0)
	return reading
}

// dollarProbe is what MySQL's own client asks after each login, to learn from the
// error whether the server knows quotes of dollars. It is an error everywhere.
const dollarProbe = "select $$"

// readText reads a whole text that stands depth texts inside the client's.
// modeFree tells that it reads the same in every mode.
func (r *Reader) readText(text []byte, m Mode, depth int) (reading Reading, modeFree bool) {
	buf, _ := r.tokens.Get().(*Tokens)
	if buf == nil {
		buf = r.NewTokens()
	}
	defer r.tokens.Put(buf)
	lexed := Lex(text, m, buf)
	return r.readLexed(&lexed, depth)
}

func (r *Reader) readLexed(lexed *Lexed, depth int) (reading Reading, modeFree bool) {
	if len(lexed.Text) > r.limits.Text {
		return r.tooLong(), false
	}
	if string(lexed.Text) == dollarProbe {
		return Reading{Statements: []Statement{{Kind: "select"}}}, true
	}
	if lexed.Depth > r.limits.Depth {
		return unknownReading("parentheses are nested too deep"), false
	}
	fragments, reason := lexed.statements()
	if reason != "" {
		return unknownReading(reason), false
	}
	reading = Reading{Statements: make([]Statement, 0, len(fragments))}
	modeFree, changed := lexed.ModeFree(), false
	for _, f := range fragments {
		st := r.readFragment(f, depth)
		if changed && st.modeBound {
			st.Statement = unknownStatement("a text inside is read in a mode that the text has changed")
		}
		reading.Statements = append(reading.Statements, st.Statement)
		reading.LiteralDependent = reading.LiteralDependent || st.literal
		modeFree, changed = modeFree && !st.modeBound, changed || st.setsMode()
	}
	if commentAtEnd(lexed) {
		reading.Statements = append(reading.Statements, Statement{Kind: "empty_query"})
	}
	reading.followSchema(lexed.Mode.Server)
	return selfChanging(reading, lexed), modeFree
}

// statementRead is a statement and what its reading hangs on.
type statementRead struct {
	Statement
	literal   bool // a literal's value
	modeBound bool // the mode in which the server reads a text inside, when it runs the statement
}

// readFragment reads one statement: by the grammar if the parser takes its
// canonical text, by its skeleton or its leading tokens if not.
func (r *Reader) readFragment(f fragment, depth int) (st statementRead) {
	if len(f.tokens) == 0 {
		return statementRead{Statement: Statement{Kind: "empty_query"}}
	}
	defer func() {
		if v := recover(); v != nil {
			st = statementRead{Statement: unknownStatement(gaveUp), literal: true}
		}
	}()
	w := &walk{reader: r, mode: f.lexed.Mode, depth: depth}
	w.fragment(f)
	w.hinted(f)
	if w.refusal != "" {
		w.st = unknownStatement(w.refusal)
	}
	return statementRead{Statement: w.st, literal: w.literal, modeBound: w.modeBound}
}

// gaveUp is the reason of a statement on which the reading itself failed. No
// text is known that does it; a test that meets it fails.
const gaveUp = "the reading gave up"

// fragment reads a statement from its tokens.
func (w *walk) fragment(f fragment) {
	if w.prefixed(f) {
		return
	}
	if f.mistaken() {
		w.classified(f, "no reading for this statement")
		return
	}
	if reason := w.grammar(f); reason != "" && !w.skeleton(f) {
		w.classified(f, reason)
	}
	w.directories(f)
	w.ignores(f)
}

// directories asks for FILE where a table or a partition of it is put somewhere
// on the server's disk.
func (w *walk) directories(f fragment) {
	if w.st.Kind != "create_table" && w.st.Kind != "alter_table" {
		return
	}
	for i := range f.tokens {
		if f.isAny(i, "DATA", "INDEX") && f.is(i+1, "DIRECTORY") {
			w.global("FILE")
		}
	}
}

// grammar gives the statement to the parser. It returns why there is no
// reading; nothing of the statement has been taken then.
func (w *walk) grammar(f fragment) (reason string) {
	if most := w.reader.limits.Joins; len(f.tokens) > most && joins(f) > most {
		return "too many tables are joined"
	}
	node, reason := w.parsed(f)
	if reason != "" {
		return reason
	}
	before := *w
	*w = walk{reader: w.reader, mode: w.mode, depth: w.depth, ctes: w.ctes}
	w.statement(node)
	switch {
	case w.refusal != "" && !w.final:
		reason = w.refusal
	case w.refusal == "" && !f.agrees(w.st.Kind):
		reason = "the parser takes it for another statement"
	default:
		return ""
	}
	*w = before
	return reason
}

// parsed gives the statement's canonical text to the parser.
func (w *walk) parsed(f fragment) (node ast.StmtNode, reason string) {
	buf := w.reader.canonical.get()
	defer func() { w.reader.canonical.put(buf) }()
	text, err := f.canonical((*buf)[:0])
	if err != nil {
		return nil, err.Error()
	}
	*buf = text
	if len(text) > w.reader.limits.Parse {
		return nil, "the statement is too long to be parsed"
	}
	if node, err = w.reader.parsers.parse(string(text), w.mode); err != nil {
		return nil, "not parsed: " + firstLine(err.Error())
	}
	return node, ""
}

// joins counts what the parser takes quadratic time for.
func joins(f fragment) int {
	n := 0
	for i := range f.tokens {
		if f.is(i, "JOIN") || f.is(i, "STRAIGHT_JOIN") {
			n++
		}
	}
	return n
}

// firstLine keeps an error of the parser, which quotes the text, to its place.
func firstLine(s string) string {
	if i := strings.Index(s, " near "); i >= 0 {
		s = s[:i]
	}
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// commentAtEnd reports whether nothing but a comment follows the last
// semicolon, and it is one that makes the servers count another, empty, statement.
func commentAtEnd(lexed *Lexed) bool {
	n := len(lexed.Tokens)
	if n == 0 || lexed.Tokens[n-1].Type != TokenSymbol || lexed.Tokens[n-1].Op != ';' {
		return false
	}
	rest := lexed.Text[lexed.Tokens[n-1].End:]
	comment := bytes.TrimLeft(rest, " \t\r\n")
	if len(comment) == 0 || comment[0] == 0 {
		return false
	}
	return len(comment) == len(rest) || comment[0] == '/'
}
