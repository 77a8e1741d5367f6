package dashboard

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"guardrail/proxy/audit"
)

const (
	lossWindow    = 15 * time.Minute
	issuesAPage   = 50
	appsShown     = 12
	hurtShown     = 3
	reloadsShown  = 50
	menuEntries   = 200
	alarmFactor   = 5 // times what is usual
	alarmRate     = 5 // events in a slot, at least
	lossesShown   = 10
	baselineRange = 7 * 24 * time.Hour
)

// troubles are the decisions that make issues of the first view.
var troubles = []audit.Decision{
	audit.Refused, audit.WouldRefuse, audit.LoginRefused, audit.IdentityMismatch, audit.PolicyFailed, audit.RecordGap,
}

// overviewView is the first view.
type overviewView struct {
	Losses    []audit.Issue // dropped, truncated, altered in the last 15 minutes
	LossCount int64
	RowLosses []audit.Issue // rows deleted, as applications do
	RowCount  int64

	Step     string // what a bar stands for
	Apps     []appRow
	MoreApps int
	Hurt     []appRow // of these, far above what is usual
	From, To time.Time
	Ticks    []time.Time

	Issues []issueRow
	Total  int
	Pages  int
	Menus  []menu
	Size   int64
}

type appRow struct {
	Name  string
	Chart chart
	Alarm bool // far above what is usual
}

type issueRow struct {
	audit.Issue
	Trend chart
}

// menu is what one field can be filtered by.
type menu struct {
	Field, Text string
	Values      []string
}

func (d *Dashboard) overview(w http.ResponseWriter, r *http.Request) {
	q := readQuery(r.URL.Query())
	now := d.Now()
	var v overviewView
	for _, part := range []func(context.Context, query, time.Time, *overviewView) error{d.losses, d.refusals, d.issues, d.menus} {
		if err := part(r.Context(), q, now, &v); err != nil {
			d.broken(w, r, err)
			return
		}
	}
	d.render(w, r, http.StatusOK, "overview.html", "", q, v)
}

// losses finds what was destroyed of late, whatever the view's time is.
func (d *Dashboard) losses(ctx context.Context, q query, now time.Time, v *overviewView) error {
	f := audit.Filter{From: now.Add(-lossWindow), Decisions: []audit.Decision{audit.AllowedDestructive}, Conditions: q.Conditions}
	found, _, err := d.Store.Issues(ctx, f, audit.ByLast, 200, 0)
	for _, i := range found {
		if audit.TakesRows(i.Kind) {
			v.RowLosses, v.RowCount = append(v.RowLosses, i), v.RowCount+i.InWindow
		} else {
			v.Losses, v.LossCount = append(v.Losses, i), v.LossCount+i.InWindow
		}
	}
	v.Losses = v.Losses[:min(len(v.Losses), lossesShown)]
	return err
}

// refusals draws the refusals of each app against what is usual for it.
func (d *Dashboard) refusals(ctx context.Context, q query, now time.Time, v *overviewView) error {
	f := q.filter(now, audit.Refused, audit.LoginRefused)
	points, grain, err := d.Store.Series(ctx, f)
	if err != nil {
		return err
	}
	hours := map[string][]audit.Point{}
	if plain(q) {
		week := f
		week.From, week.To = now.Add(-baselineRange), now
		if hours, _, err = d.Store.Series(ctx, week); err != nil {
			return err
		}
	}
	v.From, v.To = q.window(now)
	frame := timeFrame{v.From, v.To, grain}
	marks, err := d.reloads(ctx, f, frame)
	if err != nil {
		return err
	}
	for app, p := range points {
		row := appRow{Name: app, Chart: newChart(p, frame, usual(hours[app], grain), now)}
		row.Chart.Marks = marks
		row.Alarm = row.Chart.Lately >= alarmRate && float64(row.Chart.Lately) > alarmFactor*row.Chart.Usual
		v.Apps = append(v.Apps, row)
	}
	slices.SortFunc(v.Apps, func(a, b appRow) int {
		return cmp.Or(-cmp.Compare(a.Chart.Total, b.Chart.Total), cmp.Compare(a.Name, b.Name))
	})
	v.Hurt = slices.DeleteFunc(slices.Clone(v.Apps), func(a appRow) bool { return !a.Alarm })
	v.Hurt = v.Hurt[:min(len(v.Hurt), hurtShown)]
	v.Ticks = frame.ticks()
	v.MoreApps = max(len(v.Apps)-appsShown, 0)
	v.Apps = v.Apps[:len(v.Apps)-v.MoreApps]
	v.Step = stepOf(grain)
	return nil
}

