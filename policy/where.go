package policy

import (
	"guardrail/sqlparse"
)

// whereRule is a line of require: which statements must restrict their rows by a column.
type whereRule struct {
	RuleLine
	kinds []sqlparse.Kind
}

// whereKinds are the statements that WHERE FOR names, as the server names them.
var whereKinds = map[string][]sqlparse.Kind{
	"UPDATE": {"update", "update_multi"},
	"DELETE": {"delete", "delete_multi"},
}

// judgeWhere decides whether the i-th statement of a request, and the
// statements inside it, restrict their rows as the app's rules require. A
// statement that is only planned changes no rows.
func (a *App) judgeWhere(r *Request, i int, s *sqlparse.Statement) Decision {
	verdict := Decision{Action: Allow, app: a.name}
	if s.Explain || len(a.wheres) == 0 {
		return verdict
	}
	if s.Where != sqlparse.WhereColumn {
		verdict = a.requireWhere(r, i, s)
	}
	for j := range s.Inner {
		if verdict.Action == Refuse {
			return verdict
		}
		d := a.judgeWhere(r, i, &s.Inner[j])
		if d.Action == Refuse {
			return d
		}
		verdict = weightier(verdict, d)
	}
	return verdict
}

// asksWhere reports whether a require line may be about a statement of the kind, or one inside it.
func (a *App) asksWhere(kind sqlparse.Kind, inner int) bool {
	if inner > 0 {
		return true
	}
	for k := range a.wheres {
		if a.wheres[k].names(kind) {
			return true
		}
	}
	return false
}

// requireWhere applies the rules to a statement that restricts nothing.
func (a *App) requireWhere(r *Request, i int, s *sqlparse.Statement) Decision {
	verdict := Decision{Action: Allow, app: a.name}
	for k := range a.wheres {
		w := &a.wheres[k]
		if !w.names(s.Kind) {
			continue
		}
		d := a.judgeWhereBy(r, i, s, w)
		if d.Action == Refuse {
			return d
		}
		verdict = weightier(verdict, d)
	}
	return verdict
}

// judgeWhereBy applies one rule to a statement of a kind that it names.
func (a *App) judgeWhereBy(r *Request, i int, s *sqlparse.Statement, w *whereRule) Decision {
	if s.Where == sqlparse.WhereColumn {
		return Decision{Action: Allow, app: a.name}
	}
	d := a.refuse(ByWhere, i, sqlparse.Need{}, nil)
	d.Rule, d.Because = w.Rule, w.Because
	if r.Now.Before(w.Until) {
		d.Action, d.Observed = Allow, true
	}
	return d
}

func (w *whereRule) names(kind sqlparse.Kind) bool {
	for _, k := range w.kinds {
		if k == kind {
			return true
		}
	}
	return false
}
