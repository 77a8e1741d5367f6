package policy

import (
	"guardrail/sqlparse"
)

// aim makes the need's object the target and returns the rules it is compared
// with. An object without a schema lies in the session's own.
func (a *App) aim(t *target, r *Request, need *sqlparse.Need) *rules {
	aim(t, r, need)
	if r.LowerCaseNames {
		return &a.folded
	}
	return &a.exact
}

func aim(t *target, r *Request, need *sqlparse.Need) {
	if need.Object.Type != sqlparse.Global && need.Object.Schema == "" {
		need.Object.Schema = r.Schema
	}
	t.kind = need.Object.Type
	t.schema.set(need.Object.Schema, r.LowerCaseNames)
	t.name.set(need.Object.Name, r.LowerCaseNames || t.kind == sqlparse.Routine)
	t.named = need.Object.Named || t.kind == sqlparse.Routine && serverSchema(t.schema.bytes())
}

// plain reports whether a need is granted, and no rule has anything to say
// about it. It is what judgeNeed answers for nearly every need, without the
// cost of a Decision.
func (a *App) plain(r *Request, need sqlparse.Need) bool {
	bit, known := bitOf[need.Privilege]
	if !known {
		return false
	}
	var t target
	rules := a.aim(&t, r, &need)
	over := search{bit: bit, overlapping: true, phase: anytime}
	return (worldReadable(&t, need.Privilege) || rules.grants.find(&t, &search{bit: bit, now: r.Now}) != nil) &&
		rules.denies.find(&t, &over) == nil && rules.watched.find(&t, &over) == nil
}

// judgeNeed decides about one need of the i-th statement.
func (a *App) judgeNeed(r *Request, i int, need sqlparse.Need) Decision {
	var t target
	rules := a.aim(&t, r, &need)
	switch need.Privilege {
	case sqlparse.AnyPrivilege:
		return a.judgeAny(rules, &t, r, i, need)
	case sqlparse.AllPrivileges:
		return a.judgeAll(rules, &t, r, i, need)
	}
	bit, known := bitOf[need.Privilege]
	if !known {
		return a.refuse(ByNoGrant, i, need, nil)
	}
	return a.judgeBit(rules, &t, bit, r, i, need)
}

// judgeBit looks for the rules on one privilege: a deny beats a grant, and only
// an exception lifts either refusal.
func (a *App) judgeBit(rules *rules, t *target, bit uint, r *Request, i int, need sqlparse.Need) Decision {
	denied, watched := rules.denied(t, bit, r.Now)
	granted := worldReadable(t, need.Privilege) || rules.grants.find(t, &search{bit: bit, now: r.Now}) != nil
	if granted && denied == nil && watched == nil {
		if x := rules.lifted(t, bit, r.Now); x != nil {
			return a.except(x, i, need)
		}
		return Decision{Action: Allow, app: a.name}
	}
	if x := rules.excepts(t, bit, r.Now); x != nil {
		return a.except(x, i, need)
	}
	if denied != nil {
		return a.refuse(ByDeny, i, need, denied)
	}
	if !granted {
		return a.ungranted(rules, t, bit, i, need)
	}
	d := a.refuse(ByDeny, i, need, watched)
	d.Action, d.Observed = Allow, true
	return d
}

// ungranted refuses a need that no grant covers now; there may be one for another time.
func (a *App) ungranted(rules *rules, t *target, bit uint, i int, need sqlparse.Need) Decision {
	d := a.refuse(missing(need), i, need, nil)
	if g := rules.grants.find(t, &search{bit: bit, phase: anytime}); g != nil && d.Cause == ByNoGrant {
		d.detail = g.during.String()
	}
	return d
}

// missing is the cause of a need that no grant covers.
func missing(need sqlparse.Need) Cause {
	switch {
	case need.Privilege == sqlparse.Unparsed:
		return ByUnparsed
	case need.Object.Type != sqlparse.Global && need.Object.Schema == "":
		return ByNoDatabase
	}
	return ByNoGrant
}

// judgeAny decides about a need that any privilege on the object or inside it
// fulfils, as long as it is granted and not denied.
func (a *App) judgeAny(rules *rules, t *target, r *Request, i int, need sqlparse.Need) Decision {
	now := search{now: r.Now}
	held := rules.grants.on(t, &now, true).without(rules.denies.on(t, &now, false))
	now.phase = lapsed
	held = held.without(rules.watched.on(t, &now, false))
	if t.kind != sqlparse.Global {
		held = held.and(onObjects)
	}
	if !held.empty() || isSchema(t.schema.bytes(), "information_schema") {
		return Decision{Action: Allow, app: a.name}
	}
	if x := rules.touching(t, r.Now); x != nil {
		return a.except(x, i, need)
	}
	return a.refuse(missing(need), i, need, nil)
}

// judgeAll decides about a need of every privilege there is on the object, as
// GRANT ALL has: each must be granted, and none denied.
func (a *App) judgeAll(rules *rules, t *target, r *Request, i int, need sqlparse.Need) Decision {
	all := onObjects
	switch t.kind {
	case sqlparse.Global:
		all = every
	case sqlparse.Table, sqlparse.Routine:
		all = onTables
	}
	for bit, p := range catalogue {
		if !all.has(uint(bit)) {
			continue
		}
		one := sqlparse.Need{Privilege: p, Object: need.Object}
		if d := a.judgeBit(rules, t, uint(bit), r, i, one); d.Action == Refuse || d.Observed {
			return d
		}
	}
	return Decision{Action: Allow, app: a.name}
}

// every is the whole catalogue but UNPARSED, which is no privilege of the server's.
var every = those(func(verb) bool { return true }).without(only(sqlparse.Unparsed))

// onObjects are the privileges that mean something on a schema or below.
var onObjects = those(func(v verb) bool { return v.level != onServer })

// onTables are those that can be granted on one table or routine.
var onTables = those(func(v verb) bool { return v.level == onTable })

// serverSchema reports whether the routines of the schema are the server's own:
// some of them run any text they are given (sys.execute_prepared_stmt), so each
// must be granted by its full name.
func serverSchema(schema []byte) bool {
	return isSchema(schema, "sys") || isSchema(schema, "mysql")
}

// isSchema compares a schema's name with one in lower case, without regard to case.
func isSchema(schema []byte, name string) bool {
	if len(schema) != len(name) {
		return false
	}
	for i, c := range schema {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// worldReadable reports whether every account of the server may do this without
// a grant: read information_schema, which shows an account only what it may see.
func worldReadable(t *target, p sqlparse.Privilege) bool {
	return p == "SELECT" && t.kind == sqlparse.Table && isSchema(t.schema.bytes(), "information_schema")
}
