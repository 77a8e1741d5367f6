package policy

import (
	"cmp"
	"time"

	"guardrail/policy/strictyaml"
)

// Source is the text of one policy file.
type Source struct {
	File string // how mistakes and rules name it
	Text []byte
}

// line is one rule of a file, before it is compiled for an environment.
type line struct {
	RuleLine
	clause clause
	demand demand // of a require line
	during windows
	lifts  string // of an exception: the id of the rule that it lifts
	limit  string // of a limit: its key, or the variable's name
	at     marks
}

// told is the line as it is told of an app.
func (l line) told(effect Effect, app string) RuleLine {
	l.Effect, l.App = effect, app
	return l.RuleLine
}

// marks are places that checks across lines and files point at.
type marks struct {
	self         strictyaml.Value
	text         strictyaml.Value // of what is granted, denied, required
	app          strictyaml.Value
	id           strictyaml.Value
	lifts        strictyaml.Value
	variable     strictyaml.Value // of a limit: its name
	until        strictyaml.Value
	environments []strictyaml.Value
}

// appFile is what a file with an app key holds.
type appFile struct {
	Rule
	name         string
	accounts     []account
	environments []string
	during       windows
	grants       []line
	denies       []line
	requires     []line
	limits       limits
	observeUntil time.Time
	at           marks
}

// place makes the Rule of a value; its id is "file:line" until it has its own.
func place(v strictyaml.Value) Rule {
	at := v.Pos()
	r := Rule{File: at.File, Line: at.Line, Col: at.Col}
	r.ID = r.Place()
	return r
}

var (
	appKeys    = []string{"app", "accounts", "environments", "during", "grants", "deny", "require", "limits", "mode", "until", "tests"}
	sharedKeys = []string{"deny", "require", "exceptions", "tests"}

	// keys that people put into the wrong one of the two kinds of file
	notInApp    = []string{"exceptions"}
	notInShared = []string{"accounts", "environments", "during", "grants", "limits", "mode", "until"}
)

// parseFile reads one file into the policy.
func (p *Policy) parseFile(s Source, report *strictyaml.Report) {
	root := strictyaml.Parse(s.File, s.Text, report)
	switch {
	case !root.Exists():
		p.lost.apps, p.lost.environments = true, true
	case ofApp(root):
		p.parseApp(root, root.FieldsAnd(notInApp, appKeys...))
	default:
		p.parseShared(root.FieldsAnd(notInShared, sharedKeys...))
	}
}

// ofApp reports whether a file is meant for one app, though it may fail to name it.
func ofApp(root strictyaml.Value) bool {
	if !root.IsMap() {
		return false
	}
	named, keys := false, 0
	for _, e := range root.Entries() {
		switch key := e.Key.Written(); key {
		case "accounts", "environments":
			keys++
		case "grants":
			keys++
		default:
			named = named || strictyaml.DidYouMean(key, appKeys) == "did you mean app?"
		}
	}
	return named || keys > 1
}

// parseShared reads a file whose lines apply to every app.
func (p *Policy) parseShared(f strictyaml.Fields) {
	for _, key := range notInShared {
		f.Refuse(key, key+" in a file without app", "say whom it is for, as in app: accounting-web")
	}
	parseOwn(f, &appFile{}) // for its mistakes: all are told at once
	p.denies = append(p.denies, parseDenies(f.Get("deny"))...)
	p.requires = append(p.requires, parseRequires(f.Get("require"))...)
	p.exceptions = append(p.exceptions, parseExceptions(f.Get("exceptions"))...)
	p.addTests(f.Get("tests"), "")
}

// parseApp reads a file of one app.
func (p *Policy) parseApp(root strictyaml.Value, f strictyaml.Fields) {
	f.Refuse("exceptions", "exceptions in the file of one app", "write them in a file without app, such as everyone.yaml")
	p.exceptions = append(p.exceptions, parseExceptions(f.Get("exceptions"))...)
	named := f.Need("app", "name the app these lines are for, as in app: accounting-web")
	a := &appFile{at: marks{self: named}, name: named.Word("an app's name"), Rule: place(root)}
	if named.Exists() {
		a.Rule = place(named)
	}
	f.Need("accounts", "list the MySQL users that belong to the app, as in accounts: [accounting_web]")
	f.Need("environments", "list where the app may connect, as in environments: [production]")
	parseOwn(f, a)
	a.denies = parseDenies(f.Get("deny"))
	a.requires = parseRequires(f.Get("require"))
	p.apps = append(p.apps, a)
	p.lost.apps = p.lost.apps || a.name == ""
	p.lost.environments = p.lost.environments || len(a.environments) == 0
	p.addTests(f.Get("tests"), cmp.Or(a.name, nameless))
}

// parseOwn reads what only the file of an app may hold.
func parseOwn(f strictyaml.Fields, a *appFile) {
	for _, v := range f.Get("accounts").Items() {
		if acc, ok := parseAccount(v); ok {
			a.accounts = append(a.accounts, acc)
		}
	}
	a.environments, a.at.environments = parseEnvironments(f.Get("environments"))
	a.during = parseWindows(f.Get("during"))
	for _, v := range f.Get("grants").Items() {
		a.grants = append(a.grants, parseGrant(v))
	}
	a.limits = parseLimits(f.Get("limits"))
	a.observeUntil, a.at.until = parseMode(f), f.Get("until")
}

// nameless stands for an app whose name cannot be read: its tests are about it.
const nameless = "?"

// parseEnvironments reads a list of environment names that is not empty.
func parseEnvironments(v strictyaml.Value) (names []string, at []strictyaml.Value) {
	items := v.Items()
	for _, item := range items {
		name := item.Word("an environment")
		for _, n := range names {
			if n == name && name != "" {
				item.Fail("environment "+name+" a second time", "")
			}
		}
		if name != "" {
			names, at = append(names, name), append(at, item)
		}
	}
	if v.IsList() && len(items) == 0 {
		v.Fail("environments is empty", "leave the key out, or name an environment")
	}
	return names, at
}

// parseMode reads mode and until: an observe mode needs its end.
func parseMode(f strictyaml.Fields) time.Time {
	mode, until := f.Get("mode"), f.Get("until")
	end := until.Time()
	switch word := mode.OneOf("enforce", "observe"); {
	case word == "observe" && !until.Exists():
		mode.Fail("mode observe has no end", "add until: with the moment from which it enforces")
	case word != "observe" && until.Exists() && (word != "" || !mode.Exists()):
		until.Fail("until without mode: observe", "add mode: observe, or take until away")
		return time.Time{}
	}
	return end
}
