package sqlparse

import "bytes"

// str reads a string whose opening quote is at open.
func (x *lexer) str(open int, t TokenType) bool {
	quote := x.text[open]
	escapes := !x.mode.SQLMode.has(NoBackslashEscapes)
	for i := open + 1; i < len(x.text); i++ {
		b := x.text[i]
		switch {
		case b == quote:
			if x.at(i+1) != quote || i+1 >= len(x.text) {
				return x.add(t, i+1)
			}
			i++
		case b == '\\':
			x.modeBound = true
			if escapes {
				// The byte after a backslash is skipped even where it is the
				// first half of a character.
				i++
			}
		case b >= 0x80:
			x.modeBound = true
			if n := x.long(i); n > 1 {
				i += n - 1
			}
		}
	}
	return x.fail("a string is not closed")
}

// quotedNumber reads x'..' or b'..', whose first letter is c.
func (x *lexer) quotedNumber(c byte) bool {
	hex := c|0x20 == 'x'
	i := x.pos + 2
	for hex && isHexDigit(x.at(i)) || !hex && isBitDigit(x.at(i)) {
		i++
	}
	if x.at(i) != '\'' || hex && (i-x.pos)%2 != 0 {
		return x.fail("a hexadecimal or bit literal is malformed")
	}
	if hex {
		return x.add(TokenHex, i+1)
	}
	return x.add(TokenBit, i+1)
}

// number reads a number, or a name that begins with digits.
func (x *lexer) number() bool {
	i := x.pos
	if x.text[i] == '0' {
		if done := x.prefixed(); done {
			return x.reason == ""
		}
	}
	for isDigit(x.at(i)) {
		i++
	}
	c := x.at(i)
	if !x.is(c, classIdent|classUnsure) {
		if c != '.' || x.mode.Server.Flavour == MariaDB && x.at(i+1) == '.' {
			return x.add(TokenInteger, i)
		}
		return x.real(i + 1)
	}
	if c|0x20 == 'e' {
		j := i + 1
		if x.at(j) == '+' || x.at(j) == '-' {
			j++
		}
		if isDigit(x.at(j)) {
			for isDigit(x.at(j)) {
				j++
			}
			return x.add(TokenFloat, j)
		}
		if j == i+2 {
			// "1e+" without a digit: the name 1e, then the sign.
			x.afterName(i + 1)
			return x.add(TokenName, i+1)
		}
		return x.name(i + 1)
	}
	return x.name(i)
}

// prefixed reads 0x.. or 0b.., or the name that such a beginning is.
func (x *lexer) prefixed() bool {
	i := x.pos + 2
	t := TokenHex
	switch x.at(x.pos + 1) {
	case 'x':
		for isHexDigit(x.at(i)) {
			i++
		}
	case 'b':
		t = TokenBit
		for isBitDigit(x.at(i)) {
			i++
		}
	default:
		return false
	}
	if i > x.pos+2 && !x.is(x.at(i), classIdent|classUnsure) {
		return x.add(t, i)
	}
	x.name(i)
	return true
}

// real reads a number from the byte after its point.
func (x *lexer) real(i int) bool {
	for isDigit(x.at(i)) {
		i++
	}
	if x.at(i)|0x20 != 'e' {
		return x.add(TokenDecimal, i)
	}
	i++
	if x.at(i) == '+' || x.at(i) == '-' {
		i++
	}
	if isDigit(x.at(i)) {
		for isDigit(x.at(i)) {
			i++
		}
		return x.add(TokenFloat, i)
	}
	return x.dropped(i)
}

// dropped is MySQL's fault with "1.e": an exponent without digits after a
// point. All that was read vanishes, and the byte at i is a symbol as it stands.
func (x *lexer) dropped(i int) bool {
	x.pos = i
	if x.mode.Server.Flavour == MySQL {
		switch x.at(i) {
		case '(':
			return x.parenthesis()
		case ')', ',':
			return x.symbol(x.text[i])
		}
	}
	return x.fail("a number is malformed")
}

// point reads a dot that does not touch a name before it.
func (x *lexer) point() bool {
	switch c := x.at(x.pos + 1); {
	case isDigit(c):
		return x.real(x.pos + 1)
	case c == '.' && x.mode.Server.Flavour == MariaDB:
		x.emit(Token{Start: uint32(x.pos), End: uint32(x.pos + 2), Type: TokenSymbol, Op: OpDotDot})
		x.pos += 2
		return true
	case x.is(c, classIdent|classUnsure):
		return x.dot()
	}
	return x.char('.')
}

// dollar reads a dollar-quoted text. done is false where $ begins a name.
func (x *lexer) dollar() (done, more bool) {
	if x.mode.Server.Flavour != MySQL || x.mode.Server.Version < 80032 {
		return false, false
	}
	i := x.pos + 1
	for x.at(i) != '$' && x.is(x.at(i), classIdent) {
		if x.at(i) >= 0x80 {
			return true, x.fail("a dollar quote has a tag beyond ASCII")
		}
		i++
	}
	if x.at(i) != '$' {
		return false, false
	}
	if x.mode.Server.Version < 90000 {
		return true, x.fail("a name with dollars may be a quote to this server")
	}
	tag := x.text[x.pos : i+1]
	body := x.text[i+1:]
	end := bytes.Index(body, tag)
	if end < 0 {
		return true, x.fail("a dollar quote is not closed")
	}
	if x.mode.Charset != CharsetUTF8 && hasHigh(body[:end]) {
		return true, x.fail("a dollar quote holds characters beyond ASCII")
	}
	return true, x.add(TokenDollar, i+1+end+len(tag))
}

func hasHigh(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

func isDigit(b byte) bool    { return b >= '0' && b <= '9' }
func isBitDigit(b byte) bool { return b == '0' || b == '1' }
func isHexDigit(b byte) bool {
	return isDigit(b) || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}
