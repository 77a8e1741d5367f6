package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxText is the longest text in bytes that is read: far above what people
// write, and low enough for hostile texts to cost little.
const MaxText = 4 << 20

// Parse reads the one document of a text. What is wrong with it as YAML, and
// what is refused in all of it (anchors, tags, repeated keys), is reported; the
// Value is zero when there is nothing to walk.
func Parse(file string, text []byte, report *Report) Value {
	if len(text) > MaxText {
		report.Add(Pos{file, 1, 1}, fmt.Sprintf("the file is longer than %d bytes", MaxText), "")
		return Value{}
	}
	if at, what, ok := unreadable(text); ok {
		report.Add(Pos{file, at.Line, at.Col}, what, "write plain UTF-8 text")
		return Value{}
	}
	in := &document{file: file, lines: strings.Split(string(text), "\n"), refused: map[*yaml.Node]bool{}}
	root := in.load(text, report)
	if root == nil {
		return Value{}
	}
	in.check(root, false, report)
	return Value{node: root, in: in, label: "the file", report: report}
}

// load returns the root of the first document, and refuses a second one.
func (d *document) load(text []byte, report *Report) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		report.Add(Pos{d.file, 1, 1}, err.Error(), "")
		return nil
	}
	var document, second yaml.Node
	err = loader.Load(&document)
	if errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		report.Add(Pos{d.file, 1, 1}, "the file is empty", "write keys with values, or take the file away")
		return nil
	}
	if err != nil {
		d.addSyntax(err, report)
		return nil
	}
	root := document.Content[0]
	switch err = loader.Load(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.addSyntax(err, report)
	case root.Tag == "!!null":
		report.Add(Pos{d.file, second.Line, second.Column}, "a second document, and the first is empty", "take this --- away")
		return nil
	default:
		report.Add(Pos{d.file, second.Line, second.Column}, "a second document", "put it in a file of its own")
	}
	return root
}

// unreadable finds the first byte that no YAML text may hold.
func unreadable(text []byte) (at Pos, what string, found bool) {
	at = Pos{Line: 1, Col: 1}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return at, "a byte that is not UTF-8", true
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			return at, "a control character", true
		case r == '\n':
			at.Line, at.Col = at.Line+1, 0
		}
		at.Col++
		text = text[size:]
	}
	return at, "", false
}

// check reports what is refused anywhere in a document, or between its [ and ], { and }.
func (d *document) check(n *yaml.Node, inFlow bool, report *Report) {
	what, hint := refusal(n)
	if what == "" && !inFlow && d.goesOn(n) {
		what = fmt.Sprintf("this text goes on in line %d, which is indented deeper", n.Line+1)
		hint = "indent the entries of a list alike, or put the text between quotes"
	}
	if what != "" {
		report.Add(Pos{d.file, n.Line, n.Column}, what, hint)
		d.refused[n] = n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode
	}
	if n.Kind == yaml.AliasNode {
		return
	}
	if n.Kind == yaml.MappingNode {
		d.checkKeys(n, report)
	}
	for _, c := range n.Content {
		d.check(c, inFlow || n.Style&yaml.FlowStyle != 0, report)
	}
}

// refusal says what of YAML a value uses and must not.
func refusal(n *yaml.Node) (what, hint string) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "an alias (*" + n.Value + ")", "write the value itself; quote texts that begin with *"
	case n.Anchor != "":
		return "an anchor (&" + n.Anchor + ")", "write the value itself; quote texts that begin with &"
	case n.Style&yaml.TaggedStyle != 0:
		return "a tag (" + n.Tag + ")", "write the value itself; quote texts that begin with !"
	}
	return "", ""
}

// goesOn reports whether a text without quotes swallows the line below it, which
// looks like an entry of a list and is indented deeper than the text's own.
func (d *document) goesOn(n *yaml.Node) bool {
	const written = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Kind != yaml.ScalarNode || n.Style&written != 0 || !strings.HasPrefix(d.text(n.Line+1), "- ") {
		return false
	}
	line := d.line(n.Line)
	return !strings.HasPrefix(line[len(d.before(Pos{d.file, n.Line, n.Column})):], n.Value)
}

// checkKeys reports keys that are no plain words, or stand twice.
func (d *document) checkKeys(n *yaml.Node, report *Report) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := Pos{d.file, key.Line, key.Column}
		switch line, twice := first[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			report.Add(at, "a key that is not a word", "")
		case key.Tag == "!!merge":
			report.Add(at, "a merge key (<<)", "write the keys themselves")
		case twice:
			report.Add(at, fmt.Sprintf("key %q a second time", key.Value), fmt.Sprintf("the first is in line %d", line))
		default:
			first[key.Value] = key.Line
		}
	}
}
