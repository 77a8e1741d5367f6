package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"guardrail/sqlparse"
)

// Set is the policy of one environment, compiled and immutable: every app that
// some account belongs to, with the rules that apply to all of them worked in.
// The zero Set, and a nil one, let nobody in.
type Set struct {
	environment string
	hash        string
	accounts    map[string][]entry
	apps        []*App
}

// entry lets an account into an app, from the networks it names.
type entry struct {
	app      *App
	networks []netip.Prefix // empty: from anywhere
	rule     Rule
}

// Environment is the environment the set was compiled for.
func (s *Set) Environment() string {
	if s == nil {
		return ""
	}
	return s.environment
}

// Hash identifies the texts and the environment the set was made of, in hexadecimal.
func (s *Set) Hash() string {
	if s == nil {
		return ""
	}
	return s.hash
}

// Apps returns the apps of the set, sorted by name, those of other environments included.
func (s *Set) Apps() []*App {
	if s == nil {
		return nil
	}
	return slices.Clone(s.apps)
}

// App returns the app of a name, or nil.
func (s *Set) App(name string) *App {
	if s == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(s.apps, name, func(a *App, name string) int { return strings.Compare(a.name, name) })
	if !found {
		return nil
	}
	return s.apps[i]
}

// Mode says whether an app's refusals are carried out.
type Mode uint8

// The zero value enforces.
const (
	Enforce Mode = iota
	Observe
)

// String returns the word that policy files use.
func (m Mode) String() string {
	if m == Observe {
		return "observe"
	}
	return "enforce"
}

// Request is what an app asks for in one command.
type Request struct {
	// Schema is the session's default schema, empty when none is selected.
	Schema string
	// LowerCaseNames is set when the server's lower_case_table_names is 1 or 2:
	// names of schemas and tables are compared without regard to case.
	LowerCaseNames bool
	// Statements is what the text was read as. All must pass, or none does; an empty list is refused.
	Statements []sqlparse.Statement
	// Answers are what the server says to the Questions of an earlier decision.
	Answers []Answer
	// Now is the moment the request is judged at: exceptions and observe modes end by it.
	Now time.Time
}
