package policy

import (
	"guardrail/policy/strictyaml"
)

// parseGrant reads a grant in its short form, a text, or its long one.
func parseGrant(v strictyaml.Value) line {
	if !v.IsMap() {
		return line{RuleLine: RuleLine{Rule: place(v), Text: v.Written()}, clause: parseClause(v), at: marks{self: v, text: v}}
	}
	f := v.Fields("allow", "environments", "during", "id")
	allow := f.Need("allow", "write what is granted, as in allow: SELECT ON db.*")
	l := newLine(v, f, allow)
	l.clause = parseClause(allow)
	return l
}

// parseDenies reads deny.
func parseDenies(v strictyaml.Value) []line {
	var out []line
	for _, item := range v.Items() {
		l := parseRule(item, "write what is denied, as in rule: DROP TABLE ON db.*")
		l.clause = parseClause(l.written)
		out = append(out, l.line)
	}
	return out
}

// parseRequires reads require.
func parseRequires(v strictyaml.Value) []line {
	var out []line
	for _, item := range v.Items() {
		l := parseRule(item, "write what is required, as in rule: WHERE FOR UPDATE, DELETE")
		l.demand, _ = parseDemand(l.written)
		l.AtLogin = l.demand.kind == demandDeclared
		out = append(out, l.line)
	}
	return out
}

// unread is a line with its text still to be read.
type unread struct {
	line
	written strictyaml.Value
}

// parseRule reads the frame of a deny or require line, short or long.
func parseRule(v strictyaml.Value, hint string) unread {
	if !v.IsMap() {
		return unread{line: line{RuleLine: RuleLine{Rule: place(v), Text: v.Written()}, at: marks{self: v, text: v}}, written: v}
	}
	f := v.Fields("id", "rule", "because", "environments", "during", "mode", "until")
	written := f.Need("rule", hint)
	l := newLine(v, f, written)
	l.Because = f.Get("because").Text()
	l.Until, l.at.until = parseMode(f), f.Get("until")
	return unread{line: l, written: written}
}

// parseExceptions reads exceptions. Each names its app, its end, its ticket and who opened it.
func parseExceptions(v strictyaml.Value) []line {
	var out []line
	for _, item := range v.Items() {
		out = append(out, parseException(item))
	}
	return out
}

func parseException(v strictyaml.Value) line {
	f := v.Fields("id", "app", "allow", "lift", "environments", "from", "until", "ticket", "by", "because")
	named := f.Need("app", "name the app that may do more for a while")
	what := exceptionSubject(v, f)
	l := newLine(v, f, what)
	if lift := f.Get("lift"); lift.Exists() {
		l.lifts, l.at.lifts = lift.Word("a rule's id"), lift
		l.Text = "lift " + l.lifts
	} else {
		l.clause = parseClause(what)
	}
	l.App, l.at.app = named.Text(), named
	l.From = f.Get("from").Time()
	l.at.until = f.Need("until", "every exception ends by itself, as in until: 2026-12-01T09:00:00+09:00")
	l.Until = l.at.until.Time()
	if !l.From.IsZero() && !l.Until.IsZero() && !l.From.Before(l.Until) {
		f.Get("from").Fail("from is not before until", "an exception begins before it ends")
	}
	ticket := f.Need("ticket", "write where it was agreed, as in ticket: OPS-123").Text()
	by := f.Need("by", "write who opened it, as in by: dba-oncall").Text()
	l.Because = exceptionReason(f.Get("because").Text(), ticket, by)
	return l
}

// exceptionSubject is what an exception is about: one of allow and lift.
func exceptionSubject(v strictyaml.Value, f strictyaml.Fields) strictyaml.Value {
	lift := f.Get("lift")
	switch {
	case lift.Exists() && f.Get("allow").Exists():
		v.Fail("an exception allows something or lifts a rule", "write two exceptions")
		return lift
	case lift.Exists():
		return lift
	}
	return f.Need("allow", "write what is allowed, as in allow: DROP TABLE ON db.old_*, or the rule to lift, as in lift: no-drop")
}

func exceptionReason(because, ticket, by string) string {
	reason := ticket + " by " + by
	if because != "" {
		reason += ": " + because
	}
	return reason
}

// newLine fills in what all long forms share. The rule stands where its text is.
func newLine(v strictyaml.Value, f strictyaml.Fields, text strictyaml.Value) line {
	l := line{RuleLine: RuleLine{Rule: place(v), Text: text.Written()}, at: marks{self: v, text: text, id: f.Get("id")}}
	if text.Exists() {
		l.Rule = place(text)
	}
	if id := f.Get("id").Word("an id"); id != "" {
		l.ID = id
	}
	l.Environments, l.at.environments = parseEnvironments(f.Get("environments"))
	l.during = parseWindows(f.Get("during"))
	l.During = l.during.texts()
	return l
}
