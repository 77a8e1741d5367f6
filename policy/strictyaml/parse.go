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
	root := load(file, text, report)
	if root == nil {
		return Value{}
	}
	check(file, root, report)
	in := &document{file: file, lines: strings.Split(string(text), "\n")}
	return Value{node: root, in: in, label: "the file", report: report}
}

// load returns the root of the first document, and refuses a second one.
func load(file string, text []byte, report *Report) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		report.Add(Pos{file, 1, 1}, err.Error(), "")
		return nil
	}
	var document, second yaml.Node
	err = loader.Load(&document)
	if errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		report.Add(Pos{file, 1, 1}, "the file is empty", "")
		return nil
	}
	if err != nil {
		addSyntax(file, err, report)
		return nil
	}
	switch err = loader.Load(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		addSyntax(file, err, report)
	default:
		report.Add(Pos{file, second.Line, second.Column}, "a second document", "put it in a file of its own")
	}
	return document.Content[0]
}

// addSyntax reports an error of the YAML library with its place.
func addSyntax(file string, err error, report *Report) {
	at, what := Pos{file, 1, 1}, err.Error()
	var e *yaml.LoadError
	if errors.As(err, &e) {
		what = e.Message
		if e.ContextMsg != "" {
			what += " " + e.ContextMsg
		}
		if e.Mark.Line > 0 {
			at.Line, at.Col = e.Mark.Line, e.Mark.Column
		}
		if strings.Contains(e.ContextMsg, "flow") || strings.Contains(e.ContextMsg, "quoted") {
			at.Line, at.Col = e.ContextMark.Line, e.ContextMark.Column
		}
	}
	report.Add(at, "not YAML: "+what, syntaxHint(what))
}

// syntaxHint says what people mostly meant.
func syntaxHint(what string) string {
	switch {
	case strings.Contains(what, "mapping values are not allowed"):
		return `put the text between quotes when it holds ": "`
	case strings.Contains(what, "cannot start any token"):
		return "indent with spaces, and quote texts that begin with @, ` or %"
	case strings.Contains(what, "flow sequence"):
		return "close the ["
	case strings.Contains(what, "flow mapping"):
		return "close the {, and quote texts that hold a comma"
	case strings.Contains(what, "quoted scalar"):
		return "close the quote"
	case strings.Contains(what, "anchor"):
		return "quote texts that begin with *"
	}
	return ""
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

// check reports what is refused anywhere in a document.
func check(file string, n *yaml.Node, report *Report) {
	at := Pos{file, n.Line, n.Column}
	switch {
	case n.Kind == yaml.AliasNode:
		report.Add(at, "an alias (*"+n.Value+")", "write the value itself; quote texts that begin with *")
		return
	case n.Anchor != "":
		report.Add(at, "an anchor (&"+n.Anchor+")", "write the value itself; quote texts that begin with &")
	case n.Style&yaml.TaggedStyle != 0:
		report.Add(at, "a tag ("+n.Tag+")", "write the value itself; quote texts that begin with !")
	}
	if n.Kind == yaml.MappingNode {
		checkKeys(file, n, report)
	}
	for _, c := range n.Content {
		check(file, c, report)
	}
}

// checkKeys reports keys that are no plain words, or stand twice.
func checkKeys(file string, n *yaml.Node, report *Report) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := Pos{file, key.Line, key.Column}
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
