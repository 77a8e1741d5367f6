package policy

import (
	"slices"
	"time"

	"guardrail/sqlparse"
)

// Effect says what a line of a policy does.
type Effect uint8

// The effects, in the order in which they are told.
const (
	Grant Effect = iota
	Deny
	Require
	Exception
	Limit
)

// String returns the word for the effect that explanations use.
func (e Effect) String() string {
	switch e {
	case Deny:
		return "deny"
	case Require:
		return "require"
	case Exception:
		return "exception"
	case Limit:
		return "limit"
	}
	return "grant"
}

// RuleLine is one line of a policy as it is written.
type RuleLine struct {
	Rule
	Effect       Effect
	App          string // whom it is for; empty: every app
	Text         string // "SELECT, INSERT ON db.*"
	Environments []string
	During       []string // the time windows in which it holds; none is always
	Because      string
	From         time.Time // when an exception begins; zero: at once
	Decided      bool      // of a limit: Decide holds it; the others are counted by the proxy
	Until        time.Time // end of an exception, or of the line's observe mode; zero for neither
}

// Lines returns all grants, denies, requirements, exceptions and limits, as they are written.
func (p *Policy) Lines() []RuleLine {
	var out []RuleLine
	add := func(effect Effect, app string, lines []line) {
		for _, l := range lines {
			if effect == Exception {
				app = l.App
			}
			out = append(out, l.told(effect, app))
		}
	}
	for _, a := range p.apps {
		add(Grant, a.name, a.grants)
		add(Deny, a.name, a.denies)
		add(Require, a.name, a.requires)
		add(Limit, a.name, a.limits.lines)
	}
	add(Deny, "", p.denies)
	add(Require, "", p.requires)
	add(Exception, "", p.exceptions)
	return out
}

// Basis is what a policy says about one need of a statement, or about its WHERE.
type Basis struct {
	Statement int
	// Need is the need, with the schema it was resolved with; its privilege is
	// empty for a requirement.
	Need sqlparse.Need
	// The lines that hit the need; nil where there is none. A grant that a
	// privilege is not tied to (USE, information_schema) is not named.
	Grant, Deny, Exception *RuleLine
	// Require is a requirement that the statement falls under.
	Require *RuleLine
	// Decision is the verdict on this alone, without the app's own observe mode.
	Decision Decision
}

// Explain says what every need of a request rests on, in the order in which
// Decide judges them. It is for people, and slower than Decide.
func (a *App) Explain(r Request) []Basis {
	if a == nil {
		return nil
	}
	var out []Basis
	for i := range r.Statements {
		s := &r.Statements[i]
		needs := s.Needs
		if s.Kind == sqlparse.Unknown && !slices.ContainsFunc(needs, func(n sqlparse.Need) bool { return n.Privilege == sqlparse.Unparsed }) {
			needs = append([]sqlparse.Need{{Privilege: sqlparse.Unparsed}}, needs...)
		}
		for _, need := range needs {
			out = append(out, a.explainNeed(&r, i, need))
		}
		out = append(out, a.explainDemands(&r, i, s, false)...)
	}
	return out
}

func (a *App) explainNeed(r *Request, i int, need sqlparse.Need) Basis {
	var t target
	rules := a.aim(&t, r, &need)
	b := Basis{Statement: i, Need: need, Decision: a.judgeNeed(r, i, need)}
	bit, known := bitOf[need.Privilege]
	if !known {
		return b
	}
	denied, watched := rules.denied(&t, bit, r.Now)
	if denied == nil {
		denied = watched
	}
	b.Grant = rules.grants.find(&t, &search{bit: bit}).line()
	b.Deny = denied.line()
	x := rules.excepts(&t, bit, r.Now)
	if x == nil {
		x = rules.lifted(&t, bit, r.Now)
	}
	b.Exception = x.line()
	return b
}

// explainDemands tells each requirement that the statement, or one inside it, falls under.
func (a *App) explainDemands(r *Request, i int, s *sqlparse.Statement, inner bool) []Basis {
	if s.Explain {
		return nil
	}
	var out []Basis
	for k := range a.demands {
		if d := &a.demands[k]; d.names(s.Kind) && d.during.hold(r.Now) && d.concerns(r, s) {
			b := Basis{Statement: i, Require: &d.RuleLine, Decision: a.judgeDemand(r, i, s, d, inner)}
			b.Exception = lifting(d.lifts, r.Now).line()
			out = append(out, b)
		}
	}
	for j := range s.Inner {
		out = append(out, a.explainDemands(r, i, &s.Inner[j], true)...)
	}
	return out
}

// line returns the line of a rule, or nil.
func (r *rule) line() *RuleLine {
	if r == nil {
		return nil
	}
	return &r.RuleLine
}
