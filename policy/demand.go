package policy

import (
	"fmt"

	"guardrail/sqlparse"
)

// judgeDemands holds the i-th statement of a request, and the statements inside
// it, against the lines of require. A statement that is only planned changes no rows.
func (a *App) judgeDemands(v *verdict, r *Request, i int, s *sqlparse.Statement, inner bool) (refused bool) {
	if s.Explain || len(a.demands) == 0 {
		return false
	}
	for k := range a.demands {
		if d := &a.demands[k]; d.names(s.Kind) && !d.plain(s) && v.add(a.judgeDemand(r, i, s, d, inner)) {
			return true
		}
	}
	for j := range s.Inner {
		if a.judgeDemands(v, r, i, &s.Inner[j], true) {
			return true
		}
	}
	return false
}

// judgeDemand applies one line to a statement of a kind that it names.
func (a *App) judgeDemand(r *Request, i int, s *sqlparse.Statement, d *demandRule, inner bool) Decision {
	if d.plain(s) || !d.during.hold(r.Now) || !d.concerns(r, s) {
		return Decision{Action: Allow, app: a.name}
	}
	if x := lifting(d.lifts, r.Now); x != nil {
		return a.except(x, i, sqlparse.Need{})
	}
	no := a.unfulfilled(r, i, s, d, inner)
	if no.Allowed() {
		return no
	}
	no.Rule, no.Because = d.Rule, d.Because
	if r.Now.Before(d.Until) {
		no.Action, no.Observed = Allow, true
	}
	return no
}

// unfulfilled decides without regard to the line's observe mode.
func (a *App) unfulfilled(r *Request, i int, s *sqlparse.Statement, d *demandRule, inner bool) Decision {
	switch d.kind {
	case demandWhere:
		no := a.refuse(ByWhere, i, sqlparse.Need{}, nil)
		if s.Where == sqlparse.WhereConstant {
			no.detail = "a statement whose WHERE may pick all rows, as IS NOT NULL, <> and NOT IN may, is refused"
		}
		return no
	case demandLimit:
		return a.judgeLimit(r, i, s, inner)
	case demandRows:
		return a.judgeRows(r, i, d, inner)
	case demandPrimary, demandUnique:
		return a.judgeKey(r, i, s, d, inner)
	}
	return a.refuse(ByOversight, i, sqlparse.Need{}, nil)
}

// judgeRows compares the server's estimate. There is none for a statement
// inside another one, and none for one of several: the others change what it finds.
func (a *App) judgeRows(r *Request, i int, d *demandRule, inner bool) Decision {
	no := a.refuse(ByRows, i, sqlparse.Need{}, nil)
	if inner || !single(r) {
		no.detail = "how many rows this statement would touch cannot be told before it runs inside another text"
		return no
	}
	q := Question{Kind: AskRows, Statement: i}
	switch answer := r.answer(q); {
	case answer == nil, answer.AtMost && answer.Rows > d.most:
		no.Questions = []Question{q}
		no.detail = "the server gave no estimate of the rows that this statement would touch"
	case answer.Rows <= d.most:
		return Decision{Action: Allow, app: a.name}
	default:
		no.detail = fmt.Sprintf("this statement would touch about %d rows, more than the %d that are allowed", answer.Rows, d.most)
	}
	return no
}

// judgeLimit looks at the number that is bound to a LIMIT. Nobody knows it in a
// statement inside another one.
func (a *App) judgeLimit(r *Request, i int, s *sqlparse.Statement, inner bool) Decision {
	no := a.refuse(ByLimit, i, sqlparse.Need{}, nil)
	switch s.Limit {
	case sqlparse.LimitSmall:
		return Decision{Action: Allow, app: a.name}
	case sqlparse.LimitLarge:
		no.detail = largeLimit
	case sqlparse.LimitParameter:
		no.detail = "the number that is bound to the LIMIT is not known, and a statement that must have one is refused"
		if inner || !single(r) {
			return no
		}
		q := Question{Kind: AskLimit, Statement: i}
		switch answer := r.answer(q); {
		case answer == nil:
			no.Questions = []Question{q}
		case sqlparse.SmallLimit(answer.Rows):
			return Decision{Action: Allow, app: a.name}
		default:
			no.detail = largeLimit
		}
	}
	return no
}

const largeLimit = "a LIMIT of a million or more, or of nothing but nines, counts as none: this statement is refused"

// single reports whether a request has one statement.
func single(r *Request) bool {
	n := 0
	for i := range r.Statements {
		if r.Statements[i].Kind != "empty_query" {
			n++
		}
	}
	return n == 1
}
