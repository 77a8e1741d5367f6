package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardrail/policy"
	"guardrail/policy/strictyaml"
)

// TestMistakes holds one fixture per mistake: a policy file that ends in the
// comments "# want LINE:COL: text", one for each mistake to be told.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, l := range strings.Split(string(text), "\n") {
				if w, ok := strings.CutPrefix(l, "# want "); ok {
					want = append(want, "p.yaml:"+w)
				}
			}
			_, err = policy.Parse([]policy.Source{{File: "p.yaml", Text: text}})
			if err == nil {
				t.Fatal("no mistake found")
			}
			if got := err.Error(); got != strings.Join(want, "\n") {
				t.Errorf("\n got %s\nwant %s", got, strings.Join(want, "\n"))
			}
			var ms strictyaml.Mistakes
			if !errors.As(err, &ms) {
				t.Errorf("the error is a %T, not Mistakes", err)
			}
		})
	}
}
