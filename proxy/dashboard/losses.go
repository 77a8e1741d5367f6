package dashboard

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

// losses finds what was destroyed of late, whatever the view's filters and time
// are: nobody is to read "nothing" who has filtered it away.
func (d *Dashboard) losses(ctx context.Context, _ query, now time.Time, v *overviewView) error {
	recent := audit.Filter{From: now.Add(-lossWindow), Decisions: []audit.Decision{audit.AllowedDestructive}}
	of := func(f audit.Filter) (found []audit.Issue, events int64, total int, err error) {
		found, total, err = d.Store.Issues(ctx, f, audit.ByLast, lossesRead, 0)
		for _, i := range found {
			events += i.InWindow
		}
		return found, events, total, err
	}
	var err error
	wholes, rows := recent, recent
	for _, kind := range rowKinds {
		wholes.Conditions = append(wholes.Conditions, audit.Condition{Field: "kind", Value: kind, Not: true})
		rows.Conditions = append(rows.Conditions, audit.Condition{Field: "kind", Value: kind})
	}
	if v.Losses, v.LossCount, v.LossIssues, err = of(wholes); err != nil {
		return err
	}
	v.MoreLosses = v.LossIssues > len(v.Losses)
	v.Losses = v.Losses[:min(len(v.Losses), lossesShown)]
	if v.RowLosses, _, v.RowIssues, err = of(rows); err != nil {
		return err
	}
	unread := audit.Filter{From: recent.From, Decisions: []audit.Decision{audit.AllowedUnread}}
	if v.Unread, v.UnreadIssues, err = d.Store.Issues(ctx, unread, audit.ByLast, triedShown, 0); err != nil {
		return err
	}
	return d.tried(ctx, recent, v)
}

// rowKinds are the kinds of which audit.TakesRows is true.
var rowKinds = []string{"delete", "delete_multi", "replace", "replace_select", "update", "update_multi"}

// tried finds what was to be dropped and was refused, also where someone knows
// of an earlier time and the list below does not show it: the alert on a
// destructive statement refused, which may have woken the reader, is about it.
func (d *Dashboard) tried(ctx context.Context, recent audit.Filter, v *overviewView) error {
	recent.Decisions = []audit.Decision{audit.Refused}
	values, err := d.Store.Values(ctx, recent.From, menuEntries)
	if err != nil {
		return err
	}
	whole := recent
	for _, kind := range values["kind"] {
		if kind == "truncate" || strings.HasPrefix(kind, "drop_") {
			whole = whole.With("kind", kind)
		}
	}
	if len(whole.Conditions) > 0 {
		if v.Tried, v.TriedIssues, err = d.Store.Issues(ctx, whole, audit.ByLast, triedShown, 0); err != nil {
			return err
		}
	}
	altered, _, err := d.Store.Issues(ctx, recent.With("kind", "alter_table").With("kind", "alter_tablespace"), audit.ByLast, lossesRead, 0)
	if err != nil {
		return err
	}
	altered = slices.DeleteFunc(altered, func(i audit.Issue) bool { return !takesAway.MatchString(i.Need) && !takesAway.MatchString(i.Statement) })
	v.TriedIssues += len(altered)
	v.Tried = append(v.Tried, altered...)
	slices.SortStableFunc(v.Tried, func(a, b audit.Issue) int { return b.LastSeen.Compare(a.LastSeen) })
	v.Tried = v.Tried[:min(len(v.Tried), triedShown)]
	return nil
}

// takesAway finds the alterations by which columns or partitions go; the record
// has no kind for them.
var takesAway = regexp.MustCompile(`(?i)\b(DROP|TRUNCATE|DISCARD)\b`)

// rowsOf says how many rows an issue's statements took.
func rowsOf(i audit.Issue) string {
	switch {
	case i.Rows == 0:
		return "no rows so far"
	case i.InWindow == i.Events:
		return counted(i.Rows, "row")
	}
	return counted(i.Rows, "row") + " in all"
}
