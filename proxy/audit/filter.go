package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter says which issues and events are asked for. Its zero value asks for all.
type Filter struct {
	From, To   time.Time // To is not included; zero for no end
	Decisions  []Decision
	Conditions []Condition
	// Acknowledged asks for issues with or without an acknowledgement; nil for both.
	Acknowledged *bool
}

// Condition is one of a filter's. Conditions on the same field that are not
// negated are alternatives; all others must hold together.
type Condition struct {
	Field string // one of Fields
	Value string
	Not   bool
}

// Fields are what can be filtered by.
var fields = []string{"app", "environment", "backend", "rule", "kind", "client", "account", "decision"}

// Fields returns the names that a Condition may have.
func Fields() []string { return slices.Clone(fields) }

// Decisions returns all that a Condition on "decision" may ask for.
func Decisions() []Decision {
	return []Decision{Refused, WouldRefuse, AllowedDestructive, AllowedUnread, AllowedByException, LoginRefused, IdentityMismatch, IdentityChanged, PolicyLoaded, PolicyFailed, RecordGap}
}

// With returns the filter with one more condition.
func (f Filter) With(field, value string) Filter {
	f.Conditions = append(slices.Clip(f.Conditions), Condition{Field: field, Value: value})
	return f
}

// check refuses a field that there is not.
func (f Filter) check() error {
	for _, c := range f.Conditions {
		if !slices.Contains(fields, c.Field) {
			return fmt.Errorf("no events have a field %q; there are %s", c.Field, strings.Join(fields, ", "))
		}
	}
	return nil
}

// clause is a part of a query with its arguments.
type clause struct {
	text string
	args []any
}

// issues is the condition on rows of issues, named i.
func (f Filter) issues() clause {
	parts, args := []string{"1 = 1"}, []any(nil)
	add := func(text string, values ...any) {
		parts, args = append(parts, text), append(args, values...)
	}
	if len(f.Decisions) > 0 {
		add("i.decision IN ("+marks(len(f.Decisions))+")", anys(f.Decisions)...)
	}
	if f.Acknowledged != nil {
		add(map[bool]string{true: "i.acknowledged_at IS NOT NULL", false: "i.acknowledged_at IS NULL"}[*f.Acknowledged])
	}
	for _, field := range fields {
		if field == "account" {
			continue // an issue has many; see events
		}
		for _, not := range []bool{false, true} {
			if values := f.values(field, not); len(values) > 0 {
				add(issueCondition(field, not, len(values)), anys(values)...)
			}
		}
	}
	return clause{strings.Join(parts, " AND "), args}
}

// values are those of the filter's conditions on a field.
func (f Filter) values(field string, not bool) []string {
	var out []string
	for _, c := range f.Conditions {
		if c.Field == field && c.Not == not {
			out = append(out, c.Value)
		}
	}
	return out
}

// issueCondition is a condition on an issue. An issue has many clients: one is
// asked for, or one that is none of those excluded.
func issueCondition(field string, not bool, n int) string {
	in := "IN (" + marks(n) + ")"
	if not {
		in = "NOT " + in
	}
	if field == "client" && not {
		return "EXISTS (SELECT 1 FROM clients k WHERE k.issue = i.id AND k.client " + in + ")"
	}
	if field == "client" {
		return "i.id IN (SELECT k.issue FROM clients k WHERE k.client " + in + ")"
	}
	return "i." + field + " " + in
}

// events is the condition on rows of events, named e, beyond that on their issue.
func (f Filter) events() clause {
	parts, args := []string{"1 = 1"}, []any(nil)
	if !f.From.IsZero() {
		parts, args = append(parts, "e.id >= ?"), append(args, firstID(f.From))
	}
	if !f.To.IsZero() {
		parts, args = append(parts, "e.id < ?"), append(args, firstID(f.To))
	}
	for _, field := range []string{"client", "account"} {
		if values := f.values(field, false); len(values) > 0 {
			parts, args = append(parts, "e."+field+" IN ("+marks(len(values))+")"), append(args, anys(values)...)
		}
		if values := f.values(field, true); len(values) > 0 {
			parts, args = append(parts, "e."+field+" NOT IN ("+marks(len(values))+")"), append(args, anys(values)...)
		}
	}
	return clause{strings.Join(parts, " AND "), args}
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func anys[T ~string | ~int64](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		switch v := any(v).(type) {
		case Decision:
			out[i] = string(v)
		case IssueID:
			out[i] = int64(v)
		default:
			out[i] = v
		}
	}
	return out
}