// stepOf is what a bar stands for.
func stepOf(grain time.Duration) string {
	switch grain {
	case time.Minute:
		return "a minute"
	case 10 * time.Minute:
		return "in ten minutes"
	case time.Hour:
		return "an hour"
	}
	return "a day"
}

// plain reports whether a query asks for nothing that the baseline cannot be cut by.
func plain(q query) bool {
	return !slices.ContainsFunc(q.Conditions, func(c audit.Condition) bool { return c.Field != "app" && c.Field != "environment" })
}

// reloads are the moments at which policies were loaded, or could not be.
func (d *Dashboard) reloads(ctx context.Context, f audit.Filter, frame timeFrame) ([]mark, error) {
	events, err := d.Store.Events(ctx, audit.Filter{From: f.From, To: f.To, Decisions: []audit.Decision{audit.PolicyLoaded, audit.PolicyFailed}}, "", reloadsShown)
	var marks []mark
	for _, e := range events {
		m := mark{X: frame.x(e.Time), Bad: e.Decision == audit.PolicyFailed, Text: "policies loaded at " + e.Time.UTC().Format("15:04:05") + " UTC"}
		if m.Bad {
			m.Text = "policies could not be loaded at " + e.Time.UTC().Format("15:04:05") + " UTC: " + e.Reason
		}
		marks = append(marks, m)
	}
	return marks, err
}

func (d *Dashboard) issues(ctx context.Context, q query, now time.Time, v *overviewView) error {
	f := q.filter(now)
	if len(filterValues(q, "decision")) == 0 {
		f.Decisions = troubles
	}
	if q.Show != "all" {
		acknowledged := q.Show == "acknowledged"
		f.Acknowledged = &acknowledged
	}
	found, total, err := d.Store.Issues(ctx, f, q.Order, issuesAPage, (q.Page-1)*issuesAPage)
	if err != nil {
		return err
	}
	ids := make([]audit.IssueID, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	points, grain, err := d.Store.Trends(ctx, f, ids)
	frame := timeFrame{v.From, v.To, grain}
	for _, i := range found {
		v.Issues = append(v.Issues, issueRow{i, trend(points[i.ID], frame, now)})
	}
	v.Total, v.Pages = total, (total+issuesAPage-1)/issuesAPage
	return err
}

// filterValues are those that a query asks for in a field.
func filterValues(q query, field string) []string {
	var out []string
	for _, c := range q.Conditions {
		if c.Field == field && !c.Not {
			out = append(out, c.Value)
		}
	}
	return out
}

// menus are what the filters offer.
func (d *Dashboard) menus(ctx context.Context, _ query, now time.Time, v *overviewView) error {
	values, err := d.Store.Values(ctx, v.From, menuEntries)
	if err != nil {
		return err
	}
	for _, m := range []menu{{Field: "app", Text: "App"}, {Field: "environment", Text: "Environment"}, {Field: "rule", Text: "Rule"}, {Field: "kind", Text: "Kind"}} {
		m.Values = values[m.Field]
		v.Menus = append(v.Menus, m)
	}
	v.Size, err = d.Store.Size(ctx)
	return err
}
