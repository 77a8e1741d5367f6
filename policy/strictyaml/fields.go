package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

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
	if !v.is(yaml.MappingNode, "keys with values", v.colonHint()) {
		return f
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, value := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			continue // reported by Parse
		}
		if !slices.Contains(known, key.Value) && !slices.Contains(elsewhere, key.Value) {
			i += 2 * (f.unknown(i, known) - 1)
			continue
		}
		if _, twice := f.values[key.Value]; !twice {
			f.keys[key.Value] = Pos{v.in.file, key.Line, key.Column}
			f.values[key.Value] = Value{node: value, in: v.in, label: key.Value, report: v.report}
		}
	}
	return f
}

// unknown reports the i-th node, a key that is not known, and returns how many
// keys have been told with it.
func (f *Fields) unknown(i int, known []string) (keys int) {
	key := f.of.node.Content[i]
	at := Pos{f.of.in.file, key.Line, key.Column}
	if word := glued(key.Value, known); word != "" {
		f.meant[word] = true
		f.of.report.Add(at, "a key without a colon and a space behind it", "write "+withColon(key.Value))
		return 1
	}
	near := nearest(key.Value, known)
	if near == "" {
		if n := f.cut(i, known); n > 0 {
			return n
		}
	}
	f.meant[near] = true
	f.of.report.Add(at, "unknown key "+key.Value, keyHint(near, known))
	return 1
}

// glued returns the known key with which a key begins that holds its value, too:
// sql:"SELECT 1", expect allow. It is "" where there is none.
func glued(key string, known []string) string {
	word, value, ok := strings.Cut(withColon(key), ": ")
	spaced := strings.HasPrefix(key, word+" ") && !strings.HasPrefix(key, word+" =")
	if !ok || !slices.Contains(known, word) || spaced && strings.Contains(value, " ") && value[0] != '"' {
		return ""
	}
	return word
}

// cut reports a text that a comma ends too early: what stands behind the comma,
// the i-th node, is read as a key without a value. It returns how many such keys
// follow each other; the text's own key is taken as meant.
func (f *Fields) cut(i int, known []string) (keys int) {
	nodes := f.of.node.Content
	if i < 2 || f.of.node.Style&yaml.FlowStyle == 0 || !plain(nodes[i-1]) || nodes[i-1].Value == "" {
		return 0
	}
	whole := []string{nodes[i-1].Value}
	for k := i; k < len(nodes) && plain(nodes[k]) && plain(nodes[k+1]) && nodes[k+1].Value == "" && !slices.Contains(known, nodes[k].Value); k += 2 {
		whole = append(whole, nodes[k].Value)
	}
	if len(whole) > 1 {
		key := nodes[i-2].Value
		delete(f.values, key)
		f.meant[key] = true
		f.of.report.Add(Pos{f.of.in.file, nodes[i].Line, nodes[i].Column}, "the comma begins a new key, "+nodes[i].Value,
			fmt.Sprintf("put the text between quotes, as in %s: %q", key, strings.Join(whole, ", ")))
	}
	return len(whole) - 1
}

// plain reports whether a node is written as a text without quotes, or not at all.
func plain(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Style&^yaml.FlowStyle == 0 }

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
