package audit

import "time"

// What is kept in memory and in detail, at most. Beyond these, events are
// counted and not kept one by one.
const (
	maxOpenIssues     = 2000   // issues active at a time; further shapes of a rule share one
	maxClients        = 50     // clients of an issue that are counted one by one
	maxWaitingSamples = 10_000 // samples that wait for the store
	maxMinutes        = 120    // of an issue that wait for the store
	samplesAMinute    = 20     // of an issue
	lossesAMinute     = 1000   // of an issue that drops, truncates or alters
)

// manyShapes begins the shape of an issue that stands for shapes of a kind of
// statement beyond maxOpenIssues. The kind follows: a DROP is not to be counted
// among DELETEs.
const manyShapes = "*"

// intake holds what was recorded and is not yet stored. Its memory is bounded
// by issues, not by events. It is not safe for concurrent use.
type intake struct {
	open    map[issueKey]*openIssue
	events  int64 // in all deltas
	samples int   // in all deltas, finished statements too
}

// openIssue is an issue that was active of late.
type openIssue struct {
	key     issueKey
	id      IssueID
	minute  int64 // of the last event, since 1970
	sampled int   // events of that minute kept in detail
	delta   *delta
}

// delta is what happened to an issue since the last batch.
type delta struct {
	id      IssueID
	key     issueKey
	latest  Event
	first   time.Time
	last    time.Time
	count   int64
	rows    int64
	minutes map[int64]int64  // since 1970
	clients map[string]int64 // "" for those beyond maxClients

	samples  []Event
	finished []Event // samples that were forwarded, with what became of them
}

func newIntake() intake { return intake{open: map[issueKey]*openIssue{}} }

// add counts n events like e, and keeps e itself while the issue's share of
// samples lasts.
func (in *intake) add(e *Event, n int64) {
	is := in.issue(e)
	d := in.delta(is, e)
	minute := e.Time.Unix() / 60
	if minute > is.minute {
		is.minute, is.sampled = minute, 0
	}
	d.take(e, minute, n)
	in.events += n
	if is.sampled < share(e) && in.samples < maxWaitingSamples {
		e.kept = true
		d.samples = append(d.samples, *e)
		is.sampled++
		in.samples++
	}
}

// delta returns what is gathered for an issue, made for e where nothing is yet.
func (in *intake) delta(is *openIssue, e *Event) *delta {
	if is.delta == nil {
		is.delta = &delta{id: is.id, key: is.key, latest: *e, first: e.Time, last: e.Time, minutes: map[int64]int64{}, clients: map[string]int64{}}
	}
	return is.delta
}

// finished takes note of what became of a forwarded statement: one that is only
// counted adds its rows.
func (in *intake) finished(e *Event) {
	d := in.delta(in.issue(e), e)
	d.rows += e.Rows
	if e.kept && in.samples < maxWaitingSamples {
		d.finished = append(d.finished, *e)
		in.samples++
	}
}

// issue finds the issue of an event. Where too many are open, the event joins
// one that stands for all further shapes of its rule and kind.
func (in *intake) issue(e *Event) *openIssue {
	key := keyOf(e)
	if is := in.open[key]; is != nil {
		return is
	}
	if len(in.open) >= maxOpenIssues {
		key.shape, key.account = manyShapes+e.Kind, ""
		if is := in.open[key]; is != nil {
			return is
		}
	}
	is := &openIssue{key: key, id: key.id()}
	in.open[key] = is
	return is
}

// take adds one event to the delta.
func (d *delta) take(e *Event, minute, n int64) {
	d.latest = *e
	if e.Time.Before(d.first) {
		d.first = e.Time
	}
	if e.Time.After(d.last) {
		d.last = e.Time
	}
	d.count += n
	if len(d.minutes) >= maxMinutes {
		minute = d.first.Unix() / 60 // the store is away for long: the count stays exact, its place does not
	}
	d.minutes[minute] += n
	client := e.Client
	if _, known := d.clients[client]; !known && len(d.clients) >= maxClients {
		client = ""
	}
	d.clients[client] += n
}

// share is how many events of a minute an issue keeps in detail.
func share(e *Event) int {
	switch e.Decision {
	case Refused, WouldRefuse, LoginRefused, AllowedUnread, AllowedByException:
		return samplesAMinute
	case AllowedDestructive:
		if TakesRows(e.Kind) {
			return samplesAMinute
		}
	}
	return lossesAMinute
}

// TakesRows reports whether a destructive statement of a kind takes rows, as
// applications do every day, and leaves the table.
func TakesRows(kind string) bool {
	switch kind {
	case "delete", "delete_multi", "replace", "replace_select", "update", "update_multi":
		return true
	}
	return false
}

// drain returns what waits, and forgets the issues that were quiet for two minutes.
func (in *intake) drain(now time.Time) (deltas []*delta) {
	quiet := now.Unix()/60 - 2
	for key, is := range in.open {
		switch {
		case is.delta == nil && is.minute < quiet:
			delete(in.open, key)
		case is.delta != nil:
			deltas = append(deltas, is.delta)
			is.delta = nil
		}
	}
	in.events, in.samples = 0, 0
	return deltas
}
