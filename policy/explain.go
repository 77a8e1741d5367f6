package policy

import (
	"slices"

	"guardrail/sqlparse"
)

// Basis is what a policy says about one part of a request: a need of a
// statement, a requirement or limit that it falls under, or, where none of
// these is set, the whole.
type Basis struct {
	Statement int
	// Need is the need, with the schema it was resolved with; its privilege is
	// empty for a requirement or limit.
	Need sqlparse.Need
	// The lines that hit the need; nil where there is none. A need that asks
	// for no grant (reading information_schema) has none.
	Grant, Deny, Exception *RuleLine
	// Closed is a grant of the need that does not hold at this time.
	Closed *RuleLine
	// Past is an exception for this that has ended or not begun.
	Past *RuleLine
	// Require is a requirement that the statement falls under.
	Require *RuleLine
	// Limit is a limit that the statement goes beyond.
	Limit *RuleLine
	// Decision is the verdict on this alone, without the app's own observe mode.
	Decision Decision
}

// Explain says what every part of a request rests on, in the order in which
// Decide judges them. It is for people, and slower than Decide.
func (a *App) Explain(r Request) []Basis {
	if a == nil {
		return nil
	}
	if !a.here {
		return []Basis{{Decision: a.elsewhere()}}
	}
	out := a.explainWhole(&r)
	for i := range r.Statements {
		s := &r.Statements[i]
		out = append(out, a.explainVariables(i, s)...)
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

// Asked returns what the decisions about the parts of a request were made without,
// each question once. Decide leaves out those that can change nothing any more.
func Asked(bases []Basis) []Question {
	var out []Question
	for _, b := range bases {
		for _, q := range b.Decision.Questions {
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// explainWhole tells what refuses a request whatever its statements need.
func (a *App) explainWhole(r *Request) []Basis {
	d, refused := a.judgeWhole(r)
	if !refused {
		return nil
	}
	b := Basis{Statement: d.Statement, Decision: d}
	if d.Cause == ByMultiple {
		b.Limit = a.limitLine(multiStatements)
	}
	return []Basis{b}
}

// explainVariables tells each session variable that the statement sets and may not.
func (a *App) explainVariables(i int, s *sqlparse.Statement) []Basis {
	var out []Basis
	for _, name := range s.Sets {
		v := verdict{}
		if a.judgeVariables(&v, i, &sqlparse.Statement{Sets: []string{name}}) {
			out = append(out, Basis{Statement: i, Limit: a.held[variableName(name)], Decision: v.refused})
		}
	}
	for j := range s.Inner {
		out = append(out, a.explainVariables(i, &s.Inner[j])...)
	}
	return out
}

func (a *App) explainNeed(r *Request, i int, need sqlparse.Need) Basis {
	var t target
	rules := a.aim(&t, r, &need)
	b := Basis{Statement: i, Need: need, Decision: a.judgeNeed(r, i, need)}
	bit, known := bitOf[need.Privilege]
	if !known {
		b.Grant = rules.grants.within(&t, r).line()
		if b.Decision.Cause == ByException {
			b.Exception = rules.touching(&t, r.Now).line()
		}
		return b
	}
	if b.Decision.Action == Refuse || b.Decision.Observed {
		b.Past = rules.past(&t, bit, r.Now).line()
	}
	denied, watched := rules.denied(&t, bit, r.Now)
	if denied == nil {
		denied = watched
	}
	b.Deny = denied.line()
	if b.Grant = rules.grants.find(&t, &search{bit: bit, now: r.Now}).line(); b.Grant == nil {
		b.Closed = rules.grants.find(&t, &search{bit: bit, phase: anytime}).line()
	}
	x := rules.excepts(&t, bit, r.Now)
	if x == nil {
		x = rules.lifted(&t, bit, r.Now)
	}
	b.Exception = x.line()
	return b
}

// within returns the first rule in force on the target or on something in it.
func (ix *index) within(t *target, r *Request) *rule {
	s := search{now: r.Now}
	for _, one := range ix.inside.rules {
		if s.meets(one) && one.pattern.touches(t) {
			return one
		}
	}
	return nil
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
			if b.Exception == nil && (b.Decision.Action == Refuse || b.Decision.Observed) {
				b.Past = latest(d.lifts).line()
			}
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
