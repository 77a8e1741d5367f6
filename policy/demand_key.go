package policy

import (
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// judgeKey compares the columns that the WHERE pins with the table's keys.
func (a *App) judgeKey(r *Request, i int, s *sqlparse.Statement, d *demandRule, inner bool) Decision {
	no := a.refuse(ByKey, i, sqlparse.Need{}, nil)
	no.detail = "a statement whose WHERE does not hold a unique key to given values is refused"
	if d.kind == demandPrimary {
		no.detail = "a statement whose WHERE does not hold the primary key to given values is refused"
	}
	table, ok := changedTable(s)
	if !ok || len(s.Pinned) == 0 {
		return no
	}
	if table.Schema == "" {
		table.Schema = r.Schema
	}
	q := Question{Kind: AskKeys, Statement: i, Table: table}
	answer := r.answer(q)
	if answer == nil {
		no.detail = "the table's keys are not known, and a statement that must name its rows by one is refused"
		no.Questions = []Question{q}
		return no
	}
	keys := within(answer.Keys, s.Pinned, d.kind == demandPrimary)
	switch {
	case len(keys) == 0:
		return no
	case slices.ContainsFunc(keys, Key.exact):
		return Decision{Action: Allow, app: a.name}
	}
	return a.judgeTexts(r, i, keys, no, inner)
}

// judgeTexts asks whether a key with texts in it is held to texts: compared with
// the number 0, every text is equal that is no number.
func (a *App) judgeTexts(r *Request, i int, keys []Key, no Decision, inner bool) Decision {
	no.detail = "a key of text that is compared with something else than a text may name many rows: this statement is refused"
	if inner {
		return no
	}
	q := Question{Kind: AskTexts, Statement: i}
	answer := r.answer(q)
	if answer == nil {
		no.Questions = []Question{q}
		return no
	}
	for _, k := range keys {
		if k.heldTo(answer.Texts) {
			return Decision{Action: Allow, app: a.name}
		}
	}
	return no
}

// within returns the keys, the primary one alone if so asked, that lie in the
// columns, which are in lower case.
func within(keys []Key, columns []string, primary bool) (out []Key) {
	for _, k := range keys {
		if len(k.Columns) > 0 && (k.Primary || !primary) && !slices.ContainsFunc(k.Columns, func(c KeyColumn) bool {
			return !slices.Contains(columns, strings.ToLower(c.Name))
		}) {
			out = append(out, k)
		}
	}
	return out
}

// changedTable is the one table that an UPDATE or DELETE changes.
func changedTable(s *sqlparse.Statement) (table sqlparse.Object, ok bool) {
	for _, n := range s.Needs {
		if n.Privilege == "UPDATE" && s.Kind == "update" || n.Privilege == "DELETE" && s.Kind == "delete" {
			if ok {
				return sqlparse.Object{}, false
			}
			table, ok = n.Object, true
		}
	}
	return table, ok
}
