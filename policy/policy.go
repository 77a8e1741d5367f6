package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
)

// Policy is what a directory of policy files says, for all environments; see In.
type Policy struct {
	environment string // the only one, of what In returns
	apps        []*appFile
	denies      []line // of files without an app: for every app
	requires    []line
	exceptions  []line
	byName      map[string]*appFile
	excepted    map[string][]line // the exceptions, by their app
	tests       []Test
	hash        string
	bys         map[Rule]strictyaml.Value // what refuses, of the tests that say so
	lost        lost
	whole       *Policy // of all environments, where this is what of it holds in one
}

// lost says which names the files may hold that could not be read: what other
// files say of such a name is no mistake of theirs.
type lost struct{ apps, environments bool }

// Load reads the policy files of a directory and compiles them for an
// environment. Its error is a strictyaml.Mistakes with all that is wrong, or
// says why the directory cannot be read; there is no Set then.
func Load(dir, environment string) (*Set, error) {
	sources, err := ReadDir(dir)
	if err != nil {
		return nil, err
	}
	p, err := Parse(sources)
	if err != nil {
		return nil, err
	}
	return p.Compile(environment)
}

// configFile is the one *.yaml that may stand among policies and is none.
const configFile = "guardrail.yaml"

// ReadDir reads the policy files of a directory: every *.yaml in it whose name
// does not begin with a dot, but for a proxy's configuration, guardrail.yaml.
// What looks like a policy file but would not be read (*.yml, *.yaml in a folder
// below) is an error, because its denies would be missing without a word.
func ReadDir(dir string) ([]Source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	var sources []Source
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := overlooked(dir, path); err != nil {
			return nil, err
		}
		if filepath.Ext(path) != ".yaml" || isDir(path) {
			continue
		}
		s, err := ReadFile(path)
		if err != nil {
			return nil, err
		}
		if e.Name() != configFile || !isConfig(s) {
			sources = append(sources, s)
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no policy file (*.yaml) in %s", dir)
	}
	return sources, nil
}

// overlooked reports what its author most likely takes for a policy file in force.
func overlooked(dir, path string) error {
	extension := filepath.Ext(path)
	switch {
	case isDir(path):
		if below, _ := filepath.Glob(filepath.Join(path, "*.y*ml")); len(below) > 0 {
			return fmt.Errorf("%s is in a folder below %s and would not be read; move it up", below[0], dir)
		}
	case extension != ".yaml" && (strings.EqualFold(extension, ".yaml") || strings.EqualFold(extension, ".yml")):
		return fmt.Errorf("%s would not be read; name it *.yaml", path)
	}
	return nil
}

// isConfig reports whether a file is the configuration of a proxy.
func isConfig(s Source) bool {
	var report strictyaml.Report
	root := strictyaml.Parse(s.File, s.Text, &report)
	return root.Has("listeners") || root.Has("backends")
}

// isDir follows symbolic links, of which a mounted ConfigMap is made.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// maxFile is the longest policy file that is read, in bytes.
const maxFile = 16 << 20

// ReadFile reads one policy file. A device or a pipe is none: reading it might
// never end, and with it every later load.
func ReadFile(path string) (Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Source{}, fmt.Errorf("read policy: %w", err)
	case !info.Mode().IsRegular():
		return Source{}, fmt.Errorf("%s is no file that policies can be read from (%s)", path, info.Mode())
	case info.Size() > maxFile:
		return Source{}, fmt.Errorf("%s is longer than 16 MiB, which no policy file is", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Source{}, fmt.Errorf("read policy: %w", err)
	}
	return Source{File: path, Text: text}, nil
}

// Parse reads policy files. Its error is a strictyaml.Mistakes with all that is
// wrong in them, each file for itself and all together; there is no Policy then.
func Parse(sources []Source) (*Policy, error) {
	sources = slices.Clone(sources)
	slices.SortFunc(sources, func(a, b Source) int { return strings.Compare(a.File, b.File) })
	var report strictyaml.Report
	p := &Policy{hash: hashOf(sources), bys: map[Rule]strictyaml.Value{}}
	for _, s := range sources {
		p.parseFile(s, &report)
	}
	p.sort()
	p.checkTogether()
	if err := report.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.apps, func(a, b *appFile) int { return strings.Compare(a.name, b.name) })
	return p, nil
}

// hashOf identifies texts by their content and the names of their files.
func hashOf(sources []Source) string {
	h := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(h, "%d %s %d ", len(filepath.Base(s.File)), filepath.Base(s.File), len(s.Text))
		h.Write(s.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Tests returns the tests that the files hold, in their order.
func (p *Policy) Tests() []Test { return slices.Clone(p.tests) }

// Environments returns the environments that apps belong to, sorted.
func (p *Policy) Environments() []string {
	var all []string
	for _, a := range p.apps {
		all = append(all, a.environments...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sort notes the apps, and the exceptions of each, by name. Of two apps of one
// name the first counts.
func (p *Policy) sort() {
	p.byName, p.excepted = make(map[string]*appFile, len(p.apps)), map[string][]line{}
	for _, a := range slices.Backward(p.apps) {
		p.byName[a.name] = a
	}
	for _, l := range p.exceptions {
		p.excepted[l.App] = append(p.excepted[l.App], l)
	}
}

// app returns the file of an app, or nil.
func (p *Policy) app(name string) *appFile { return p.byName[name] }

// eachLine goes through all grants, denies, requirements and exceptions.
func (p *Policy) eachLine(yield func(line) bool) {
	lists := [][]line{p.denies, p.requires, p.exceptions}
	for _, a := range p.apps {
		lists = append(lists, a.grants, a.denies, a.requires)
	}
	for _, lines := range lists {
		for _, l := range lines {
			if !yield(l) {
				return
			}
		}
	}
}

// appNames returns the names of all apps.
func (p *Policy) appNames() []string {
	var names []string
	for _, a := range p.apps {
		names = append(names, a.name)
	}
	return names
}

// Apps returns the names of all apps, sorted.
func (p *Policy) Apps() []string { return p.appNames() }
