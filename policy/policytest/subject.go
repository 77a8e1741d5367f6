package policytest

import (
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// subject is what a test is about, to be judged at any moment.
type subject struct {
	test       policy.Test
	mode       sqlparse.Mode
	set        *policy.Set
	app        *policy.App          // of a statement
	statements []sqlparse.Statement // nil for logins
	entering   []sqlparse.Statement // of a login: what the database that it names stands for
}

// outcome is what becomes of a subject at a moment.
type outcome struct {
	at       time.Time
	app      *policy.App // nil where no policy names the account
	decision policy.Decision
	bases    []policy.Basis // of a statement: what each part of it rests on
}

func (s *subject) judge(at time.Time) outcome {
	if s.test.Account != "" {
		return s.judgeLogin(at)
	}
	t := s.test
	request := policy.Request{Schema: t.Schema, LowerCaseNames: t.LowerCase, Statements: s.statements, Now: at}
	bases := s.app.Explain(request)
	for _, q := range policy.Asked(bases) {
		if answer, ok := t.Answer(q, s.mode); ok {
			request.Answers = append(request.Answers, answer)
		}
	}
	if len(request.Answers) > 0 {
		bases = s.app.Explain(request)
	}
	return outcome{at: at, app: s.app, decision: s.app.Decide(request), bases: bases}
}

// judgeLogin asks first who comes, then what the client declares, then about the
// database that it names, as the proxy does.
func (s *subject) judgeLogin(at time.Time) outcome {
	app, d := s.set.Login(s.test.Account, s.test.From, at)
	o := outcome{at: at, app: s.set.App(d.App()), decision: d}
	if app == nil {
		return o
	}
	o.add(app.Declared(s.test.Declared, at))
	if len(s.entering) > 0 && o.decision.Allowed() {
		request := policy.Request{LowerCaseNames: s.test.LowerCase, Statements: s.entering, Now: at}
		o.bases = app.Explain(request)
		o.add(app.Decide(request))
	}
	return o
}

// add takes in a further decision about a login: what refuses counts, then what
// was observed first.
func (o *outcome) add(d policy.Decision) {
	if !d.Allowed() || d.Observed && !o.decision.Observed {
		o.decision = d
	}
}

// refusals are the decision and all other parts that would be refused by
// themselves: a statement may break several rules, and one of them is told.
func (o outcome) refusals() []policy.Decision {
	if o.allowed() {
		return nil
	}
	out := []policy.Decision{o.decision}
	for _, b := range o.bases {
		if d := b.Decision; d.Rule != o.decision.Rule && (!d.Allowed() || d.Observed) {
			out = append(out, d)
		}
	}
	return out
}

// allowed reports whether nothing refuses. What is only observed counts as
// refused: tests say what the policy means, not how far its introduction is.
func (o outcome) allowed() bool { return o.decision.Allowed() && !o.decision.Observed }
