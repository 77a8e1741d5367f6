// Package guardrail_test holds the shape of the tree: which package may know which.
package guardrail_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule forbids imports. A pattern ending in /... stands for a package and all below it.
type rule struct {
	from   string   // the importing packages
	except []string // those of from that may
	to     []string // what they may not import
	but    []string // what of to they may
	direct bool     // only imports written in from; otherwise what those import counts too
	why    string
}

var rules = []rule{
	{
		from: "guardrail/sqlparse/...", to: []string{"guardrail/policy/...", "guardrail/proxy/...", "guardrail/cmd/..."},
		why: "reading stands below judging and relaying",
	},
	{
		from: "guardrail/policy/...", to: []string{"guardrail/proxy/...", "guardrail/cmd/..."},
		why: "judging stands below relaying, so that policies are tested without a connection",
	},
	{
		from: "guardrail/proxy/...", to: []string{"guardrail/cmd/..."},
		why: "the proxy is wired by the command and knows nothing of it",
	},
	{
		from: "guardrail/proxy/wire", to: []string{"guardrail/..."},
		why: "a codec is a leaf",
	},
	{
		from: "guardrail/proxy/wire", to: []string{"net", "crypto/tls"}, direct: true,
		why: "a codec owns no connection",
	},
	{
		from: "guardrail/proxy/metrics", to: []string{"guardrail/..."},
		why: "counters are a leaf: flat labels, no types of those who count",
	},
	{
		from: "guardrail/proxy/audit", to: []string{"guardrail/..."}, but: []string{"guardrail/policy/traffic", "guardrail/proxy/poll"},
		why: "an event is flat data, and so is a record of traffic, so that their stores and readers are leaves too",
	},
	{
		from: "guardrail/proxy/poll", to: []string{"guardrail/..."},
		why: "waiting is a leaf",
	},
	{
		from: "guardrail/sqlparse/...", to: []string{"net", "net/http", "crypto/tls", "database/sql", "os", "os/exec", "time"}, direct: true,
		why: "reading a text reaches no network, no file and no clock",
	},
	{
		from: "guardrail/policy/traffic", to: []string{"guardrail/..."},
		why: "a record of traffic is flat data, so that the proxy and its stores can keep it",
	},
	{
		from: "guardrail/policy/...", to: []string{"net", "net/http", "crypto/tls", "database/sql", "os/exec"}, direct: true,
		why: "judging reaches no network",
	},
	{
		from: "guardrail/...", except: []string{"guardrail/sqlparse"}, to: []string{"github.com/pingcap/tidb/..."}, direct: true,
		why: "what the parser says counts only together with our own lexer",
	},
	{
		from: "guardrail/cmd/...", to: []string{"github.com/go-mysql-org/go-mysql/server"},
		why: "it holds whole results in memory, reads no query attributes and panics on an empty packet",
	},
	{
		from: "guardrail/cmd/...", to: []string{"testing", "guardrail/proxy/mysqltest"},
		why: "nothing made for tests is in the product",
	},
	{
		from: "guardrail/cmd/guardrail", to: []string{"runtime/cgo"},
		why: "the product is one static binary",
	},
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportsRunOneWay(t *testing.T) {
	packages := list(t)
	for _, r := range rules {
		held := 0
		for _, p := range packages {
			if !matches(r.from, p.ImportPath) || slices.Contains(r.except, p.ImportPath) {
				continue
			}
			held++
			for _, name := range r.forbidden(p) {
				t.Errorf("%s imports %s: %s", p.ImportPath, name, r.why)
			}
		}
		if held == 0 {
			t.Errorf("the rule for %s (%s) holds no package", r.from, r.why)
		}
	}
}

func TestAForbiddenImportIsSeen(t *testing.T) {
	p := listed{
		ImportPath: "guardrail/policy",
		Imports:    []string{"guardrail/sqlparse"},
		Deps:       []string{"guardrail/policy/inner", "guardrail/sqlparse", "net"},
	}
	for _, c := range []struct {
		name string
		rule rule
		want []string
	}{
		{"written", rule{to: []string{"guardrail/sqlparse"}, direct: true}, []string{"guardrail/sqlparse"}},
		{"below a package", rule{to: []string{"guardrail/sqlparse/..."}}, []string{"guardrail/sqlparse"}},
		{"by another package", rule{to: []string{"net"}}, []string{"net"}},
		{"by another package, when only written ones count", rule{to: []string{"net"}, direct: true}, nil},
		{"only the beginning of the name", rule{to: []string{"ne/...", "guardrail/sql/..."}}, nil},
		{"what is excepted", rule{to: []string{"guardrail/..."}, but: []string{"guardrail/sqlparse"}}, []string{"guardrail/policy/inner"}},
		{"below itself", rule{from: "guardrail/policy/...", to: []string{"guardrail/policy/..."}}, nil},
	} {
		if got := c.rule.forbidden(p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A judge with a clock of its own could not be tested at a policy's `until`, nor be asked about tomorrow.
func TestJudgingHasNoClock(t *testing.T) {
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until|After|AfterFunc|Tick|NewTimer|NewTicker|Sleep)\b`)
	files, err := filepath.Glob("policy/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of package policy: %v", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if call := clock.Find(text); call != nil {
			t.Errorf("%s calls %s", name, call)
		}
	}
}

// forbidden returns the imports of p that the rule forbids. A package may import what the same rule holds.
func (r rule) forbidden(p listed) []string {
	imports := p.Deps
	if r.direct {
		imports = p.Imports
	}
	var names []string
	for _, name := range imports {
		forbid := func(pattern string) bool { return matches(pattern, name) }
		if slices.ContainsFunc(r.to, forbid) && !matches(r.from, name) && !slices.Contains(r.but, name) {
			names = append(names, name)
		}
	}
	return names
}

// matches tells whether a package is the pattern's, or below it for a pattern ending in /... .
func matches(pattern, name string) bool {
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == above || strings.HasPrefix(name, above+"/")
	}
	return name == pattern
}

// list returns the module's packages as they are built for the product: without cgo, without tests.
func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
