package sqlparse

import "bytes"

// dashes reads a comment that two dashes begin. done is false where the
// dash is an operator.
func (x *lexer) dashes() (done, more bool) {
	if x.at(x.pos+1) != '-' {
		return false, false
	}
	c := x.at(x.pos + 2)
	switch {
	case x.is(c, classSpace|classCntrl):
		x.modeBound = x.modeBound || c == 0x7f
		if c == 0x7f && x.mode.Charset != CharsetUTF8 {
			return true, x.fail("two dashes are followed by a byte that may be a control character")
		}
		return true, x.lineComment()
	case c >= 0x80 && !x.is(c, classIdent):
		return true, x.fail("two dashes are followed by a byte that may be a control character")
	}
	return false, false
}

// lineComment skips to the end of the line. A NUL ends the comment too.
func (x *lexer) lineComment() bool {
	for x.pos < len(x.text) && x.text[x.pos] != '\n' && x.text[x.pos] != 0 {
		x.pos++
	}
	return true
}

// longComment reads what begins with /* at x.pos.
func (x *lexer) longComment() bool {
	switch c := x.at(x.pos + 2); {
	case c == '!':
		return x.executable(x.pos+3, false)
	case c == 'M' && x.at(x.pos+3) == '!' && x.mode.Server.Flavour == MariaDB:
		return x.executable(x.pos+4, true)
	case c == '+' && x.hintsHere():
		return x.hint()
	}
	return x.skipComment(x.pos+2, false)
}

// executable reads /*! or MariaDB's /*M!: the text inside runs if the server
// is new enough. i is behind the exclamation mark. Executable comments do not
// nest: the first */ ends them all.
func (x *lexer) executable(i int, own bool) bool {
	version, digits, sure := x.commentVersion(i)
	switch {
	case !sure:
		return x.fail("a version comment has six digits")
	case digits == 0 || x.runs(version, own):
		x.pos = i + digits
		x.inExec = true
		return true
	}
	return x.skipComment(i, true)
}

// commentVersion reads the version of an executable comment: five digits,
// or six. Fewer are no version. MySQL takes a sixth digit only where white
// space follows; versions before 9.7 were not measured.
func (x *lexer) commentVersion(i int) (version, digits int, sure bool) {
	for digits < 6 && isDigit(x.at(i+digits)) {
		digits++
	}
	if digits < 5 {
		return 0, 0, true
	}
	if digits == 6 && x.mode.Server.Flavour == MySQL {
		if x.mode.Server.Version < 90700 {
			return 0, 0, false
		}
		if !x.is(x.at(i+6), classSpace) {
			digits = 5
		}
	}
	for _, b := range x.text[i : i+digits] {
		version = version*10 + int(b-'0')
	}
	return version, digits, true
}

// runs reports whether a comment for that version is executed. MariaDB passes
// over MySQL's versions from 5.7 on, but not in its own form of comment.
func (x *lexer) runs(version int, own bool) bool {
	if version > x.mode.Server.Version {
		return false
	}
	return x.mode.Server.Flavour == MySQL || own || version < 50700 || version > 99999
}

// skipComment goes behind the */ that closes the comment whose inside begins at i.
// In a comment for another version one level of comments is skipped as a whole.
func (x *lexer) skipComment(i int, nested bool) bool {
	for i < len(x.text) {
		n := bytes.IndexByte(x.text[i:], '*')
		if n < 0 {
			break
		}
		i += n
		switch {
		case nested && i > 0 && x.text[i-1] == '/' && n > 0:
			end := bytes.Index(x.text[i+1:], []byte("*/"))
			if end < 0 {
				return x.fail("a comment is not closed")
			}
			i += 1 + end + 2
		case x.at(i+1) == '/':
			x.pos = i + 2
			return true
		default:
			i++
		}
	}
	return x.fail("a comment is not closed")
}

// hintsHere reports whether a /*+ here is read by the hint parser.
func (x *lexer) hintsHere() bool {
	s := x.mode.Server
	if s.Flavour == MariaDB && s.Version < 120000 {
		return false
	}
	n := len(x.tokens)
	if n == 0 || x.inExec && x.tokens[n-1].Type != TokenWord {
		return false
	}
	last := x.tokens[n-1]
	if last.Type != TokenWord {
		return false
	}
	word := x.text[last.Start:last.End]
	return isWord(word, "SELECT") || isWord(word, "INSERT") || isWord(word, "UPDATE") ||
		isWord(word, "DELETE") || isWord(word, "REPLACE")
}

// hint skips optimizer hints, which change neither kind nor needs, and keeps
// the variables they set. The hint parser has quotes of its own: where they
// would hide the end, we cannot tell.
func (x *lexer) hint() bool {
	end := bytes.Index(x.text[x.pos+3:], []byte("*/"))
	if end < 0 {
		return x.fail("a comment is not closed")
	}
	inside := x.text[x.pos+3 : x.pos+3+end]
	var quote byte
	for _, b := range inside {
		switch {
		case b == 0:
			return x.fail("a hint holds a NUL")
		case quote == 0 && (b == '\'' || b == '"' || b == '`'):
			quote = b
		case b == quote:
			quote = 0
		}
	}
	if quote != 0 {
		return x.fail("a hint's quote is not closed")
	}
	x.hinted(inside)
	x.pos += 3 + end + 2
	return true
}
