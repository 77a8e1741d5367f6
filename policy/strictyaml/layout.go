package strictyaml

import (
	"strings"
	"unicode/utf8"
)

// line returns a line of the text, without what ends it; empty where there is none.
func (d *document) line(n int) string {
	if n < 1 || n > len(d.lines) {
		return ""
	}
	return strings.TrimRight(d.lines[n-1], "\r")
}

// text is a line without its indentation.
func (d *document) text(n int) string { return strings.TrimLeft(d.line(n), " ") }

// indent is by how many spaces a line is indented.
func (d *document) indent(n int) int { return len(d.line(n)) - len(d.text(n)) }

// begin is where the text of a line begins.
func (d *document) begin(n int) Pos { return Pos{d.file, n, d.indent(n) + 1} }

// before is what stands in a line before a place.
func (d *document) before(at Pos) string {
	line := []rune(d.line(at.Line))
	return string(line[:max(0, min(at.Col-1, len(line)))])
}

// char is the character at a place, 0 where there is none.
func (d *document) char(at Pos) rune {
	r, size := utf8.DecodeRuneInString(strings.TrimPrefix(d.line(at.Line), d.before(at)))
	if size == 0 {
		return 0
	}
	return r
}

// lineAbove returns the nearest line above line n that holds more than a comment; 0
// where there is none.
func (d *document) lineAbove(n int) int {
	for n--; n > 0; n-- {
		if text := strings.TrimSpace(d.text(n)); text != "" && !strings.HasPrefix(text, "#") {
			return n
		}
	}
	return 0
}

// swallowed returns the line of a list's entry, of those that end in line n,
// which the entry below it is read as a part of because it is indented deeper; 0
// where there is none.
func (d *document) swallowed(n int) int {
	for ; strings.HasPrefix(d.text(n), "- ") && strings.HasPrefix(d.text(n-1), "- "); n-- {
		if d.indent(n-1) < d.indent(n) && d.plainEntry(n-1) {
			return n - 1
		}
	}
	return 0
}

// plainEntry reports whether a list's entry is a text without quotes, which may
// go on in the next line.
func (d *document) plainEntry(n int) bool {
	text := strings.TrimSpace(strings.TrimPrefix(d.text(n), "- "))
	return text != "" && !strings.HasSuffix(text, ":") && !strings.ContainsAny(text[:1], "-[{\"'|>&!#") && !strings.Contains(text, " #")
}

// listAbove returns the nearest line of a list that is indented in another way
// than its entry in line n; 0 where there is none.
func (d *document) listAbove(n int) int {
	for i := n - 1; strings.HasPrefix(d.text(n), "- ") && strings.HasPrefix(d.text(i), "- "); i-- {
		if d.indent(i) != d.indent(n) {
			return i
		}
	}
	return 0
}

// closesQuote reports whether a text ends in a closing quote.
func closesQuote(before string) bool {
	before = strings.TrimRight(before, " ")
	return strings.HasSuffix(before, `"`) || strings.HasSuffix(before, "'")
}

// quoteOver finds the last quote between two places that is closed in another
// line than it opens in, and that line; 0 where there is none.
func (d *document) quoteOver(from, to Pos) (opened Pos, closed int) {
	var quote rune
	var at, found Pos
	for n := from.Line; n <= to.Line; n++ {
		runes := []rune(d.line(n))
		for i := 0; i < len(runes); i++ {
			r, here := runes[i], Pos{d.file, n, i + 1}
			if n == from.Line && here.Col < from.Col || n == to.Line && here.Col >= to.Col {
				continue
			}
			switch {
			case quote == 0 && (r == '"' || r == '\'') && beginsValue(runes[:i]):
				quote, at = r, here
			case quote == '"' && r == '\\', quote == '\'' && r == quote && i+1 < len(runes) && runes[i+1] == quote:
				i++
			case quote != 0 && r == quote:
				if n != at.Line {
					found, closed = at, n
				}
				quote = 0
			}
		}
	}
	return found, closed
}

// beginsValue reports whether a quote behind these characters of its line opens
// a text: in the middle of a plain one it is a character as any other.
func beginsValue(before []rune) bool {
	i := len(before) - 1
	for i >= 0 && before[i] == ' ' {
		i--
	}
	if i < 0 || strings.ContainsRune(",[{", before[i]) {
		return true
	}
	spaced := i < len(before)-1
	return spaced && (before[i] == ':' || before[i] == '-' && (i == 0 || before[i-1] == ' '))
}
