package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"guardrail/proxy/audit"
)

const eventsAPage = 100

// eventsView is a list of events, the latest first.
type eventsView struct {
	Events []audit.Kept
	More   string
	Menus  []menu
}

func (d *Dashboard) events(w http.ResponseWriter, r *http.Request) {
	q, ok := d.asked(w, r)
	if !ok {
		return
	}
	found, err := d.Store.Events(r.Context(), q.filter(d.Now()), q.Before, eventsAPage+1)
	if err != nil {
		d.broken(w, r, err)
		return
	}
	v := eventsView{Events: found}
	from, _ := q.window(d.Now())
	if v.Menus, err = d.menus(r.Context(), from); err != nil {
		d.broken(w, r, err)
		return
	}
	if len(found) > eventsAPage {
		v.Events, v.More = found[:eventsAPage], found[eventsAPage-1].ID
	}
	d.render(w, r, http.StatusOK, "events.html", "Events", q, v)
}

// eventView is one event.
type eventView struct {
	audit.Kept
	OfIssue audit.Issue
	Counted bool // it was counted, and only its time and its issue are known
}

func (d *Dashboard) event(w http.ResponseWriter, r *http.Request) {
	id := strings.ToUpper(r.PathValue("id"))
	v, err := d.eventView(r.Context(), id)
	switch {
	case errors.Is(err, audit.ErrNotFound):
		d.fail(w, r, http.StatusNotFound, "There is no event "+id+" in the record. It may be older than what is kept, or belong to another proxy.")
	case err != nil:
		d.broken(w, r, err)
	default:
		d.render(w, r, http.StatusOK, "event.html", "Event "+id, query{Range: defaultRange}, v)
	}
}

// eventView finds an event and its issue. An issue all of whose events are kept
// has no other, whatever its id looks like.
func (d *Dashboard) eventView(ctx context.Context, id string) (eventView, error) {
	k, err := d.Store.Event(ctx, id)
	v := eventView{Kept: k, Counted: errors.Is(err, audit.ErrNotFound)}
	if err != nil && (!v.Counted || k.Issue == 0) {
		return v, err
	}
	if v.OfIssue, err = d.Store.Issue(ctx, k.Issue); err != nil {
		return v, err
	}
	if !v.Counted {
		v.OfIssue.Account = k.Account
		return v, nil
	}
	if v.OfIssue.Events <= eventsOfAnIssue {
		kept, err := d.Store.EventsOf(ctx, k.Issue, "", eventsOfAnIssue)
		if err == nil && int64(len(kept)) == v.OfIssue.Events {
			err = audit.ErrNotFound
		}
		return v, err
	}
	return v, nil
}

// eventID is what an event's id looks like.
var eventID = regexp.MustCompile(`(?i)\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b`)

// find opens the event whose id was pasted, alone or with the error around it,
// in which it comes last.
func (d *Dashboard) find(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("event"))
	if ids := eventID.FindAllString(text, -1); len(ids) > 0 {
		text = ids[len(ids)-1]
	}
	if text == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/events/"+url.PathEscape(text), http.StatusSeeOther)
}
