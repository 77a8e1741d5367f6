package strictyaml

import (
	"fmt"
	"slices"
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
	file  string
	lines []string
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
	case v.node == nil || v.node.Kind == yaml.AliasNode:
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

// Fields are the values of a mapping, by key.
type Fields struct {
	of     Value
	values map[string]Value
	keys   map[string]Pos
	meant  map[string]bool // known keys that an unknown one was most likely meant to be
}

// Fields returns the values of a mapping. Keys that are not known are reported.
func (v Value) Fields(known ...string) Fields { return v.FieldsAnd(nil, known...) }

// FieldsAnd is Fields for a mapping that some people put further keys into,
// which belong elsewhere: they are left to Refuse, and never offered in hints.
func (v Value) FieldsAnd(elsewhere []string, known ...string) Fields {
	f := Fields{of: v, values: map[string]Value{}, keys: map[string]Pos{}, meant: map[string]bool{}}
	if !v.is(yaml.MappingNode, "keys with values", "") {
		return f
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, value := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			continue // reported by Parse
		}
		at := Pos{v.in.file, key.Line, key.Column}
		if !slices.Contains(known, key.Value) && !slices.Contains(elsewhere, key.Value) {
			near := nearest(key.Value, known)
			f.meant[near] = true
			v.report.Add(at, "unknown key "+key.Value, keyHint(near, known))
			continue
		}
		if _, twice := f.values[key.Value]; !twice {
			f.keys[key.Value] = at
			f.values[key.Value] = Value{node: value, in: v.in, label: key.Value, report: v.report}
		}
	}
	return f
}

func keyHint(near string, known []string) string {
	if near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// Get returns the value of a key, zero if it is missing.
func (f Fields) Get(key string) Value { return f.values[key] }

// Refuse reports a key that is known but must not stand here.
func (f Fields) Refuse(key, what, hint string) {
	if at, ok := f.keys[key]; ok {
		f.of.report.Add(at, what, hint)
	}
}

// Need returns the value of a key, and reports it if it is missing and no
// unknown key looks like it.
func (f Fields) Need(key, hint string) Value {
	v, ok := f.values[key]
	if !ok && f.of.IsMap() && !f.meant[key] {
		f.of.Fail(key+" is missing", hint)
	}
	return v
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
