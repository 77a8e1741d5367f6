package policy

import "guardrail/sqlparse"

// tagSchema holds the environment tag (guardrail tag), by which the proxy knows
// whether it stands before the right server. Apps may read it.
const tagSchema = "guardrail"

// judgeTag refuses what could change the environment tag, whatever the policy
// says and also while it only observes.
func (a *App) judgeTag(r *Request) (d Decision, refused bool) {
	for i := range r.Statements {
		needs := r.Statements[i].Needs
		for k := range needs {
			if harmlessToTag(needs, k) {
				continue
			}
			schema := needs[k].Object.Schema
			if schema == "" && needs[k].Object.Type != sqlparse.Global {
				schema = r.Schema
			}
			if isTagSchema(schema) {
				need := needs[k]
				need.Object.Schema = schema
				return a.refuse(ByTag, i, need, nil), true
			}
		}
	}
	return Decision{}, false
}

// harmlessToTag reports whether the k-th need only looks. A view is a way to
// write that its own name hides.
func harmlessToTag(needs []sqlparse.Need, k int) bool {
	switch needs[k].Privilege {
	case sqlparse.AnyPrivilege, "SHOW VIEW":
		return true
	case "SELECT":
		for i := range needs {
			if needs[i].Privilege == "CREATE VIEW" {
				return false
			}
		}
		return true
	}
	return false
}

// isTagSchema compares as servers do whose names have no case, where a capital i
// with a dot is an i, too.
func isTagSchema(name string) bool { return lower(name) == tagSchema }

// Untold is the decision about a text that cannot be read and names the schema
// of the environment tag. The proxy asks for it, as it alone has the text.
func (a *App) Untold() Decision {
	if a == nil {
		return Decision{Code: 1045, State: "28000", Rule: Rule{ID: string(ByNoAccount)}, Cause: ByNoAccount}
	}
	return a.refuse(ByTag, 0, sqlparse.Need{Privilege: sqlparse.Unparsed, Object: sqlparse.Object{Type: sqlparse.Schema, Schema: tagSchema}}, nil)
}
