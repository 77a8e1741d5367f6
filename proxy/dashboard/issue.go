package dashboard

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

const eventsOfAnIssue = 50

// issueView is one issue's own page.
type issueView struct {
	audit.Issue
	Timeline chart
	Step     string
	From, To time.Time
	Ticks    []time.Time
	Events   []audit.Kept
	More     string // the event before which there are more; empty for none
	Notes    []audit.Note
	Explanation
}

func (d *Dashboard) issue(w http.ResponseWriter, r *http.Request) {
	id, err := audit.ParseIssueID(r.PathValue("id"))
	if err != nil {
		d.fail(w, r, http.StatusNotFound, upperFirst(err.Error())+".")
		return
	}
	q, ok := d.asked(w, r)
	if !ok {
		return
	}
	v, err := d.issueView(r, id, &q)
	if errors.Is(err, audit.ErrNotFound) {
		d.fail(w, r, http.StatusNotFound, "This issue is not in the record. It may be older than what is kept.")
		return
	}
	if err != nil {
		d.broken(w, r, err)
		return
	}
	d.render(w, r, http.StatusOK, "issue.html", what(v.Issue), q, v)
}

// issueView gathers an issue. Where the address says no time, the one that
// holds its last events is shown.
func (d *Dashboard) issueView(r *http.Request, id audit.IssueID, q *query) (issueView, error) {
	ctx, now := r.Context(), d.Now()
	i, err := d.Store.Issue(ctx, id)
	if err != nil {
		return issueView{}, err
	}
	if !r.URL.Query().Has("range") && q.From == "" {
		q.Range = narrowest(now.Sub(i.LastSeen))
	}
	f := q.filter(now)
	f.Conditions = nil
	v := issueView{Issue: i}
	v.From, v.To = q.window(now)
	points, grain, err := d.Store.Trends(ctx, f, []audit.IssueID{id}, 0)
	if err != nil {
		return v, err
	}
	frame := timeFrame{v.From, v.To, grain}
	v.Timeline, v.Step, v.Ticks = newChart(points[id], frame, 0, now), stepOf(grain), frame.ticks()
	if v.Timeline.Marks, err = d.reloads(ctx, f, frame); err != nil {
		return v, err
	}
	if v.Events, err = d.Store.EventsOf(ctx, id, q.Before, eventsOfAnIssue+1); err != nil {
		return v, err
	}
	if len(v.Events) > eventsOfAnIssue {
		v.Events = v.Events[:eventsOfAnIssue]
		v.More = v.Events[eventsOfAnIssue-1].ID
	}
	if v.Notes, err = d.Store.Notes(ctx, id); err != nil {
		return v, err
	}
	v.Explanation = d.Guard.Explain(i)
	return v, nil
}

// narrowest is the shortest range that holds what was so long ago.
func narrowest(d time.Duration) string {
	for _, r := range ranges[2:] {
		if d < rangeOf(r.Value) {
			return r.Value
		}
	}
	return ranges[len(ranges)-1].Value
}

func (d *Dashboard) acknowledge(w http.ResponseWriter, r *http.Request) {
	d.noted(w, r, func(id audit.IssueID, a audit.Acknowledgement) error {
		if a.Note == "" {
			return errNoNote
		}
		return d.Store.Acknowledge(r.Context(), id, a)
	})
}

var errNoNote = errors.New("the next one on call needs a note")

func (d *Dashboard) reopen(w http.ResponseWriter, r *http.Request) {
	d.noted(w, r, func(id audit.IssueID, a audit.Acknowledgement) error { return d.Store.Reopen(r.Context(), id, a) })
}

// noted notes what a form says of an issue, and shows the issue again.
func (d *Dashboard) noted(w http.ResponseWriter, r *http.Request, note func(audit.IssueID, audit.Acknowledgement) error) {
	id, err := audit.ParseIssueID(r.PathValue("id"))
	if err != nil {
		d.fail(w, r, http.StatusNotFound, upperFirst(err.Error())+".")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		d.fail(w, r, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	err = note(id, audit.Acknowledgement{At: d.Now(), By: viewer(r), Note: strings.TrimSpace(r.PostForm.Get("note"))})
	switch {
	case errors.Is(err, errNoNote):
		d.fail(w, r, http.StatusBadRequest, upperFirst(err.Error())+".")
	case errors.Is(err, audit.ErrNotFound):
		d.fail(w, r, http.StatusNotFound, "This issue is not in the record.")
	case err != nil:
		d.broken(w, r, err)
	default:
		http.Redirect(w, r, "/issues/"+id.String(), http.StatusSeeOther)
	}
}
