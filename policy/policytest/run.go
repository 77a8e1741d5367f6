// Package policytest runs the tests written in policy files, with the reader and
// the judge that enforce them.
package policytest

import (
	"strings"
	"time"

	"guardrail/policy"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// Options says as what server and when the tests run.
type Options struct {
	Reader *sqlparse.Reader // required
	Mode   sqlparse.Mode    // how the server reads; the zero Mode reads nothing
	Now    time.Time        // for tests without at

	Environment string // the tests of the only one that matters; all where empty
}

// Result is what became of one test.
type Result struct {
	Test        policy.Test
	Environment string
	Decision    policy.Decision
	Statements  []sqlparse.Statement // as the SQL was read; nil for logins
	Failure     string               // empty: passed
	// Rules are the lines that the test, if it passed, shows to work: what
	// allows each need where all is allowed, what refuses where it is refused.
	Rules []policy.Rule

	subject subject
	outcome outcome
}

// Run runs the tests of a policy, in their order.
func Run(p *policy.Policy, o Options) []Result {
	r := runner{policy: p, options: o, sets: map[string]*policy.Set{}}
	var out []Result
	for _, t := range p.Tests() {
		if o.Environment == "" || p.Runs(t) == o.Environment {
			out = append(out, r.run(t))
		}
	}
	return out
}

// Check runs all tests of a policy, so that policies that fail their own tests
// are never put in force. Its error is a strictyaml.Mistakes with those that
// fail, each at its place, or nil. Those that are only Outdated are told apart:
// they are no reason to keep a policy out.
func Check(p *policy.Policy, o Options) (outdated strictyaml.Mistakes, err error) {
	var failed, passing strictyaml.Report
	for _, r := range Run(p, o) {
		switch {
		case r.Failure == "":
		case r.Outdated():
			passing.Add(r.pos(), "this test fails at this moment: "+r.Failure, "")
		default:
			failed.Add(r.pos(), "this test fails: "+r.Failure, "")
		}
	}
	outdated, _ = passing.Err().(strictyaml.Mistakes)
	return outdated, failed.Err()
}

func (r Result) pos() strictyaml.Pos {
	return strictyaml.Pos{File: r.Test.File, Line: r.Test.Line, Col: r.Test.Col}
}

// runner keeps the policy compiled for each environment that tests ask for.
type runner struct {
	policy  *policy.Policy
	options Options
	sets    map[string]*policy.Set
}

func (r *runner) run(t policy.Test) Result {
	result := Result{Test: t, Environment: r.policy.Runs(t)}
	set, err := r.set(result.Environment)
	if err != nil {
		result.Failure = err.Error()
		return result
	}
	at := t.At
	if at.IsZero() {
		at = r.options.Now
	}
	s := subject{test: t, mode: r.options.Mode, set: set}
	switch {
	case t.Account == "":
		s.app = set.App(t.App)
		s.statements = r.read(t.SQL)
	case t.Schema != "":
		s.entering = r.read("USE `" + strings.ReplaceAll(t.Schema, "`", "``") + "`")
	}
	result.subject, result.Statements = s, s.statements
	result.outcome = s.judge(at)
	result.Decision = result.outcome.decision
	if result.Failure = s.failure(result.outcome); result.Failure == "" {
		result.Rules = shown(t, result.outcome)
		return result
	}
	if reason, unknown := (sqlparse.Reading{Statements: s.statements}).Unknown(); unknown {
		result.Failure += ": the statement cannot be read: " + reason
	}
	result.Failure += result.whenItPasses()
	return result
}

func (r *runner) read(text string) []sqlparse.Statement {
	return r.options.Reader.Read([]byte(text), r.options.Mode).Statements
}

func (r *runner) set(environment string) (*policy.Set, error) {
	if s, ok := r.sets[environment]; ok {
		return s, nil
	}
	s, err := r.policy.Compile(environment)
	if err == nil {
		r.sets[environment] = s
	}
	return s, err
}
