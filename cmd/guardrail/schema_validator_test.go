package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// validator checks values against a JSON Schema, draft 7: the keywords that our
// schemas use. It panics at one that it does not know, so that none is passed over.
type validator struct {
	root map[string]any
}

// valid returns what is wrong with a value, each with its path; nothing if all is well.
func (v validator) valid(schema map[string]any, value any, path string) []string {
	if ref, ok := schema["$ref"].(string); ok { // its siblings do not count, in draft 7
		return v.valid(v.resolve(ref), value, path)
	}
	var wrong []string
	for keyword, want := range schema {
		wrong = append(wrong, v.keyword(schema, keyword, want, value, path)...)
	}
	return wrong
}

func (v validator) resolve(ref string) map[string]any {
	var at any = v.root
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(map[string]any)[part]
	}
	return at.(map[string]any)
}

func (v validator) keyword(schema map[string]any, keyword string, want, value any, path string) []string {
	switch keyword {
	case "$schema", "title", "description", "examples", "default", "definitions", "then", "else":
		return nil
	case "type", "enum", "const", "pattern", "minimum", "maximum":
		return v.scalar(keyword, want, value, path)
	case "items", "minItems", "uniqueItems":
		list, _ := value.([]any)
		return v.list(keyword, want, list, path)
	case "properties", "required", "additionalProperties", "propertyNames", "minProperties", "dependencies":
		if m, ok := value.(map[string]any); ok {
			return v.mapping(schema, keyword, want, m, path)
		}
		return nil
	case "anyOf", "oneOf", "not", "if":
		return v.logic(schema, keyword, want, value, path)
	}
	panic("unknown keyword " + keyword)
}

func (v validator) scalar(keyword string, want, value any, path string) []string {
	ok := true
	text, isText := value.(string)
	number, isNumber := value.(float64)
	switch keyword {
	case "type":
		ok = typeOf(value) == want || want == "number" && typeOf(value) == "integer"
	case "enum":
		ok = slices.ContainsFunc(want.([]any), func(w any) bool { return reflect.DeepEqual(w, value) })
	case "const":
		ok = reflect.DeepEqual(want, value)
	case "pattern":
		ok = !isText || regexp.MustCompile(want.(string)).MatchString(text)
	case "minimum":
		ok = !isNumber || number >= want.(float64)
	case "maximum":
		ok = !isNumber || number <= want.(float64)
	}
	if ok {
		return nil
	}
	return []string{fmt.Sprintf("%s: %v is not %s %v", path, value, keyword, want)}
}

func typeOf(value any) string {
	switch x := value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case float64:
		if x == float64(int64(x)) {
			return "integer"
		}
		return "number"
	}
	panic(fmt.Sprintf("a %T", value))
}

func (v validator) list(keyword string, want any, list []any, path string) (wrong []string) {
	switch keyword {
	case "items":
		for i, item := range list {
			wrong = append(wrong, v.valid(want.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case "minItems":
		if list != nil && len(list) < int(want.(float64)) {
			wrong = append(wrong, path+": too few")
		}
	case "uniqueItems":
		for i := range list {
			if slices.ContainsFunc(list[:i], func(x any) bool { return reflect.DeepEqual(x, list[i]) }) {
				wrong = append(wrong, path+": one twice")
			}
		}
	}
	return wrong
}

func (v validator) mapping(schema map[string]any, keyword string, want any, m map[string]any, path string) (wrong []string) {
	properties, _ := schema["properties"].(map[string]any)
	switch keyword {
	case "required":
		for _, key := range want.([]any) {
			if _, ok := m[key.(string)]; !ok {
				wrong = append(wrong, fmt.Sprintf("%s: %s is missing", path, key))
			}
		}
	case "minProperties":
		if len(m) < int(want.(float64)) {
			wrong = append(wrong, path+": too few keys")
		}
	case "dependencies":
		for key, needs := range want.(map[string]any) {
			if _, ok := m[key]; ok {
				wrong = append(wrong, v.mapping(schema, "required", needs, m, path)...)
			}
		}
	case "propertyNames":
		for key := range m {
			wrong = append(wrong, v.valid(want.(map[string]any), key, path+"."+key)...)
		}
	case "properties":
		for key, value := range m {
			if s, ok := properties[key]; ok {
				wrong = append(wrong, v.valid(s.(map[string]any), value, path+"."+key)...)
			}
		}
	case "additionalProperties":
		for key, value := range m {
			if _, known := properties[key]; known {
				continue
			}
			if s, ok := want.(map[string]any); ok {
				wrong = append(wrong, v.valid(s, value, path+"."+key)...)
			} else if want == false {
				wrong = append(wrong, fmt.Sprintf("%s: unknown key %s", path, key))
			}
		}
	}
	return wrong
}

func (v validator) logic(schema map[string]any, keyword string, want, value any, path string) []string {
	fits := func(s any) bool { return len(v.valid(s.(map[string]any), value, path)) == 0 }
	switch keyword {
	case "not":
		if fits(want) {
			return []string{path + ": what must not be"}
		}
		return nil
	case "if":
		branch := "else"
		if fits(want) {
			branch = "then"
		}
		if s, ok := schema[branch].(map[string]any); ok {
			return v.valid(s, value, path)
		}
		return nil
	}
	n := 0
	for _, s := range want.([]any) {
		if fits(s) {
			n++
		}
	}
	if n == 0 || keyword == "oneOf" && n > 1 {
		return []string{fmt.Sprintf("%s: fits %d of %s", path, n, keyword)}
	}
	return nil
}

// plainValue makes JSON's values of a YAML document, as editors do: a date is a text.
func plainValue(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return plainValue(n.Content[0])
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, plainValue(c))
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plainValue(n.Content[i+1])
		}
		return m
	case yaml.AliasNode:
		return plainValue(n.Alias)
	}
	return plainScalar(n)
}

func plainScalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!int", "!!float":
		var f float64
		if err := n.Decode(&f); err == nil {
			return f
		}
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		return nil
	}
	return n.Value
}
