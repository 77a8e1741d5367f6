package policy

import (
	"slices"
	"time"

	"guardrail/sqlparse"
)

// Decide judges one command. Every statement must pass, or the whole is
// refused; the first failure found in the order of the text is the one told. It
// has no error return: what cannot be judged is refused. It allocates nothing
// when it allows.
//
// A Decision with Questions is made without what the server alone can tell:
// answer them and decide again. A question without an answer refuses.
func (a *App) Decide(r Request) Decision {
	if a == nil {
		return Decision{Code: 1045, State: "28000", Rule: Rule{ID: string(ByNoAccount)}, Cause: ByNoAccount}
	}
	if !a.here {
		return a.elsewhere()
	}
	if d, refused := a.judgeTag(&r); refused {
		return d
	}
	return a.observed(a.judge(&r), r.Now)
}

// Beyond decides about a command or a login that goes beyond one of the app's
// Limits, which the proxy counts: ByPacket, ByConnections, ByRate.
func (a *App) Beyond(limit Cause, now time.Time) Decision {
	if a == nil {
		return Decision{Code: 1045, State: "28000", Rule: Rule{ID: string(ByNoAccount)}, Cause: ByNoAccount}
	}
	key := map[Cause]string{ByPacket: maxAllowedPacket, ByConnections: maxUserConnections, ByRate: maxQueriesPerSecond}[limit]
	return a.observed(a.refuseBy(limit, 0, a.limitLine(key)), now)
}

// observed turns a refusal into an observed allowance while the app is in observe mode.
func (a *App) observed(d Decision, now time.Time) Decision {
	if d.Action == Refuse && a.Mode(now) == Observe {
		d.Action, d.Observed = Allow, true
	}
	return d
}

// judge decides without regard to the app's own observe mode.
func (a *App) judge(r *Request) Decision {
	if d, refused := a.judgeWhole(r); refused {
		return d
	}
	v := verdict{allowed: Decision{Action: Allow, app: a.name}}
	for i := range r.Statements {
		if !a.plainly(r, &r.Statements[i]) && a.judgeStatement(&v, r, i) {
			return v.refused
		}
	}
	return v.decision()
}

// judgeWhole refuses a request for what hangs on none of its statements.
func (a *App) judgeWhole(r *Request) (d Decision, refused bool) {
	switch {
	case len(r.Statements) == 0:
		d = a.refuse(ByNoStatement, 0, sqlparse.Need{}, nil)
	case !a.during.hold(r.Now):
		d = a.refuse(ByDuring, 0, sqlparse.Need{}, nil)
		d.detail = a.during.String()
	case a.limits.SingleStatement && len(r.Statements) > 1 && !single(r):
		d = a.refuseBy(ByMultiple, 1, a.limitLine(multiStatements))
	default:
		return Decision{}, false
	}
	return d, true
}

// verdict gathers the decisions about the parts of a command.
type verdict struct {
	allowed   Decision   // the weightiest allowance
	waiting   Decision   // the first refusal for want of an answer
	refused   Decision   // what refuses whatever the server answers
	questions []Question // what the server must tell
}

// add takes in one decision, and reports whether it settles the command.
func (v *verdict) add(d Decision) (refused bool) {
	for _, q := range d.Questions {
		if !slices.Contains(v.questions, q) {
			v.questions = append(v.questions, q)
		}
	}
	switch {
	case d.Action != Refuse:
		v.allowed = weightier(v.allowed, d)
	case len(d.Questions) == 0:
		v.refused = d
		return true
	case v.waiting.Cause == ByNothing:
		v.waiting = d
	}
	return false
}

// decision is what stands when all parts have been added and none refused.
func (v *verdict) decision() Decision {
	d := v.allowed
	if v.waiting.Cause != ByNothing {
		d = v.waiting
	}
	d.Questions = v.questions
	return d
}

// weightier keeps, of two allowances, the one that says more: observed before
// by exception before plain; the earlier one where they weigh the same.
func weightier(a, b Decision) Decision {
	if b.Observed && !a.Observed || a.Cause == ByNothing {
		return b
	}
	return a
}

// plainly reports whether a statement passes and there is nothing to tell about it.
func (a *App) plainly(r *Request, s *sqlparse.Statement) bool {
	if s.Kind == sqlparse.Unknown || s.Destructive && len(s.Needs) == 0 {
		return false
	}
	if len(s.Inner) > 0 && (len(a.demands) > 0 || len(a.held) > 0) || len(s.Sets) > 0 && len(a.held) > 0 {
		return false
	}
	for k := range a.demands {
		if d := &a.demands[k]; d.names(s.Kind) && !d.plain(s) {
			return false
		}
	}
	for _, need := range s.Needs {
		if !a.plain(r, need) {
			return false
		}
	}
	return true
}

// judgeStatement decides about the i-th statement of a request.
func (a *App) judgeStatement(v *verdict, r *Request, i int) (refused bool) {
	s := &r.Statements[i]
	if s.Kind == sqlparse.Unknown {
		if v.add(a.judgeNeed(r, i, sqlparse.Need{Privilege: sqlparse.Unparsed})) {
			return true
		}
	} else if s.Destructive && len(s.Needs) == 0 {
		return v.add(a.refuse(ByOversight, i, sqlparse.Need{}, nil))
	}
	if a.judgeVariables(v, i, s) {
		return true
	}
	for _, need := range s.Needs {
		if v.add(a.judgeNeed(r, i, need)) {
			return true
		}
	}
	return a.judgeDemands(v, r, i, s, false)
}

// judgeVariables refuses a statement that sets, or that holds one that sets, a
// session variable that the policy has set.
func (a *App) judgeVariables(v *verdict, i int, s *sqlparse.Statement) (refused bool) {
	if len(a.held) == 0 {
		return false
	}
	for _, name := range s.Sets {
		if by := a.held[variableName(name)]; by != nil {
			d := a.refuseBy(ByVariable, i, by)
			d.detail = name
			return v.add(d)
		}
	}
	for j := range s.Inner {
		if a.judgeVariables(v, i, &s.Inner[j]) {
			return true
		}
	}
	return false
}
