// Package policytest runs the tests written in policy files, with the reader and
// the judge that enforce them.
package policytest

import (
	"fmt"
	"path/filepath"
	"slices"
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

// Check runs all tests of a policy and returns those that fail as a
// strictyaml.Mistakes, each at its place, or nil: so that policies that fail
// their own tests are never put in force.
func Check(p *policy.Policy, o Options) error {
	var report strictyaml.Report
	for _, r := range Run(p, o) {
		if r.Failure != "" {
			report.Add(strictyaml.Pos{File: r.Test.File, Line: r.Test.Line, Col: r.Test.Col}, "this test fails: "+r.Failure, "")
		}
	}
	return report.Err()
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
	if t.Account != "" {
		_, result.Decision = set.Login(t.Account, t.From, at)
	} else {
		r.statement(&result, set.App(t.App), at)
	}
	result.Failure = failure(t, result.Decision)
	if reason, unknown := (sqlparse.Reading{Statements: result.Statements}).Unknown(); unknown && result.Failure != "" {
		result.Failure += ": the statement cannot be read: " + reason
	}
	return result
}

// statement judges a test's SQL, with what the test has the server say.
func (r *runner) statement(result *Result, app *policy.App, at time.Time) {
	t := result.Test
	result.Statements = r.options.Reader.Read([]byte(t.SQL), r.options.Mode).Statements
	request := policy.Request{Schema: t.Schema, LowerCaseNames: t.LowerCase, Statements: result.Statements, Now: at}
	result.Decision = app.Decide(request)
	for _, q := range result.Decision.Questions {
		if answer, ok := t.Answer(q); ok {
			request.Answers = append(request.Answers, answer)
		}
	}
	if len(request.Answers) > 0 {
		result.Decision = app.Decide(request)
	}
	result.Rules = shown(t, result.Decision, app.Explain(request))
}

// shown returns the lines that a test of a statement shows to work.
func shown(t policy.Test, d policy.Decision, bases []policy.Basis) []policy.Rule {
	if failure(t, d) != "" {
		return nil
	}
	if !t.Allow {
		return []policy.Rule{d.Rule}
	}
	var rules []policy.Rule
	for _, b := range bases {
		switch {
		case b.Decision.Cause == policy.ByException && b.Exception != nil:
			rules = append(rules, b.Exception.Rule)
		case b.Grant != nil:
			rules = append(rules, b.Grant.Rule)
		}
	}
	return rules
}

// Untested returns the lines of a policy that no test shows to work.
func Untested(p *policy.Policy, results []Result) []policy.RuleLine {
	tested := map[place]bool{}
	for _, r := range results {
		for _, rule := range r.Rules {
			tested[placeOf(rule)] = true
		}
	}
	return slices.DeleteFunc(Testable(p), func(l policy.RuleLine) bool { return tested[placeOf(l.Rule)] })
}

// Testable returns the lines of a policy that a test can show to work: all but
// the limits that hang on what a client has done before.
func Testable(p *policy.Policy) []policy.RuleLine {
	return slices.DeleteFunc(p.Lines(), func(l policy.RuleLine) bool { return l.AtLogin || l.Effect == policy.Limit && !l.Decided })
}

// place is where a rule stands.
type place struct {
	file      string
	line, col int
}

func placeOf(r policy.Rule) place { return place{r.File, r.Line, r.Col} }

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

// failure says in what the decision is not what the test expects. What is only
// observed counts as refused: tests say what the policy means, not how far its
// introduction is.
func failure(t policy.Test, d policy.Decision) string {
	allowed := d.Allowed() && !d.Observed
	switch {
	case t.Allow && !allowed:
		return "expected allow, but it is refused by " + by(d)
	case !t.Allow && allowed:
		return "expected deny, but it is allowed"
	case !t.Allow && t.By != "" && !Names(d, t.By):
		return fmt.Sprintf("expected deny by %s, but it is refused by %s", t.By, by(d))
	}
	return ""
}

// demandNames are the words of requirements, which a test may name in place of the cause.
var demandNames = map[policy.Cause]string{policy.ByWhere: "WHERE", policy.ByLimit: "LIMIT", policy.ByRows: "ROWS"}

// Names reports whether a test's by is what refused: the rule's id or place,
// the cause (WHERE, LIMIT, ROWS, PRIMARY KEY and UNIQUE KEY are causes, too), or the verb that is missing or denied.
func Names(d policy.Decision, by string) bool {
	switch {
	case by == d.Rule.ID, by == string(d.Cause), by == demandNames[d.Cause]:
		return true
	case d.Cause == policy.ByKey:
		return by == "PRIMARY KEY" || by == "UNIQUE KEY"
	}
	return d.Need.Privilege != "" && strings.EqualFold(by, string(d.Need.Privilege))
}

// by tells what refused: the rule and, where a privilege is in question, the need.
func by(d policy.Decision) string {
	what := d.Rule.ID
	place := fmt.Sprintf("%s:%d", d.Rule.File, d.Rule.Line)
	switch {
	case d.Rule.File == "":
	case what == filepath.Base(place):
		what = place
	default:
		what += " (" + place + ")"
	}
	if d.Need.Privilege != "" {
		what += fmt.Sprintf(", %s ON %s", d.Need.Privilege, d.Need.Object)
	}
	return what
}
