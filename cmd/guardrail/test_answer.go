package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/policy/strictyaml"
)

// tellFailed tells an error that has not been told, since the process goes on.
func tellFailed(p *printer, err error) {
	var code exitCode
	if err != nil && !errors.As(err, &code) {
		_, _ = fmt.Fprintln(p.out, "guardrail:", err)
	}
}

// tellHanging tells the tests that pass, and hang on when they are run or on a slip.
func tellHanging(p *printer, results []policytest.Result) {
	passed := slices.DeleteFunc(slices.Clone(results), func(r policytest.Result) bool { return r.Failure != "" })
	for _, m := range slices.Concat(policytest.Hanging(passed), policytest.Unread(passed)) {
		p.tell("warning", m)
	}
}

// report tells the results one by one, and returns how many failed.
func (c *testCommand) report(p *printer, results []policytest.Result) (failed int) {
	for _, r := range results {
		at := strictyaml.Pos{File: r.Test.File, Line: r.Test.Line, Col: r.Test.Col}
		switch {
		case r.Failure == "":
			if c.verbose && p.format == "text" {
				_, _ = fmt.Fprintf(p.out, "ok   %s: %s\n", at, subject(r))
			}
			continue
		case p.format == "text":
			_, _ = fmt.Fprintf(p.out, "FAIL %s: %s\n     %s\n", at, r.Failure, subject(r))
		default:
			p.tell("error", strictyaml.Mistake{Pos: at, What: r.Failure, Hint: subject(r)})
		}
		failed++
	}
	return failed
}

// tellUntested tells the lines that no test shows to work.
func tellUntested(p *printer, untested []policy.RuleLine) {
	for _, l := range untested {
		at := strictyaml.Pos{File: l.File, Line: l.Line, Col: l.Col}
		p.tell("warning", strictyaml.Mistake{Pos: at, What: fmt.Sprintf("no test shows that this %s works", l.Effect)})
	}
}

// tellTotals tells how many tests passed, and how many lines they show to work.
func tellTotals(p *printer, results []policytest.Result, failed, testable int, untested []policy.RuleLine, covered bool) {
	if p.format != "text" {
		return
	}
	switch {
	case len(results) == 0:
		_, _ = fmt.Fprintln(p.out, "no tests: write some under the key tests")
		return
	case failed > 0:
		_, _ = fmt.Fprintf(p.out, "%d of %s failed\n", failed, count(len(results), "test"))
	default:
		_, _ = fmt.Fprintf(p.out, "%s passed\n", count(len(results), "test"))
	}
	hint := ""
	if len(untested) > 0 && !covered {
		hint = "; --coverage tells the others"
	}
	_, _ = fmt.Fprintf(p.out, "%d of %s shown to work%s\n", testable-len(untested), count(testable, "line"), hint)
}

// tellUntestable tells the lines that no test can show to work.
func tellUntestable(p *printer, judged *policy.Policy) {
	lines := policytest.Untestable(judged)
	if len(lines) == 0 || p.format != "text" {
		return
	}
	var told []string
	for _, l := range lines {
		told = append(told, fmt.Sprintf("%s:%d %s", l.File, l.Line, l.Text))
	}
	_, _ = fmt.Fprintf(p.out, "%s cannot be tested: %s\n", count(len(lines), "line"), strings.Join(told, ", "))
}

// subject is what a test is about: who does what, where.
func subject(r policytest.Result) string {
	if r.Test.Account != "" {
		declared := ""
		if r.Test.Declared != "" {
			declared = ", declared " + r.Test.Declared
		}
		return fmt.Sprintf("login of %s from %s in %s%s", r.Test.Account, r.Test.From, r.Environment, declared)
	}
	where := ""
	if r.Test.Schema != "" {
		where = ", database " + r.Test.Schema
	}
	return fmt.Sprintf("%s in %s%s: %s", r.Test.App, r.Environment, where, r.Test.SQL)
}
