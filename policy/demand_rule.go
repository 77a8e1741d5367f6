package policy

import (
	"guardrail/sqlparse"
)

// demandRule is a line of require, compiled.
type demandRule struct {
	RuleLine
	demand
	folded pattern // on, in lower case
	during windows
	lifts  []*rule
}

func (d *demandRule) names(kind sqlparse.Kind) bool {
	for _, k := range d.kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// concerns reports whether a statement of a kind that the line names changes a table that it is about.
func (d *demandRule) concerns(r *Request, s *sqlparse.Statement) bool {
	if d.on.everywhere() {
		return true
	}
	var t target
	for _, n := range s.Needs {
		if n.Privilege != "UPDATE" && n.Privilege != "DELETE" {
			continue
		}
		aim(&t, r, &n)
		on := d.on
		if r.LowerCaseNames {
			on = d.folded
		}
		if on.schema.matches(t.schema.bytes()) && on.name.matches(t.name.bytes()) {
			return true
		}
	}
	return false
}

// plain reports whether a statement fulfils the demand by what its text says.
func (d *demandRule) plain(s *sqlparse.Statement) bool {
	return d.kind == demandWhere && s.Where == sqlparse.WhereColumn || d.kind == demandLimit && s.Limit == sqlparse.LimitSmall
}
