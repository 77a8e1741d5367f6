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
	Because      string
	Until        time.Time // end of an exception, or of the line's observe mode; zero for neither
}

// Lines returns all grants, denies, requirements and exceptions, as they are written.
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
		out = append(out, a.explainWhere(&r, i, s)...)
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
	b.Exception = rules.excepts(&t, bit, r.Now).line()
	return b
}

// explainWhere tells each requirement that the statement, or one inside it, falls under.
func (a *App) explainWhere(r *Request, i int, s *sqlparse.Statement) []Basis {
	if s.Explain {
		return nil
	}
	var out []Basis
	for k := range a.wheres {
		if w := &a.wheres[k]; w.names(s.Kind) {
			out = append(out, Basis{Statement: i, Require: &w.RuleLine, Decision: a.judgeWhereBy(r, i, s, w)})
		}
	}
	for j := range s.Inner {
		out = append(out, a.explainWhere(r, i, &s.Inner[j])...)
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
