package policy

import (
	"guardrail/sqlparse"
)

// Decide judges one command. Every statement must pass, or the whole is
// refused; the first failure found in the order of the text is the one told. It
// has no error return: what cannot be judged is refused. It allocates nothing
// when it allows.
func (a *App) Decide(r Request) Decision {
	if a == nil {
		return Decision{Code: 1045, State: "28000", Rule: Rule{ID: string(ByNoAccount)}, Cause: ByNoAccount}
	}
	d := a.judge(r)
	if d.Action == Refuse && a.Mode(r.Now) == Observe {
		d.Action, d.Observed = Allow, true
	}
	return d
}

// judge decides without regard to the app's own observe mode.
func (a *App) judge(r Request) Decision {
	if len(r.Statements) == 0 {
		return a.refuse(ByNoStatement, 0, sqlparse.Need{}, nil)
	}
	if a.limits.SingleStatement && len(r.Statements) > 1 {
		return a.refuse(ByMultiple, 1, sqlparse.Need{}, nil)
	}
	verdict := Decision{Action: Allow, app: a.name}
	for i := range r.Statements {
		if a.plainly(&r, &r.Statements[i]) {
			continue
		}
		d := a.judgeStatement(&r, i)
		if d.Action == Refuse {
			return d
		}
		verdict = weightier(verdict, d)
	}
	return verdict
}

// plainly reports whether a statement passes and there is nothing to tell about it.
func (a *App) plainly(r *Request, s *sqlparse.Statement) bool {
	if s.Kind == sqlparse.Unknown || s.Destructive && len(s.Needs) == 0 {
		return false
	}
	if len(a.wheres) > 0 && (s.Where != sqlparse.WhereColumn || len(s.Inner) > 0) && a.asksWhere(s.Kind, len(s.Inner)) {
		return false
	}
	for _, need := range s.Needs {
		if !a.plain(r, need) {
			return false
		}
	}
	return true
}

// weightier keeps, of two allowances, the one that says more: observed before
// by exception before plain; the earlier one where they weigh the same.
func weightier(a, b Decision) Decision {
	if b.Observed && !a.Observed || a.Cause == ByNothing {
		return b
	}
	return a
}

// judgeStatement decides about the i-th statement of a request.
func (a *App) judgeStatement(r *Request, i int) Decision {
	s := &r.Statements[i]
	verdict := Decision{Action: Allow, app: a.name}
	if s.Kind == sqlparse.Unknown {
		verdict = a.judgeNeed(r, i, sqlparse.Need{Privilege: sqlparse.Unparsed})
		if verdict.Action == Refuse {
			return verdict
		}
	} else if s.Destructive && len(s.Needs) == 0 {
		return a.refuse(ByOversight, i, sqlparse.Need{}, nil)
	}
	for _, need := range s.Needs {
		d := a.judgeNeed(r, i, need)
		if d.Action == Refuse {
			return d
		}
		verdict = weightier(verdict, d)
	}
	d := a.judgeWhere(r, i, s)
	if d.Action == Refuse {
		return d
	}
	return weightier(verdict, d)
}

// refuse builds a refusal with MySQL's error for it. The rule is nil for built-in rules.
func (a *App) refuse(cause Cause, i int, need sqlparse.Need, by *rule) Decision {
	d := Decision{Cause: cause, Statement: i, Need: need, app: a.name}
	d.Code, d.State = errorOf(cause, need)
	if by != nil {
		d.Rule, d.Because = by.Rule, by.Because
		return d
	}
	d.Rule = a.rule
	d.Rule.ID = string(cause)
	return d
}

// errorOf returns the MySQL error that stands for a cause. A text that cannot
// be read is ER_NOT_SUPPORTED_YET (1235): clients take it for final, do not
// retry it, and do not look for a typing mistake as they would with 1064.
func errorOf(cause Cause, need sqlparse.Need) (code uint16, state string) {
	switch cause {
	case ByNoGrant, ByDeny:
		return accessError(need)
	case ByWhere:
		return 1175, "HY000" // ER_UPDATE_WITHOUT_KEY_IN_SAFE_MODE
	case ByNoStatement:
		return 1065, "42000" // ER_EMPTY_QUERY
	case ByNoDatabase:
		return 1046, "3D000" // ER_NO_DB_ERROR
	}
	return 1235, "42000"
}

// accessError is the error of a privilege that is missing, by what it is about.
func accessError(need sqlparse.Need) (code uint16, state string) {
	v, known := verbs[need.Privilege]
	switch {
	case known && v.level == onServer:
		return 1227, "42000" // ER_SPECIFIC_ACCESS_DENIED_ERROR
	case need.Object.Type == sqlparse.Schema, need.Privilege == sqlparse.DropDatabase:
		return 1044, "42000" // ER_DBACCESS_DENIED_ERROR
	}
	return 1142, "42000" // ER_TABLEACCESS_DENIED_ERROR
}
