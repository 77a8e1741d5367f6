package policy

import (
	"guardrail/sqlparse"
)

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

// refuseBy builds a refusal by a line that is about no object: a limit.
func (a *App) refuseBy(cause Cause, i int, by *RuleLine) Decision {
	d := a.refuse(cause, i, sqlparse.Need{}, nil)
	if by != nil {
		d.Rule = by.Rule
	}
	return d
}

// except builds an allowance by an exception.
func (a *App) except(x *rule, i int, need sqlparse.Need) Decision {
	return Decision{Action: Allow, Cause: ByException, Rule: x.Rule, Statement: i, Need: need, Because: x.Because, app: a.name}
}

// errorOf returns the MySQL error that stands for a cause. A text that cannot
// be read is ER_NOT_SUPPORTED_YET (1235): clients take it for final, do not
// retry it, and do not look for a typing mistake as they would with 1064.
func errorOf(cause Cause, need sqlparse.Need) (code uint16, state string) {
	switch cause {
	case ByNoGrant, ByDeny, ByTag:
		return accessError(need)
	case ByWhere, ByLimit, ByKey:
		return 1175, "HY000" // ER_UPDATE_WITHOUT_KEY_IN_SAFE_MODE
	case ByRows:
		return 1104, "42000" // ER_TOO_BIG_SELECT
	case ByVariable:
		return 1227, "42000" // ER_SPECIFIC_ACCESS_DENIED_ERROR
	case ByDuring, ByNoAccount, ByNetwork, ByEnvironment, ByDeclared:
		return 1045, "28000" // ER_ACCESS_DENIED_ERROR
	case ByConnections, ByRate:
		return 1226, "42000" // ER_USER_LIMIT_REACHED
	case ByPacket:
		return 1153, "08S01" // ER_NET_PACKET_TOO_LARGE
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
