package dashboard

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

// functions are what the templates can call.
func (d *Dashboard) functions() template.FuncMap {
	return template.FuncMap{
		"what": what, "why": why, "verdict": verdict, "rate": rate, "bytes": bytesOf, "span": span,
		"number": func(n any) string {
			if small, ok := n.(int); ok {
				return number(int64(small))
			}
			return number(n.(int64))
		},
		"ago":     func(t time.Time) string { return ago(d.Now(), t) },
		"iso":     func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") },
		"clock":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"short":   func(t time.Time) string { return short(d.Now(), t.UTC()) },
		"value":   func(q query, field, text string) value { return newValue(q, "/", field, text) },
		"valueIn": newValue,
		"badge":   newBadge, "backends": backends, "tag": tagOf,
		"ranges": func() []choice { return ranges }, "orders": func() []choice { return orders }, "shows": func() []choice { return shows }, "outcomes": func() []choice { return outcomes },
		"shown":   shown,
		"filters": func(q query, path string, menus []menu) filters { return filters{q, path, path == "/", menus} },
		"has": func(q query, field, value string) bool {
			return slices.Contains(filterValues(q, field), value)
		},
		"at":       func(q query, path string) string { return q.at(path) },
		"list":     func(s []string) string { return strings.Join(s, ", ") },
		"first":    firstOf,
		"rowsOf":   rowsOf,
		"observed": func(i audit.Issue) bool { return i.Cause == audit.CauseObserved },
		"counted":  counted,
		"place":    place,
		"share":    share,
		"add":      func(a, b int) int { return a + b },
		"sub":      func(a, b int) int { return a - b },
		"since": func(i audit.Issue) int64 {
			if i.Acknowledged == nil {
				return 0
			}
			return i.Events - i.Acknowledged.Events
		},
	}
}

// value is something that can be filtered by, with the addresses of the views
// that have only it and all but it.
type value struct{ Field, Text, Only, Not string }

func newValue(q query, view, field, text string) value {
	v := value{Field: field, Text: text, Only: q.With(field, text, false).at(view), Not: q.With(field, text, true).at(view)}
	if field == "decision" {
		v.Field, v.Text = "outcome", verdict(audit.Decision(text))
	}
	return v
}

// badge is a decision with its colour.
type badge struct{ Class, Text string }

func newBadge(d audit.Decision, kind string) badge {
	class := string(d)
	if d == audit.AllowedDestructive && audit.TakesRows(kind) {
		class = "rows"
	}
	return badge{class, verdict(d)}
}

// filters are the menus over a view.
type filters struct {
	Query  query
	Path   string
	Issues bool // it lists issues, not events
	Menus  []menu
}

// shown is a filter's field and value in the page's words.
func shown(c audit.Condition) string {
	operator := "="
	if c.Not {
		operator = "≠"
	}
	if c.Field == "decision" {
		return "outcome " + operator + " " + verdict(audit.Decision(c.Value))
	}
	return c.Field + " " + operator + " " + c.Value
}

// tagOf says what a backend's data is tagged with.
func tagOf(b Backend) string {
	switch b.TagState {
	case "match":
		return "tagged " + b.Tag
	case "mismatch":
		return "tagged " + b.Tag + ": wrong environment"
	case "missing":
		return "not tagged"
	case "unknown":
		return "tag not known"
	}
	return ""
}

// backends says how many can be used.
func backends(all []Backend) string {
	up := 0
	for _, b := range all {
		if b.Err == "" {
			up++
		}
	}
	switch {
	case len(all) == 0:
		return "backends are being looked at"
	case len(all) == 1 && up == 1:
		return "backend up"
	}
	return fmt.Sprintf("%d of %d backends up", up, len(all))
}

func firstOf(n int, clients []audit.ClientCount) []audit.ClientCount {
	return clients[:min(n, len(clients))]
}

// place is where a rule is written, unless its name says so.
func place(rule, file string, line int) string {
	if file == "" {
		return ""
	}
	at := fmt.Sprintf("%s:%d", file, line)
	if strings.HasSuffix(at, rule) || strings.HasSuffix(rule, at) {
		return ""
	}
	return at
}

// counted is a number of things.
func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// share is a part of a whole in per cent.
func share(part, whole int64) string {
	if whole == 0 || part == 0 {
		return "0 %"
	}
	if p := float64(part) / float64(whole) * 100; p >= 0.01 {
		return fmt.Sprintf("%.2f %%", p)
	}
	return "under 0.01 %"
}
