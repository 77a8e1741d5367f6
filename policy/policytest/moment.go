package policytest

import (
	"fmt"
	"time"

	"guardrail/policy"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// Outdated reports whether a test fails by the moment alone, and on the safe side:
// it says no moment, it passes at another one, and what happens now is a refusal.
// A test that wants a refusal and sees none is never outdated.
func (r Result) Outdated() bool {
	if r.Failure == "" || r.Decision.Allowed() {
		return false
	}
	_, _, turns := r.turns()
	return turns
}

// turns returns the next moment at which a test without at has another result than
// it has now, or else the last that there was.
func (r Result) turns() (at time.Time, then outcome, ok bool) {
	if !r.Test.At.IsZero() {
		return at, then, false
	}
	for _, m := range r.outcome.app.Moments(r.outcome.at) {
		o := r.subject.judge(m)
		if failing := r.subject.failure(o) != ""; failing == (r.Failure != "") {
			continue
		}
		if m.After(r.outcome.at) {
			return m, o, true
		}
		at, then, ok = m, o, true
	}
	return at, then, ok
}

// whenItPasses says at which other moment a failing test passes, if there is one.
func (r Result) whenItPasses() string {
	at, _, turns := r.turns()
	switch {
	case !turns:
		return ""
	case at.After(r.outcome.at):
		return "; it passes from " + stamp(at) + " on"
	}
	return "; it passed at " + stamp(at)
}

// Hanging tells the tests that hang on when they are run: those without at that
// pass now and will fail, or fail now and pass at another moment.
func Hanging(results []Result) strictyaml.Mistakes {
	var report strictyaml.Report
	for _, r := range results {
		at, then, turns := r.turns()
		switch {
		case !turns || r.Failure == "" && !at.After(r.outcome.at):
		case r.Failure != "":
			report.Add(r.pos(), "this test hangs on when it is run: "+r.Failure, atHint(at))
		default:
			report.Add(r.pos(), fmt.Sprintf("this test hangs on when it is run, and fails from %s on: %s", stamp(at), r.subject.failure(then)),
				atHint(r.outcome.at.In(at.Location())))
		}
	}
	found, _ := report.Err().(strictyaml.Mistakes)
	return found
}

// Unread tells the tests that pass because their statement cannot be read, and do
// not say so: mostly it has a slip.
func Unread(results []Result) strictyaml.Mistakes {
	var report strictyaml.Report
	for _, r := range results {
		reason, unknown := (sqlparse.Reading{Statements: r.Statements}).Unknown()
		if unknown && r.Failure == "" && !r.Test.Allow && r.Test.By == "" {
			report.Add(r.pos(), "this statement is refused as it cannot be read: "+reason, "correct it, or write by: "+string(policy.ByUnparsed))
		}
	}
	found, _ := report.Err().(strictyaml.Mistakes)
	return found
}

// atHint proposes a moment at which a test passes.
func atHint(at time.Time) string {
	return "say which moment it is about, as in at: " + stamp(at.Truncate(time.Minute))
}
