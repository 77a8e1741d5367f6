package strictyaml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Value is a part of a document. The zero Value stands for one that is missing:
// it reads as nothing and reports nothing.
type Value struct {
	node   *yaml.Node
	in     *document
	label  string
	report *Report
}

// document is what a value stands in.
type document struct {
	file    string
	lines   []string
	refused map[*yaml.Node]bool // scalars that Parse has reported: they read as nothing
}

// Exists reports whether the value is written in the text.
func (v Value) Exists() bool { return v.node != nil }

// Pos is where the value begins.
func (v Value) Pos() Pos {
	if v.node == nil {
		return Pos{}
	}
	return Pos{v.in.file, v.node.Line, v.node.Column}
}

// Label is how mistakes name the value: by its key.
func (v Value) Label() string { return v.label }

// PosAt is the place of a byte of the value's text. Where the text is not
// written out in one line as it is (escapes, several lines), it is where the
// value begins.
func (v Value) PosAt(offset int) Pos {
	at := v.Pos()
	if v.node == nil || offset <= 0 || offset > len(v.node.Value) || at.Line > len(v.in.lines) {
		return at
	}
	before := v.node.Value[:offset]
	line := []rune(v.in.lines[at.Line-1])
	col := at.Col
	if v.node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		col++
	}
	if col-1 > len(line) || !strings.HasPrefix(string(line[col-1:]), before) {
		return at
	}
	at.Col = col + utf8.RuneCountInString(before)
	return at
}

// Fail reports that something is wrong with the value; hint may be empty.
func (v Value) Fail(what, hint string) {
	if v.report != nil {
		v.report.Add(v.Pos(), what, hint)
	}
}

// FailAt is Fail at a byte of the value's text.
func (v Value) FailAt(offset int, what, hint string) {
	if v.report != nil {
		v.report.Add(v.PosAt(offset), what, hint)
	}
}

// is reports whether the value is there and of the kind wanted, and complains if it is another.
func (v Value) is(kind yaml.Kind, wanted, hint string) bool {
	switch {
	case v.node == nil || v.in.refused[v.node]:
		return false
	case v.node.Tag == "!!null":
		v.Fail(v.label+" has no value", "write "+wanted+", or leave the key out")
		return false
	case v.node.Kind != kind:
		v.Fail(v.label+" must be "+wanted+", not "+kindName(v.node), hint)
		return false
	}
	return true
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	}
	return "a text"
}

// Entries returns the keys and values of a mapping whose keys are names of the author's own.
func (v Value) Entries() []Entry {
	if !v.is(yaml.MappingNode, "keys with values", "") {
		return nil
	}
	var out []Entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, value := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || seen[key.Value] {
			continue // reported by Parse
		}
		seen[key.Value] = true
		out = append(out, Entry{
			Key:   Value{node: key, in: v.in, label: "a key of " + v.label, report: v.report},
			Value: Value{node: value, in: v.in, label: key.Value, report: v.report},
		})
	}
	return out
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Key, Value Value
}

// IsText reports whether the value is written as one scalar.
func (v Value) IsText() bool { return v.node != nil && v.node.Kind == yaml.ScalarNode }

// IsNumber reports whether the value is written as a number.
func (v Value) IsNumber() bool {
	return v.IsText() && (v.node.Tag == "!!int" || v.node.Tag == "!!float")
}

// IsBool reports whether the value is written as true or false.
func (v Value) IsBool() bool { return v.IsText() && v.node.Tag == "!!bool" }

// IsEmptyText reports whether the value is written as a text of no characters.
func (v Value) IsEmptyText() bool { return v.IsText() && v.node.Tag == "!!str" && v.node.Value == "" }

// Items returns the values of a list. A single value in place of a list is reported.
func (v Value) Items() []Value {
	if !v.is(yaml.SequenceNode, "a list", v.listHint()) {
		return nil
	}
	out := make([]Value, len(v.node.Content))
	for i, n := range v.node.Content {
		out[i] = Value{node: n, in: v.in, label: fmt.Sprintf("an entry of %s", v.label), report: v.report}
	}
	return out
}

func (v Value) listHint() string {
	if v.IsText() && !strings.ContainsAny(v.node.Value, ",[]{}\n") {
		return "try [" + v.node.Value + "]"
	}
	return ""
}

// colonHint is for a text that is most likely a key whose colon has no space behind it.
func (v Value) colonHint() string {
	if !v.IsText() || !plain(v.node) {
		return ""
	}
	text := v.node.Value
	if line := v.in.line(v.node.Line)[len(v.in.before(v.Pos())):]; !strings.HasPrefix(line, text) {
		text = line // of a text that goes on in the next
	}
	if fixed := withColon(text); strings.ContainsAny(text, ":=") && fixed != "" {
		return "write a colon and a space behind a key: " + fixed
	}
	return ""
}

// Has reports whether the value is a mapping that holds the key.
func (v Value) Has(key string) bool {
	if !v.IsMap() {
		return false
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if v.node.Content[i].Kind == yaml.ScalarNode && v.node.Content[i].Value == key {
			return true
		}
	}
	return false
}

// IsMap reports whether the value is a mapping.
func (v Value) IsMap() bool { return v.node != nil && v.node.Kind == yaml.MappingNode }

// IsList reports whether the value is a list.
func (v Value) IsList() bool { return v.node != nil && v.node.Kind == yaml.SequenceNode }

// Written is the text of a scalar as it is, without a complaint; empty for anything else.
func (v Value) Written() string {
	if !v.IsText() {
		return ""
	}
	return v.node.Value
}
