package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"guardrail/policy"
)

// TestVerbsKnowEveryPrivilege holds that whatever package sqlparse may ask for
// can be granted: its constants of type Privilege are all verbs.
func TestVerbsKnowEveryPrivilege(t *testing.T) {
	files, err := filepath.Glob("../sqlparse/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources of sqlparse", err)
	}
	known, found := append(policy.Verbs(), "ANY"), 0
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			continue // another package's business
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Privilege" {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					name, _ := strconv.Unquote(lit.Value)
					found++
					if !slices.Contains(known, name) {
						t.Errorf("%s: privilege %s is no verb", file, name)
					}
				}
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no constant of type Privilege found")
	}
}
