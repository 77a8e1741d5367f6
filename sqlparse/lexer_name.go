package sqlparse

// word reads an unquoted word: a keyword, a name or an introducer.
func (x *lexer) word() bool {
	end, ok := x.identEnd(x.pos)
	if !ok {
		return x.fail("a name holds a broken character")
	}
	text := x.text[x.pos:end]
	if text[0] == '_' && isIntroducer(text[1:], x.mode.Server) {
		if x.at(end) != '.' || !x.is(x.at(end+1), classIdent) {
			return x.add(TokenIntroducer, end)
		}
	}
	if len(text) == 3 && isWord(text, "NOT") {
		x.modeBound = true // HIGH_NOT_PRECEDENCE
	}
	x.afterName(end)
	return x.add(TokenWord, end)
}

// afterName decides whether a dot at end binds the next name to this one.
func (x *lexer) afterName(end int) {
	x.state = stateStart
	if x.at(end) == '.' && x.is(x.at(end+1), classIdent) {
		x.state = stateDot
	}
}

// identEnd returns where the unquoted name at i ends.
func (x *lexer) identEnd(i int) (end int, ok bool) {
	for i < len(x.text) {
		c := x.tab.class[x.text[i]]
		if c&(classIdent|classUnsure) == 0 {
			return i, true
		}
		if c&(classLead|classUnsure) == 0 {
			i++
			continue
		}
		n := 0
		if c&classLead != 0 {
			n = x.tab.length(x.text[i:])
		}
		if n == 0 {
			return i, false
		}
		x.modeBound = true
		i += n
	}
	return i, true
}

// dot reads the dot between two names that touch it.
func (x *lexer) dot() bool {
	x.state = stateStart
	if x.is(x.at(x.pos+1), classIdent|classUnsure) {
		x.state = stateName
	}
	x.emit(Token{Start: uint32(x.pos), End: uint32(x.pos + 1), Type: TokenSymbol, Op: '.'})
	x.pos++
	return true
}

// name reads a name that is no keyword, whatever it says. It may begin with digits.
func (x *lexer) name(from int) bool {
	end, ok := x.identEnd(from)
	if !ok {
		return x.fail("a name holds a broken character")
	}
	if end == x.pos {
		return x.fail("a name is empty")
	}
	x.afterName(end)
	return x.add(TokenName, end)
}

// bracket reads [name], as MariaDB's MSSQL mode has it. Nowhere else may a
// bracket stand outside quotes.
func (x *lexer) bracket(c byte) bool {
	x.modeBound = true
	if c == '[' && x.mode.Server.Flavour == MariaDB && x.mode.SQLMode.has(MSSQL) {
		return x.quotedName()
	}
	return x.fail("a bracket stands outside quotes")
}

// closingQuote is the byte that ends a name begun with quote.
func closingQuote(quote byte) byte {
	if quote == '[' {
		return ']'
	}
	return quote
}

// quotedName reads `name`, or "name" with ANSI_QUOTES, or [name] in MSSQL mode.
func (x *lexer) quotedName() bool {
	quote := closingQuote(x.text[x.pos])
	for i := x.pos + 1; i < len(x.text); i++ {
		b := x.text[i]
		if b != quote && b != 0 && b < 0x80 {
			continue
		}
		switch {
		case b == 0:
			return x.fail("a quoted name holds a NUL")
		case b != quote:
			x.modeBound = true
			if n := x.long(i); n > 1 {
				i += n - 1
			}
		case x.at(i+1) != quote:
			return x.add(TokenName, i+1)
		default:
			i++
		}
	}
	return x.fail("a quoted name is not closed")
}

// long returns the length of the character of more than one byte at i, or 0.
func (x *lexer) long(i int) int {
	if x.tab.length == nil || x.mode.Charset == CharsetUTF8 {
		return 0
	}
	return x.tab.length(x.text[i:])
}
