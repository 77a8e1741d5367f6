package policytest

import (
	"slices"

	"guardrail/policy"
)

// shown returns the lines that a test that has passed shows to work.
func shown(t policy.Test, o outcome) []policy.Rule {
	if !t.Allow {
		if d := named(o, t.By); t.By != "" && d != nil {
			return []policy.Rule{d.Rule}
		}
		return []policy.Rule{o.decision.Rule}
	}
	var rules []policy.Rule
	for _, b := range o.bases {
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

// Testable returns the lines of a policy that a test can show to work.
func Testable(p *policy.Policy) []policy.RuleLine {
	return slices.DeleteFunc(p.Lines(), untestable)
}

// Untestable returns the other lines: limits that hang on more than one statement or login says.
func Untestable(p *policy.Policy) []policy.RuleLine {
	return slices.DeleteFunc(p.Lines(), func(l policy.RuleLine) bool { return !untestable(l) })
}

func untestable(l policy.RuleLine) bool { return l.Effect == policy.Limit && !l.Decided }

// place is where a rule stands.
type place struct {
	file      string
	line, col int
}

func placeOf(r policy.Rule) place { return place{r.File, r.Line, r.Col} }
