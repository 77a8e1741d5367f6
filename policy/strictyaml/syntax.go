package strictyaml

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// addSyntax reports an error of the YAML library.
func (d *document) addSyntax(err error, report *Report) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		report.Add(Pos{d.file, 1, 1}, "not YAML: "+err.Error(), "")
		return
	}
	m := d.syntax(e)
	report.Add(m.Pos, "not YAML: "+m.What, m.Hint)
}

// syntax says where an error of the YAML library most likely lies and what to
// write instead: the library tells where it could not go on, which is often far
// behind the slip.
func (d *document) syntax(e *yaml.LoadError) Mistake {
	m := Mistake{Pos: Pos{d.file, max(1, e.Mark.Line), max(1, e.Mark.Column)}, What: e.Message}
	if e.ContextMsg != "" {
		m.What += " " + e.ContextMsg
	}
	opened := Pos{d.file, e.ContextMark.Line, e.ContextMark.Column}
	if d.char(m.Pos) == '\t' {
		m.What, m.Hint = "a tab where spaces indent", "indent with spaces"
		return m
	}
	switch says := func(part string) bool { return strings.Contains(m.What, part) }; {
	case says("scanning an alias"), says("scanning an anchor"):
		m.Pos, m.Hint = opened, d.quoteHint(opened)
	case says("unknown anchor"), says("cannot start any token"), says("expected node content"), says("block scalar"):
		if says("block scalar") {
			m.Pos = opened
		}
		m.Hint = d.quoteHint(m.Pos)
	case says("mapping values are not allowed"):
		d.colon(&m)
	case says("flow sequence"), says("flow mapping"):
		d.flow(&m, opened)
	case says("simple key"):
		d.noColon(&m, opened.Line)
	case says("document start"):
		d.begun(&m)
	case d.comma(&m):
	case says("escape character"):
		m.Hint = `write \\ for a backslash, or put the text between single quotes`
	case says("quoted scalar"):
		m.Pos, m.Hint = opened, "close the quote"
	case says("expected key"):
		d.key(&m, opened)
	case says("'-' indicator"):
		m.Hint = fmt.Sprintf(`begin it with "- " as the list in line %d, or indent it as the key it stands beside`, opened.Line)
	case says("sequence entries are not allowed"):
		m.Hint = "begin the list in a line of its own, or write it as [a, b]"
	}
	return m
}

const colonHint = `put the text between quotes when it holds ": "`

// quoteHint is for a character that begins no text of YAML's.
func (d *document) quoteHint(at Pos) string {
	if c := d.char(at); c != 0 {
		return "quote texts that begin with " + string(c)
	}
	return ""
}

// colon explains a ": " that cannot be there.
func (d *document) colon(m *Mistake) {
	if above := d.swallowed(m.Pos.Line); above > 0 {
		m.Pos = d.begin(above)
		m.What = fmt.Sprintf("this text goes on in line %d, which is indented deeper", above+1)
		m.Hint = "indent the entries of a list alike"
		return
	}
	if above := d.lineAbove(m.Pos.Line); withColon(d.text(above)) != "" {
		d.noColon(m, above)
		return
	}
	before := d.before(m.Pos)
	if strings.Contains(before, ": ") || m.Pos.Line == 1 || strings.ContainsAny(before, `"'`) {
		m.Hint = colonHint
		return
	}
	m.Pos = d.begin(m.Pos.Line)
	m.Hint = `perhaps this line is indented wrongly, or ": " is missing in the line above`
}

// noColon explains a line with a key that ends in no colon and space.
func (d *document) noColon(m *Mistake, line int) {
	m.Pos, m.What = d.begin(line), "a key without a colon and a space behind it"
	if m.Hint = "write them"; withColon(d.text(line)) != "" {
		m.Hint = "write " + withColon(d.text(line))
	}
}

// begun explains what stands behind the end of a document.
func (d *document) begun(m *Mistake) {
	first := 1
	for n := m.Pos.Line; n > 0; n = d.lineAbove(n) {
		first = n
	}
	switch {
	case withColon(d.text(first)) != "":
		d.noColon(m, first)
	case first < m.Pos.Line:
		m.Hint = fmt.Sprintf("indent keys that belong together alike, as line %d", first)
	}
}

// withColon writes a line that begins with a key as it is most likely meant; "" where
// it has its colon and space, or begins with no word in lower case.
func withColon(text string) string {
	entry, ok := strings.CutPrefix(text, "- ")
	text = strings.TrimSpace(entry)
	end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
	if end < 0 {
		end = len(text)
	}
	key, rest := text[:end], strings.TrimLeft(text[end:], " ")
	if key == "" || rest == ":" || strings.HasPrefix(rest, ": ") {
		return ""
	}
	if rest != "" && strings.ContainsRune(":=", rune(rest[0])) {
		rest = rest[1:]
	}
	fixed := strings.TrimRight(key+": "+strings.TrimLeft(rest, " "), " ")
	if ok {
		return "- " + fixed
	}
	return fixed
}

// comma explains a comma that ends a line, as it does in JSON.
func (d *document) comma(m *Mistake) bool {
	line := []rune(d.line(m.Pos.Line))
	if d.char(m.Pos) != ',' || strings.TrimSpace(string(line[m.Pos.Col:])) != "" {
		return false
	}
	m.What, m.Hint = "a comma at the end of a line", "take it away"
	return true
}

// flow explains what goes wrong between [ and ], or { and }.
func (d *document) flow(m *Mistake, opened Pos) {
	before := d.before(m.Pos)
	entry := before[strings.LastIndexAny(before, ",[{")+1:]
	if quote, end := d.quoteOver(opened, m.Pos); end > 0 {
		m.Pos = quote
		m.What = fmt.Sprintf("the quote that opens here is closed in line %d", end)
		m.Hint = "perhaps it should be closed in its own line"
		return
	}
	switch {
	case d.char(m.Pos) == ':' && strings.Contains(entry, ": "):
		m.Hint = colonHint
	case closesQuote(before):
		m.Hint = behindQuote
	default:
		m.Hint = "close the " + string(d.char(opened))
		m.Pos = opened
	}
}

const behindQuote = "the text goes on behind its closing quote; put all of it between quotes"

// key explains a line that is no key of the mapping it stands in.
func (d *document) key(m *Mistake, opened Pos) {
	before := d.before(m.Pos)
	switch first := d.listAbove(m.Pos.Line); {
	case closesQuote(before):
		m.Hint = behindQuote
	case first > 0:
		m.Hint = fmt.Sprintf("indent the entries of a list alike, as line %d", first)
	case strings.HasPrefix(d.text(m.Pos.Line), "- "):
		m.Hint = "a list stands below a key without a value"
	default:
		m.Hint = fmt.Sprintf("indent keys that belong together alike, as line %d", opened.Line)
	}
}
