package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
)

// schemaOf reads one of our schemas.
func schemaOf(t *testing.T, name string) validator {
	t.Helper()
	text, err := schemas.ReadFile("schemas/" + name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return validator{root: root}
}

// wrong returns what the schema finds wrong in a text; ok is false if it is no YAML.
func (v validator) wrong(text []byte) (wrong []string, ok bool) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return nil, false
	}
	return v.valid(v.root, plainValue(&doc), "$"), true
}

func TestSchemasTakeTheExamples(t *testing.T) {
	files, err := filepath.Glob("../../deploy/examples/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		schema := schemaOf(t, "policy")
		if filepath.Base(file) == "guardrail.yaml" {
			schema = schemaOf(t, "config")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if wrong, ok := schema.wrong(text); !ok || len(wrong) > 0 {
			t.Errorf("%s: %v", file, wrong)
		}
	}
}

// beyondSchemas are the mistakes that no shape of a file shows: names that must
// fit others, verbs and objects, what YAML itself refuses or hides.
var beyondSchemas = map[string][]string{
	"policy": {
		"account-host-bits", "account-hostname", "account-network", "account-network-netmask", "account-network-percent",
		"account-percent", "account-twice", "during-day", "during-in-grant", "during-length",
		"during-zone", "exception-app", "exception-from", "grant-environment", "grant-in-full", "grant-replace", "group-server-only", "id-twice",
		"limits-short", "list-deeper", "object-backtick", "object-columns", "object-list", "object-long", "object-percent",
		"object-quotes", "object-semicolon", "object-star-inside", "object-three-parts", "object-two", "object-type", "session-number", "test-environment", "until-impossible",
		"verb-comma", "verb-database-only", "verb-drop", "verb-nonsense", "verb-server-only", "verb-unknown",
		"anchor", "repeated-key", "second-document", "tag",
	},
	"config": {
		"admin-header-everybody", "admin-no-users", "admin-open", "audit-password", "audit-password-unused", "audit-size-small", "backend-ambiguous", "backend-ca-unused", "backend-host", "client-ca-optional",
		"policies-default-absent", "repeated-backend", "second-document",
	},
}

// TestSchemasFindStructuralMistakes holds that each fixture of a mistake is
// found by the schema, is no YAML, or is on the list of what a schema cannot see.
func TestSchemasFindStructuralMistakes(t *testing.T) {
	for name, dir := range map[string]string{"policy": "../../policy/testdata/mistakes", "config": "internal/config/testdata/mistakes"} {
		files, err := filepath.Glob(dir + "/*.yaml")
		if err != nil || len(files) < 20 {
			t.Fatal("no fixtures", err)
		}
		schema, found := schemaOf(t, name), 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fixture := strings.TrimSuffix(filepath.Base(file), ".yaml")
			wrong, ok := schema.wrong(text)
			switch beyond := slices.Contains(beyondSchemas[name], fixture); {
			case !ok: // no YAML
			case len(wrong) == 0 && !beyond:
				t.Errorf("the schema finds nothing wrong in %s", file)
			case len(wrong) > 0 && beyond:
				t.Errorf("the schema sees %s: %v", file, wrong)
			case !beyond:
				found++
			}
		}
		t.Logf("%s: %d of %d fixtures", name, found, len(files))
	}
}

// TestSchemasKnowTheKeys asks the loaders for the keys of every mapping, by a
// key that nobody knows, and compares.
func TestSchemasKnowTheKeys(t *testing.T) {
	const head = "app: a\naccounts: [a]\nenvironments: [e]\n"
	config := func(text string) error {
		_, err := config.Parse("c.yaml", []byte(text))
		return err
	}
	policy := func(text string) error {
		_, err := policy.Parse([]policy.Source{{File: "p.yaml", Text: []byte(text)}})
		return err
	}
	for _, tt := range []struct {
		schema, path string // to the mapping's schema, below definitions but for the empty one
		load         func(string) error
		text         string
	}{
		{"policy", "appFile", policy, head + "qqqqqqqq: 1\n"},
		{"policy", "sharedFile", policy, "qqqqqqqq: 1\n"},
		{"policy", "grant/anyOf/1", policy, head + "grants: [{qqqqqqqq: 1}]\n"},
		{"policy", "denyRule", policy, head + "deny: [{qqqqqqqq: 1}]\n"},
		{"policy", "requireRule", policy, "require: [{qqqqqqqq: 1}]\n"},
		{"policy", "limits", policy, head + "limits: {qqqqqqqq: 1}\n"},
		{"policy", "exception", policy, "exceptions: [{qqqqqqqq: 1}]\n"},
		{"policy", "appTest", policy, head + "tests: [{qqqqqqqq: 1}]\n"},
		{"policy", "sharedTest", policy, "tests: [{qqqqqqqq: 1}]\n"},
		{"config", "", config, "qqqqqqqq: 1\n"},
		{"config", "listener", config, "listeners: [{qqqqqqqq: 1}]\n"},
		{"config", "listener/properties/tls", config, "listeners: [{tls: {qqqqqqqq: 1}}]\n"},
		{"config", "backend", config, "backends: {b: {qqqqqqqq: 1}}\n"},
		{"config", "backend/properties/tls", config, "backends: {b: {tls: {qqqqqqqq: 1}}}\n"},
		{"config", "/properties/admin", config, "admin: {qqqqqqqq: 1}\n"},
		{"config", "/properties/admin/properties/tls", config, "admin: {tls: {qqqqqqqq: 1}}\n"},
		{"config", "/properties/admin/properties/trusted_header", config, "admin: {trusted_header: {qqqqqqqq: 1}}\n"},
		{"config", "/properties/audit", config, "audit: {qqqqqqqq: 1}\n"},
	} {
		t.Run(fmt.Sprintf("%s %s", tt.schema, tt.path), func(t *testing.T) {
			err := tt.load(tt.text)
			if err == nil {
				t.Fatal("the loader took an unknown key")
			}
			found := regexp.MustCompile(`unknown key qqqqqqqq; the keys here are (.*)`).FindStringSubmatch(err.Error())
			if found == nil {
				t.Fatal(err)
			}
			known := strings.Split(found[1], ", ")
			slices.Sort(known)
			if got := slices.Sorted(maps.Keys(keysAt(schemaOf(t, tt.schema), tt.path))); !slices.Equal(got, known) {
				t.Errorf("\nschema %v\nloader %v", got, known)
			}
		})
	}
}

// keysAt returns the properties of the schema at a path.
func keysAt(v validator, path string) map[string]any {
	var at any = v.root
	if rest, top := strings.CutPrefix(path, "/"); top {
		path = rest
	} else if path != "" {
		path = "definitions/" + path
	}
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		if list, ok := at.([]any); ok {
			at = list[part[0]-'0']
			continue
		}
		at = at.(map[string]any)[part]
	}
	return at.(map[string]any)["properties"].(map[string]any)
}
