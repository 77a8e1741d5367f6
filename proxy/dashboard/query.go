package dashboard

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

// query is what a view shows, as its address says: ?app=a&app=b&not.client=c&range=3h
// or &from=...&to=..., &order=count, &show=acknowledged, &page=2, &before=event.
type query struct {
	Conditions []audit.Condition
	Range      string
	From, To   string // as written; empty with a Range
	Order      audit.Order
	Show       string
	Page       int
	Before     string
}

// choice is one entry of a menu.
type choice struct{ Value, Text string }

const defaultRange = "3h"

var (
	ranges = []choice{
		{"15m", "15 minutes"}, {"1h", "1 hour"}, {"3h", "3 hours"}, {"6h", "6 hours"}, {"24h", "24 hours"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"},
	}
	orders = []choice{{"first", "newest"}, {"last", "last seen"}, {"count", "most events"}}
	// outcomes are the decisions that a menu offers.
	outcomes = []choice{
		{string(audit.Refused), "refused"}, {string(audit.WouldRefuse), "observed"}, {string(audit.AllowedDestructive), "destructive, allowed"},
		{string(audit.AllowedUnread), "unread, allowed"},
		{string(audit.AllowedByException), "by exception, allowed"},
		{string(audit.LoginRefused), "login refused"}, {string(audit.IdentityMismatch), "wrong environment"}, {string(audit.IdentityChanged), "another server"},
		{string(audit.PolicyLoaded), "policy loaded"}, {string(audit.PolicyFailed), "policy failed"}, {string(audit.RecordGap), "record gap"},
	}
	shows = []choice{{"open", "open"}, {"acknowledged", "acknowledged"}, {"all", "all"}}
)

// A view repeats its conditions in each of some hundred links.
const (
	maxConditions = 20
	maxValue      = 256 // bytes, of the longest column that can be filtered by
)

// readQuery reads an address. What it does not understand it leaves out; an error
// is for the reader.
func readQuery(v url.Values) (query, error) {
	q := query{Range: oneOf(v.Get("range"), ranges, ""), Order: audit.Order(oneOf(v.Get("order"), orders, "first")), Show: oneOf(v.Get("show"), shows, "open")}
	for _, field := range audit.Fields() {
		if field == "account" {
			continue // no index serves it; guardrail audit knows it
		}
		for _, not := range []bool{false, true} {
			for _, value := range v[name(field, not)] {
				switch {
				case value == "":
					continue
				case len(value) > maxValue:
					return query{}, fmt.Errorf("the %s asked for is longer than any in the record: %d bytes at most", field, maxValue)
				case len(q.Conditions) == maxConditions:
					return query{}, fmt.Errorf("a view has at most %d filters; remove some of them first", maxConditions)
				}
				q.Conditions = append(q.Conditions, audit.Condition{Field: field, Value: value, Not: not})
			}
		}
	}
	if from, ok := parseMoment(v.Get("from")); ok {
		q.From, q.Range = v.Get("from"), ""
		if to, ok := parseMoment(v.Get("to")); ok && to.After(from) {
			q.To = v.Get("to")
		}
	}
	if q.Range == "" && q.From == "" {
		q.Range = defaultRange
	}
	q.Page, _ = strconv.Atoi(v.Get("page"))
	q.Page = min(max(q.Page, 1), 1000)
	if before := v.Get("before"); eventID.FindString(before) == before {
		q.Before = before
	}
	return q, nil
}

func oneOf(value string, of []choice, otherwise string) string {
	if slices.ContainsFunc(of, func(c choice) bool { return c.Value == value }) {
		return value
	}
	return otherwise
}

// name is a condition's in an address.
func name(field string, not bool) string {
	if not {
		return "not." + field
	}
	return field
}

// parseMoment reads what a form's date and time holds, in UTC, or a full one.
func parseMoment(s string) (time.Time, bool) {
	if len(s) > len(time.RFC3339Nano) {
		return time.Time{}, false // a fraction of any length would be one
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// window is the time that the query asks for.
func (q query) window(now time.Time) (from, to time.Time) {
	if q.From != "" {
		from, _ = parseMoment(q.From)
		if to, ok := parseMoment(q.To); ok {
			return from, to
		}
		return from, now
	}
	return now.Add(-rangeOf(q.Range)), now
}

func rangeOf(s string) time.Duration {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, _ := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 3 * time.Hour
	}
	return d
}

// filter asks the store for decisions within the query.
func (q query) filter(now time.Time, decisions ...audit.Decision) audit.Filter {
	f := audit.Filter{Conditions: q.Conditions, Decisions: decisions}
	f.From, f.To = q.window(now)
	if q.From == "" {
		f.To = time.Time{} // up to what comes while the page is made
	}
	return f
}

// values writes the query as an address does.
func (q query) values() url.Values {
	v := url.Values{}
	for _, c := range q.Conditions {
		v.Add(name(c.Field, c.Not), c.Value)
	}
	set := func(key, value, usual string) {
		if value != "" && value != usual {
			v.Set(key, value)
		}
	}
	set("range", q.Range, defaultRange)
	set("from", q.From, "")
	set("to", q.To, "")
	set("order", string(q.Order), "first")
	set("show", q.Show, "open")
	set("before", q.Before, "")
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return v
}

// at is the address of a path with the query.
func (q query) at(path string) string {
	if encoded := q.values().Encode(); encoded != "" {
		return path + "?" + encoded
	}
	return path
}

// With is the query with one more condition, in place of the opposite one.
func (q query) With(field, value string, not bool) query {
	q = q.Without(field, value)
	q.Conditions = append(slices.Clip(q.Conditions), audit.Condition{Field: field, Value: value, Not: not})
	return q
}

// Without is the query without its conditions on a value.
func (q query) Without(field, value string) query {
	q.Conditions = slices.DeleteFunc(slices.Clone(q.Conditions), func(c audit.Condition) bool { return c.Field == field && c.Value == value })
	q.Page, q.Before = 1, ""
	return q
}

// OnPage is the query at another page of issues.
func (q query) OnPage(n int) query {
	q.Page = n
	return q
}

// Older is the query for the events before one.
func (q query) Older(than string) query {
	q.Before = than
	return q
}

// Ranged is the query over another time.
func (q query) Ranged(r string) query {
	q.Range, q.From, q.To, q.Page, q.Before = r, "", "", 1, ""
	return q
}

// Words says what time the query asks for.
func (q query) Words() string {
	if q.From != "" {
		return fmt.Sprintf("%s to %s, UTC", strings.Replace(q.From, "T", " ", 1), strings.Replace(orElse(q.To, "now"), "T", " ", 1))
	}
	for _, c := range ranges {
		if c.Value == q.Range {
			return "the last " + c.Text
		}
	}
	return q.Range
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
