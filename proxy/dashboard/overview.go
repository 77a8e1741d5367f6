package dashboard

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/audit"
)

const (
	lossWindow   = 15 * time.Minute
	issuesAPage  = 50
	appsShown    = 12
	reloadsShown = 50
	menuEntries  = 200
	alarmFactor  = 5 // times what is usual
	alarmRate    = 5 // events in a slot, at least
	lossesShown  = 6
	triedShown   = 3
	lossesRead   = 200
)

// troubles are the decisions that make issues of the first view.
var troubles = []audit.Decision{
	audit.Refused, audit.WouldRefuse, audit.LoginRefused, audit.IdentityMismatch, audit.IdentityChanged, audit.PolicyFailed, audit.RecordGap,
}

// overviewView is the first view.
type overviewView struct {
	Losses       []audit.Issue // dropped, truncated, altered in the last 15 minutes
	LossCount    int64
	LossIssues   int           // in all; so many are not shown
	MoreLosses   bool          // there are more than were counted
	RowLosses    []audit.Issue // rows deleted, as applications do
	RowIssues    int
	Unread       []audit.Issue // let through although nobody could read them
	UnreadIssues int
	Tried        []audit.Issue // dropping and truncating refused in these minutes
	TriedIssues  int

	Hurt     []appRow // refused far more than usual just now
	HurtStep string   // what their figures are counted in
	Step     string   // what a bar stands for
	Apps     []appRow
	Baseline bool // what is usual is known for what the view asks for
	MoreApps int
	From, To time.Time
	Ticks    []time.Time

	Issues []issueRow
	Total  int
	Page   int // the one that is shown: the last where a later one is asked for
	Pages  int
	Menus  []menu
	Size   int64
}

type appRow struct {
	Name        string
	Environment string
	Chart       chart
	Alarm       bool // far above what is usual
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
	q, ok := d.asked(w, r)
	if !ok {
		return
	}
	now := d.Now()
	var v overviewView
	v.From, v.To = q.window(now)
	if err := d.gather(r.Context(), q, now, &v); err != nil {
		d.broken(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "overview.html", "", q, v)
}

// gather fills the first view. Its parts ask the store at the same time: each
// takes a while of its own.
func (d *Dashboard) gather(ctx context.Context, q query, now time.Time, v *overviewView) error {
	parts := []func(context.Context, query, time.Time, *overviewView) error{d.losses, d.refusals, d.issues, d.offer}
	failed := make([]error, len(parts))
	var all sync.WaitGroup
	for i, part := range parts {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil { // it would end the process from here
					d.Log.Error("panic in a view", zap.Any("panic", p), zap.Stack("stack"))
					failed[i] = errors.New("a fault of Guardrail's own; its log says where")
				}
			}()
			failed[i] = part(ctx, q, now, v)
		})
	}
	all.Wait()
	return errors.Join(distinct(failed)...)
}

// distinct are errors without those that say what another one says.
func distinct(all []error) []error {
	var out []error
	for _, err := range all {
		if err != nil && !slices.ContainsFunc(out, func(e error) bool { return e.Error() == err.Error() }) {
			out = append(out, err)
		}
	}
	return out
}

// refusals draws the refusals of each app against what is usual for it, and
// finds the apps that are refused far more than that just now, whatever the
// view's filters and time are.
func (d *Dashboard) refusals(ctx context.Context, q query, now time.Time, v *overviewView) error {
	usually, err := d.usually(ctx, now)
	if err != nil {
		return err
	}
	if err := d.hurt(ctx, usually, now, v); err != nil {
		return err
	}
	f := q.filter(now, refused...)
	points, grain, err := d.series(ctx, f)
	if err != nil {
		return err
	}
	v.Baseline = plain(q)
	frame := timeFrame{v.From, v.To, grain}
	marks, err := d.reloads(ctx, f, frame)
	if err != nil {
		return err
	}
	for at, p := range points {
		row := appRow{Name: at.app, Environment: at.environment}
		normal := 0.0
		if v.Baseline {
			normal = usual(usually[at], grain)
			row.Alarm = !v.To.Before(now) && slices.ContainsFunc(v.Hurt, row.same)
		}
		row.Chart = newChart(p, frame, normal, now)
		row.Chart.Marks = marks
		v.Apps = append(v.Apps, row)
	}
	sortRows(v.Apps, func(c chart) int64 { return c.Total })
	v.Ticks = frame.ticks()
	v.MoreApps = max(len(v.Apps)-appsShown, 0)
	v.Apps = v.Apps[:len(v.Apps)-v.MoreApps]
	v.Step = stepOf(grain)
	return nil
}

// hurt finds the apps whose refusals of the last quarter of an hour are far
// above what is usual, the worst first.
func (d *Dashboard) hurt(ctx context.Context, usually map[appIn][]audit.Point, now time.Time, v *overviewView) error {
	f := audit.Filter{From: now.Add(-lately), Decisions: refused}
	points, grain, err := d.series(ctx, f)
	if err != nil {
		return err
	}
	for at, p := range points {
		c := newChart(p, timeFrame{f.From, now, grain}, usual(usually[at], grain), now)
		if c.Lately >= alarmRate && float64(c.Lately) > alarmFactor*c.Usual {
			v.Hurt = append(v.Hurt, appRow{at.app, at.environment, c, true})
		}
	}
	sortRows(v.Hurt, func(c chart) int64 { return c.Lately })
	v.HurtStep = stepOf(grain)
	return nil
}

func (r appRow) same(other appRow) bool {
	return r.Name == other.Name && r.Environment == other.Environment
}

// sortRows puts the rows with the most events first.
func sortRows(rows []appRow, events func(chart) int64) {
	slices.SortFunc(rows, func(a, b appRow) int {
		return cmp.Or(-cmp.Compare(events(a.Chart), events(b.Chart)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Environment, b.Environment))
	})
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
	page := func(n int) (found []audit.Issue, err error) {
		found, v.Total, err = d.Store.Issues(ctx, f, q.Order, issuesAPage, (n-1)*issuesAPage)
		v.Page, v.Pages = n, (v.Total+issuesAPage-1)/issuesAPage
		return found, err
	}
	found, err := page(q.Page)
	if err == nil && len(found) == 0 && v.Total > 0 {
		found, err = page(v.Pages)
	}
	if err != nil {
		return err
	}
	ids := make([]audit.IssueID, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	points, grain, err := d.Store.Trends(ctx, f, ids, trendBars)
	frame := timeFrame{v.From, v.To, grain}
	for _, i := range found {
		v.Issues = append(v.Issues, issueRow{i, newChart(points[i.ID], frame, 0, now)})
	}
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

// offer fills what the first view's filters offer.
func (d *Dashboard) offer(ctx context.Context, _ query, _ time.Time, v *overviewView) (err error) {
	if v.Menus, err = d.menus(ctx, v.From); err != nil {
		return err
	}
	v.Size, err = d.Store.Size(ctx)
	return err
}

// menus are what can be filtered by, of what was seen since a time.
func (d *Dashboard) menus(ctx context.Context, since time.Time) ([]menu, error) {
	values, err := d.Store.Values(ctx, since, menuEntries)
	if err != nil {
		return nil, err
	}
	all := []menu{{Field: "app", Text: "App"}, {Field: "environment", Text: "Environment"}, {Field: "rule", Text: "Rule"}, {Field: "kind", Text: "Kind"}}
	for i := range all {
		all[i].Values = values[all[i].Field]
	}
	return all, nil
}
