package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardrail/policy"
)

// write puts files into a new directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad(t *testing.T) {
	good := app("grants: [SELECT ON a.*]\n")
	tests := []struct {
		name  string
		files map[string]string
		want  string // part of the error; empty: loads
	}{
		{"one file", map[string]string{"shop.yaml": good, "README.md": "x", ".hidden.yaml": "broken: ["}, ""},
		{"configuration beside", map[string]string{"shop.yaml": good, "guardrail.yaml": "environment: production\nbackends: {}\n"}, ""},
		{"policy called guardrail", map[string]string{"shop.yaml": good, "guardrail.yaml": "deny: [DROP]\n"}, "guardrail.yaml:1:8: "},
		{"nothing", map[string]string{"README.md": "x"}, "no policy file (*.yaml) in "},
		{"yml", map[string]string{"shop.yaml": good, "everyone.yml": "deny: []"}, "everyone.yml would not be read; name it *.yaml"},
		{"capitals", map[string]string{"shop.yaml": good, "everyone.YAML": "deny: []"}, "would not be read"},
		{"folder below", map[string]string{"shop.yaml": good, "more/everyone.yaml": "deny: []"}, "in a folder below"},
		{"mistake", map[string]string{"shop.yaml": good, "everyone.yaml": "deny: [DROP]"}, "everyone.yaml:1:8: "},
		{"no app there", map[string]string{"shop.yaml": "app: a\naccounts: [a]\nenvironments: [staging]\n"}, `no app belongs to environment "production"; the policies know staging`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := policy.Load(write(t, tt.files), "production")
			if tt.want == "" {
				if err != nil || s == nil {
					t.Fatal(err)
				}
				return
			}
			if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := policy.Load(filepath.Join(t.TempDir(), "absent"), "production"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent directory: %v", err)
	}
}

func TestMistakesBetweenFiles(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		want  string
	}{
		{"app twice", []string{app(""), "app: shop\naccounts: [two]\nenvironments: [qa]\n"}, "b.yaml:1:6: app shop a second time; the first is at a.yaml:1"},
		{"account in two apps", []string{app(""), "app: b\naccounts: [x, shop]\nenvironments: [production]\n"}, "b.yaml:2:15: account shop is already let in there by app shop; see a.yaml:2"},
		{"account in apps that never meet", []string{app(""), "app: b\naccounts: [shop]\nenvironments: [qa]\n"}, ""},
		{"networks overlap", []string{"app: a\naccounts: [x@10.0.0.0/8]\nenvironments: [qa]\n", "app: b\naccounts: [x@10.1.0.0/16]\nenvironments: [qa]\n"}, "b.yaml:2:12: account x is already let in there by app a; see a.yaml:2"},
		{"networks apart", []string{"app: a\naccounts: [x@10.0.0.0/16]\nenvironments: [qa]\n", "app: b\naccounts: [x@10.1.0.0/16]\nenvironments: [qa]\n"}, ""},
		{"deny in no environment", []string{app(""), "deny: [{rule: DROP TABLE ON *.*, environments: [prodution]}]\n"}, "b.yaml:1:49: no app belongs to environment prodution; did you mean production?"},
		{"exception for nobody", []string{app(""), "exceptions: [{app: shopp, allow: DELETE ON a.t, until: 2030-01-01T00:00:00Z, ticket: A, by: b}]\n"}, "b.yaml:1:20: no app is called shopp; did you mean shop?"},
		{"test of nobody", []string{app(""), "tests: [{app: hop, sql: SELECT 1, expect: allow}]\n"}, "b.yaml:1:15: no app is called hop; did you mean shop?"},
		{"exception lifts nothing", []string{app("deny: [{id: no-drop, rule: DROP TABLE ON *.*}]\n"), "exceptions: [{app: shop, lift: nodrop, until: 2030-01-01T00:00:00Z, ticket: A, by: b}]\n"}, "b.yaml:1:32: no rule for app shop has the id nodrop; did you mean no-drop?"},
		{"exception lifts a line without id", []string{app("deny: [DROP TABLE ON *.*]\n"), "exceptions: [{app: shop, lift: nodrop, until: 2030-01-01T00:00:00Z, ticket: A, by: b}]\n"}, "b.yaml:1:32: no rule for app shop has the id nodrop; give the deny or require line an id, as in {id: nodrop, rule: ...}"},
		{"id in two files", []string{app("deny: [{id: x, rule: DROP TABLE ON *.*}]\n"), "deny: [{id: x, rule: DROP TABLE ON *.*}]\n"}, "b.yaml:1:13: id x a second time; the first is at a.yaml:4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse(sources(tt.files...))
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || err.Error() != tt.want {
				t.Errorf("\n got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestLive(t *testing.T) {
	first := compile(t, app("grants: [SELECT ON a.*]\n"))
	l := policy.NewLive(first, noon)
	later := noon.Add(time.Minute)

	broken := errors.New("broken")
	if err := l.Reload(func() (*policy.Set, error) { return nil, broken }, later); !errors.Is(err, broken) {
		t.Errorf("reload of a bad policy: %v", err)
	}
	if c := l.Current(); c.Set != first || c.Generation != 1 {
		t.Errorf("after a bad reload generation %d is in force", c.Generation)
	}
	if s := l.Status(); !errors.Is(s.Err, broken) || !s.LoadedAt.Equal(noon) || !s.TriedAt.Equal(later) || s.Hash != first.Hash() {
		t.Errorf("status %+v", s)
	}

	same := compile(t, app("grants: [SELECT ON a.*]\n"))
	if err := l.Reload(func() (*policy.Set, error) { return same, nil }, later); err != nil || l.Current().Set != first {
		t.Errorf("the same texts changed something: %v", err)
	}
	if s := l.Status(); s.Err != nil || s.Generation != 1 {
		t.Errorf("status %+v", s)
	}

	next := compile(t, app("grants: [SELECT ON b.*]\n"))
	if err := l.Reload(func() (*policy.Set, error) { return next, nil }, later); err != nil {
		t.Fatal(err)
	}
	if c := l.Current(); c.Set != next || c.Generation != 2 {
		t.Errorf("generation %d", c.Generation)
	}
	if s := l.Status(); s.Hash != next.Hash() || !s.LoadedAt.Equal(later) || s.Generation != 2 {
		t.Errorf("status %+v", s)
	}

	staging := compileFor(t, "staging", app(""))
	if err := l.Reload(func() (*policy.Set, error) { return staging, nil }, later); err == nil || l.Current().Set != next {
		t.Errorf("a policy for another environment was put in force: %v", err)
	}
	if err := l.Reload(func() (*policy.Set, error) { return nil, nil }, later); err == nil {
		t.Error("no policy at all was put in force")
	}
}

// A device or a pipe would be read for ever, and no policy be loaded after it.
func TestLoadReadsFilesAlone(t *testing.T) {
	dir := write(t, map[string]string{"shop.yaml": app("")})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	device := write(t, map[string]string{"shop.yaml": app("")})
	if err := os.Symlink("/dev/zero", filepath.Join(device, "zero.yaml")); err != nil {
		t.Fatal(err)
	}
	long := write(t, map[string]string{"shop.yaml": app("")})
	if err := os.Truncate(filepath.Join(long, "shop.yaml"), 1<<40); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		dir:    "pipe.yaml is no file that policies can be read from (prw-------)",
		device: "zero.yaml is no file that policies can be read from",
		long:   "shop.yaml is longer than 16 MiB, which no policy file is",
	} {
		if _, err := policy.Load(dir, "production"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
