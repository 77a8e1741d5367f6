package sqlparse

// Lex cuts a text into tokens as the server of mode m does, using buf's memory.
// It reads every byte once and never fails: what the server's lexer refuses,
// and what cannot be known, is a TokenBad with the reason in Ambiguous, and
// lexing stops there. The sql_mode, version and character set rules are those
// of the servers' own lexers; DESIGN.md names the ones that surprise.
func Lex(text []byte, m Mode, buf *Tokens) Lexed {
	x := lexer{mode: m, tab: &charTables[CharsetUnknown], tokens: buf.tokens[:0], norm: buf.norm[:0]}
	if int(m.Charset) < len(charTables) {
		x.tab = &charTables[m.Charset]
	}
	x.text = strip(text, x.tab)
	x.modeBound = hasHigh(text[len(x.text):])
	x.limit = buf.Limit
	if x.limit <= 0 {
		x.limit = DefaultLimits().Tokens
	}
	x.literals = buf.Whole
	x.start()
	for x.next() {
	}
	buf.tokens, buf.norm = x.tokens, x.norm
	return Lexed{
		Text:             x.text,
		Mode:             m,
		Tokens:           x.tokens,
		Shape:            x.norm,
		Ambiguous:        x.reason,
		LiteralDependent: x.literals,
		weighs:           x.weighs && !x.literals,
		modeBound:        x.modeBound,
		Depth:            x.maxDepth,
		hints:            x.hints,
	}
}

// strip takes from the text's end what the server takes before it looks.
func strip(text []byte, tab *charTable) []byte {
	for n := len(text); n > 0; n-- {
		b := text[n-1]
		if b != ';' && tab.class[b]&classSpace == 0 {
			return text[:n]
		}
	}
	return nil
}

// lexer is the state of one pass over a text.
type lexer struct {
	text []byte
	pos  int
	mode Mode
	tab  *charTable

	tokens []Token // in the caller's memory, as is norm
	norm   []byte  // the shape so far
	limit  int     // of tokens
	state  lexState
	inExec bool   // between /*! and its */, whose text runs
	reason string // why lexing stopped before the end

	depth, maxDepth int
	modeBound       bool // something was met that another sql_mode reads otherwise

	hints []hint // that set variables, see hint.go

	folding // see fold.go
}

// lexState is what the last token decided about the next one.
type lexState uint8

const (
	stateStart     lexState = iota
	stateDot                // a name has just ended and a dot that belongs to it is next
	stateName               // the dot was read: a name follows at once, never a keyword
	stateHost               // after @
	stateSystemVar          // after the first @ of @@
	stateVarName            // after @@
)

func (x *lexer) start() {
	if !x.mode.Server.known() {
		x.fail("the server is not known")
		return
	}
	if x.mode.SQLMode.has(Oracle) {
		x.modeBound = true
	}
	if x.mode.Charset == CharsetUnknown {
		for _, b := range x.text {
			if x.tab.class[b]&classUnsure != 0 {
				x.fail("the character set is not known")
				return
			}
		}
	}
}

// at returns the byte at i, or 0 past the end, as the server's buffer has it.
func (x *lexer) at(i int) byte {
	if i < len(x.text) {
		return x.text[i]
	}
	return 0
}

func (x *lexer) is(b byte, c class) bool { return x.tab.class[b]&c != 0 }

// fail ends the pass: nothing after this can be told.
func (x *lexer) fail(reason string) bool {
	x.reason = reason
	x.emit(Token{Start: uint32(x.pos), End: uint32(len(x.text)), Type: TokenBad})
	return false
}

// next reads one token and reports whether there may be another.
func (x *lexer) next() bool {
	if x.reason != "" {
		return false
	}
	if x.state != stateStart {
		return x.bound()
	}
	for x.pos < len(x.text) && x.tab.class[x.text[x.pos]]&classSpace != 0 {
		x.pos++
	}
	if x.pos >= len(x.text) {
		return x.finish()
	}
	return x.token(x.text[x.pos])
}

// bound reads a token that the one before it has decided on.
func (x *lexer) bound() bool {
	switch x.state {
	case stateDot:
		return x.dot()
	case stateName:
		return x.name(x.pos)
	case stateHost:
		return x.host()
	case stateSystemVar:
		return x.systemVar()
	}
	return x.varName()
}

// finish is the end of the text.
func (x *lexer) finish() bool {
	if x.inExec {
		return x.fail("a comment is not closed")
	}
	return false
}

// token reads the token that begins with c at x.pos.
func (x *lexer) token(c byte) bool {
	switch c {
	case '\'':
		return x.str(x.pos, TokenString)
	case '"':
		x.modeBound = true
		if x.mode.SQLMode.has(ANSIQuotes) {
			return x.quotedName()
		}
		return x.str(x.pos, TokenString)
	case '`':
		return x.quotedName()
	case '@':
		return x.atSign()
	case '.':
		return x.point()
	case '#':
		return x.lineComment()
	case '/':
		if x.at(x.pos+1) == '*' {
			return x.longComment()
		}
	case '*':
		if x.inExec && x.at(x.pos+1) == '/' {
			x.inExec = false
			x.pos += 2
			return true
		}
	case '-':
		if done, more := x.dashes(); done {
			return more
		}
	case 0:
		if x.pos == len(x.text)-1 {
			x.pos++
			return x.finish()
		}
		return x.fail("a NUL stands in the text")
	case 'n', 'N':
		if x.at(x.pos+1) == '\'' {
			return x.str(x.pos+1, TokenNational)
		}
	case 'x', 'X', 'b', 'B':
		if x.at(x.pos+1) == '\'' {
			return x.quotedNumber(c)
		}
	case '$':
		if done, more := x.dollar(); done {
			return more
		}
	case '\\':
		return x.backslash()
	case '[', ']':
		return x.bracket(c)
	}
	switch cl := x.tab.class[c]; {
	case cl&classDigit != 0:
		return x.number()
	case cl&classIdent != 0:
		return x.word()
	case c >= 0x80:
		return x.fail("a byte is no character of the set")
	}
	return x.symbol(c)
}

// backslash is \N, the NULL that MySQL dropped with version 8.0.
func (x *lexer) backslash() bool {
	if x.at(x.pos+1) == 'N' && (x.mode.Server.Flavour == MariaDB || x.mode.Server.Version < 80000) {
		return x.add(TokenNull, x.pos+2)
	}
	return x.fail("a backslash stands outside quotes")
}

// add emits the token from x.pos to end and goes on there.
func (x *lexer) add(t TokenType, end int) bool {
	x.emit(Token{Start: uint32(x.pos), End: uint32(end), Type: t})
	x.pos = end
	return true
}
