package sqlparse

// char emits one byte as a symbol.
func (x *lexer) char(c byte) bool {
	return x.op(Op(c), 1)
}

// op emits a symbol of n bytes.
func (x *lexer) op(op Op, n int) bool {
	x.emit(Token{Start: uint32(x.pos), End: uint32(x.pos + n), Type: TokenSymbol, Op: op})
	x.pos += n
	return true
}

// symbol reads an operator or a punctuation mark that begins with c.
func (x *lexer) symbol(c byte) bool {
	next := x.at(x.pos + 1)
	switch c {
	case '<':
		switch {
		case next == '=' && x.at(x.pos+2) == '>':
			return x.op(OpNullSafe, 3)
		case next == '=':
			return x.op(OpLessEqual, 2)
		case next == '>':
			return x.op(OpNotEqual, 2)
		case next == '<':
			return x.op(OpShiftLeft, 2)
		}
	case '>':
		switch next {
		case '=':
			return x.op(OpGreaterEqual, 2)
		case '>':
			return x.op(OpShiftRight, 2)
		}
	case '!':
		if next == '=' {
			return x.op(OpNotEqual, 2)
		}
	case '&':
		if next == '&' {
			return x.op(OpAnd, 2)
		}
	case '|':
		if next == '|' {
			x.modeBound = true
			if x.mode.SQLMode.has(PipesAsConcat) {
				return x.op(OpConcat, 2)
			}
			return x.op(OpOr, 2)
		}
	case ':':
		if next == '=' {
			return x.op(OpAssign, 2)
		}
	case '-':
		if next == '>' && x.mode.Server.Flavour == MySQL {
			if x.at(x.pos+2) == '>' {
				return x.op(OpArrowText, 3)
			}
			return x.op(OpArrow, 2)
		}
	case '?':
		if !x.is(next, classIdent|classUnsure) {
			return x.add(TokenParam, x.pos+1)
		}
		return x.fail("a placeholder touches a name")
	case '(':
		return x.parenthesis()
	case ')':
		x.depth--
	case ';':
		return x.semicolon()
	}
	if c < ' ' || c == 0x7f {
		return x.fail("a control character stands in the text")
	}
	return x.char(c)
}

// parenthesis reads an opening parenthesis.
func (x *lexer) parenthesis() bool {
	x.depth++
	x.maxDepth = max(x.maxDepth, x.depth)
	t := Token{Start: uint32(x.pos), End: uint32(x.pos + 1), Type: TokenSymbol, Op: '('}
	if n := len(x.tokens); n > 0 && x.tokens[n-1].Type == TokenWord {
		last := x.tokens[n-1]
		if int(last.End) != x.pos && isFunctionToken(x.text[last.Start:last.End], x.mode.Server) {
			x.modeBound = true
			if !x.mode.SQLMode.has(IgnoreSpace) || !x.blank(int(last.End), x.pos) {
				t.Flags = Detached
			}
		}
	}
	x.emit(t)
	x.pos++
	return true
}

// blank reports whether only white space stands between two places.
func (x *lexer) blank(from, to int) bool {
	for _, b := range x.text[from:to] {
		if !x.is(b, classSpace) {
			return false
		}
	}
	return true
}

// semicolon ends a statement, or a statement of a routine's body.
func (x *lexer) semicolon() bool {
	t := Token{Start: uint32(x.pos), End: uint32(x.pos + 1), Type: TokenSymbol, Op: ';'}
	if x.inExec {
		t.Flags = InExecutable
	}
	x.emit(t)
	x.pos++
	x.begun = false
	return true
}

// atSign reads an @: a system variable, a quoted or an unquoted user variable, or a host.
func (x *lexer) atSign() bool {
	x.state = stateStart
	switch c := x.at(x.pos + 1); c {
	case '\'', '"', '`':
	case '@':
		x.state = stateSystemVar
	default:
		x.state = stateHost
	}
	return x.char('@')
}

// host reads the unquoted text after an @, byte by byte. It may be empty.
func (x *lexer) host() bool {
	x.state = stateStart
	i := x.pos
	for {
		b := x.at(i)
		if b >= 0x80 && (x.mode.Charset != CharsetUTF8 || i >= len(x.text)) {
			return x.fail("a variable's name goes beyond ASCII")
		}
		if !x.is(b, classIdent) && b != '.' {
			break
		}
		i++
	}
	return x.add(TokenHost, i)
}

// systemVar reads the second @.
func (x *lexer) systemVar() bool {
	x.state = stateVarName
	if x.at(x.pos+1) == '`' {
		x.state = stateStart
	}
	return x.char('@')
}

// varName reads the first word of a system variable's name, byte by byte.
func (x *lexer) varName() bool {
	x.state = stateStart
	i := x.pos
	for x.is(x.at(i), classIdent|classUnsure) {
		if x.at(i) >= 0x80 {
			return x.fail("a system variable's name goes beyond ASCII")
		}
		i++
	}
	if i == x.pos {
		return x.fail("a system variable has no name")
	}
	if x.at(i) == '.' {
		x.state = stateDot
	}
	return x.add(TokenWord, i)
}
