package sqlparse_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"guardrail/sqlparse"
)

// soup makes texts whose lexing is hard: statements with quotes, comments,
// versions and odd bytes thrown in.
type soup struct{ *rand.Rand }

func (s soup) pick(list []string) string { return list[s.IntN(len(list))] }

// soupModes are the names of sql_modes that matter. ORACLE and MSSQL are
// MariaDB's, and imply others.
var soupModes = []string{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "IGNORE_SPACE", "HIGH_NOT_PRECEDENCE"}

// mode is a random sql_mode and character set. Half of them are UTF-8's, as
// most sessions are.
func (s soup) mode(server sqlparse.Server) soupMode {
	m := soupMode{mode: sqlparse.Mode{Server: server}, charset: "utf8mb4"}
	if s.IntN(2) == 0 {
		m.charset = s.pick(charsetNames)
	}
	var names []string
	for _, name := range soupModes {
		if s.IntN(4) == 0 {
			names = append(names, name)
		}
	}
	if server.Flavour == sqlparse.MariaDB && s.IntN(4) == 0 {
		names = append(names, s.pick([]string{"ORACLE", "MSSQL"}))
	}
	m.sqlMode = strings.Join(names, ",")
	m.mode.SQLMode = sqlparse.ParseSQLMode(m.sqlMode)
	m.mode.Charset = sqlparse.ParseCharset(m.charset)
	return m
}

// text is one text: a few statements, cooked.
func (s soup) text() string {
	var list []string
	for range s.IntN(3) {
		list = append(list, s.pick(soupHarmless))
	}
	list = append(list, s.pick(soupStatements))
	text := strings.Join(list, s.pick([]string{";", "; ", ";\n", " ;-- \n", "/**/;", ";#\n"}))
	for range s.IntN(4) {
		switch s.IntN(8) {
		case 0:
			text = s.wrap(text)
		case 1:
			text = s.space(text)
		case 2:
			text = s.requote(text)
		case 3:
			text = s.lose(text)
		default:
			at := s.place(text)
			text = text[:at] + s.piece() + text[at:]
		}
	}
	return text
}

// place is where a piece goes: mostly between words, often at the end.
func (s soup) place(text string) int {
	switch s.IntN(4) {
	case 0:
		return s.IntN(len(text) + 1)
	case 1:
		return len(text)
	}
	return s.gap(text)
}

// gap is the place of a space.
func (s soup) gap(text string) int {
	var spaces []int
	for i := range len(text) {
		if text[i] == ' ' {
			spaces = append(spaces, i)
		}
	}
	if len(spaces) == 0 {
		return len(text)
	}
	return spaces[s.IntN(len(spaces))]
}

// opening begins a comment, executed or not.
func (s soup) opening() string {
	switch s.IntN(4) {
	case 0:
		return "/*" + s.pick([]string{"", " ", "+", "T!", "m!", "M", "*", "-- ", "#", "'", "\"", "`"})
	case 1:
		return s.pick([]string{"/*!", "/*M!"}) + s.pick([]string{"", " "})
	}
	return s.pick([]string{"/*!", "/*!", "/*M!"}) + s.pick(soupVersions) + s.pick([]string{" ", "", "\t", "\n"})
}

// wrap puts a run of the text into a comment.
func (s soup) wrap(text string) string {
	from, to := s.place(text), s.place(text)
	if from > to {
		from, to = to, from
	}
	inside := text[from:to]
	if s.IntN(4) == 0 {
		inside = s.opening() + inside + "*/" + s.pick(soupPieces)
	}
	return text[:from] + " " + s.opening() + inside + "*/" + text[to:]
}

// space puts something odd in the place of a space.
func (s soup) space(text string) string {
	at := s.gap(text)
	if at == len(text) {
		return text
	}
	return text[:at] + s.pick(soupSpaces) + text[at+1:]
}

// requote puts a string or name with hard bytes in the place of 'x'.
func (s soup) requote(text string) string {
	q := s.pick([]string{"'", "'", "\"", "`"})
	literal := s.pick([]string{"", "", "N", "n", "_utf8mb4", "_latin1 ", "_gbk", "_x", "x", "b"}) + q + s.pick(soupPieces) + s.pick(soupPieces) + q
	if old := "'x'"; strings.Contains(text, old) {
		return strings.Replace(text, old, literal, 1)
	}
	at := s.gap(text)
	return text[:at] + " " + literal + text[at:]
}

// lose drops a few bytes.
func (s soup) lose(text string) string {
	from := s.place(text)
	to := min(from+1+s.IntN(3), len(text))
	return text[:from] + text[to:]
}

// piece is one piece, or a comment or quotes around one or two.
func (s soup) piece() string {
	switch s.IntN(6) {
	case 0:
		return s.opening() + s.pick(soupPieces) + "*/"
	case 1:
		return s.opening() + s.pick(soupPieces)
	case 2:
		q := s.pick([]string{"'", "\"", "`"})
		return " AS " + q + s.pick(soupPieces) + q
	case 3:
		return s.pick(soupPieces) + s.pick(soupPieces)
	case 4:
		return fmt.Sprintf("%s%s", s.pick(soupSpaces), s.pick(soupPieces))
	}
	return s.pick(soupPieces)
}
