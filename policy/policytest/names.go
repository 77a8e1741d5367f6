package policytest

import (
	"slices"
	"strings"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// demandNames are the words of requirements, which a test may name in place of the cause.
var demandNames = map[policy.Cause][]string{
	policy.ByWhere: {"WHERE"}, policy.ByLimit: {"LIMIT"}, policy.ByRows: {"ROWS"}, policy.ByKey: {"PRIMARY KEY", "UNIQUE KEY"},
	policy.ByDeclared: {"DECLARED ENVIRONMENT"},
}

// Names reports whether a test's by is what refused: the rule's id or place,
// the cause, the word of a requirement, or the verb that is missing or denied.
func Names(d policy.Decision, by string) bool {
	if by == d.Rule.ID || by == d.Rule.Place() || by == string(d.Cause) || slices.Contains(demandNames[d.Cause], by) {
		return true
	}
	return d.Need.Privilege != "" && strings.EqualFold(by, string(d.Need.Privilege))
}

// words are what a test may write as by for an outcome: one for each rule that refuses.
func words(o outcome) string {
	var out []string
	for _, d := range o.refusals() {
		if w := word(d); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " or ")
}

// word is what names a refusal best: the id that its rule was given, or what it is about.
func word(d policy.Decision) string {
	place := d.Rule.Place()
	switch names := demandNames[d.Cause]; {
	case d.Rule.ID != place && d.Rule.ID != string(d.Cause):
		return d.Rule.ID
	case d.Cause == policy.ByKey:
		return place // which of both it is, the place alone tells
	case len(names) > 0:
		return names[0]
	case d.Need.Privilege != "" && d.Need.Privilege != sqlparse.AnyPrivilege:
		return string(d.Need.Privilege)
	}
	return string(d.Cause)
}
