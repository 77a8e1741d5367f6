package audit

import (
	"strings"
	"time"
)

// grain is a length of time by which events are counted.
type grain struct {
	seconds int64
	spans   time.Duration // what it is drawn for, at most
	kept    time.Duration // how long its counts are kept; 0 for as long as events
}

const day = 24 * time.Hour

var grains = []grain{
	{60, 6 * time.Hour, 7 * day},
	{600, day, 7 * day},
	{3600, 7 * day, 35 * day},
	{86400, 0, 0},
}

// window is a filter's time in whole grains, in seconds since 1970.
type window struct{ grain, from, to int64 }

// maxPoints bounds the counts that one drawing is made of.
const maxPoints = 40_000

// windowOf chooses the finest grain that is kept for a filter's time and needs
// no more than maxPoints counts for so many lines.
func windowOf(f Filter, lines int) window {
	w := window{grain: 86400, from: 0, to: 1 << 40}
	if !f.To.IsZero() {
		w.to = f.To.Unix()
	}
	if f.From.IsZero() {
		return w
	}
	now := time.Now()
	end := f.To
	if end.IsZero() {
		end = now
	}
	span := end.Sub(f.From)
	for _, g := range grains {
		w.grain = g.seconds
		if span <= g.spans && now.Sub(f.From) <= g.kept && int64(lines)*(int64(span.Seconds())/g.seconds+1) <= maxPoints {
			break
		}
	}
	w.from = f.From.Unix() / w.grain * w.grain
	return w
}

// slots is how many grains the window has until now.
func (w window) slots(now time.Time) int64 { return (min(w.to, now.Unix())-w.from)/w.grain + 1 }

// pieces cut a window into whole days, hours and so on, and what is left at its
// ends: few rows hold its sum, and it is as exact.
func (w window) pieces() []window {
	for i := len(grains) - 1; grains[i].seconds > w.grain; i-- {
		g := grains[i].seconds
		from, to := (w.from+g-1)/g*g, w.to/g*g
		if from >= to {
			continue
		}
		before, after := window{w.grain, w.from, from}, window{w.grain, to, w.to}
		return append(append(before.pieces(), window{g, from, to}), after.pieces()...)
	}
	if w.from >= w.to {
		return nil
	}
	return []window{w}
}

// sums are the events of each issue in the window, of some issues or, without
// ids, of all: rows of issue and events.
func (w window) sums(ids []IssueID) clause {
	var parts []string
	var args []any
	of := ""
	if len(ids) > 0 {
		of = " AND issue IN (" + marks(len(ids)) + ")"
	}
	for _, p := range w.pieces() {
		parts = append(parts, "SELECT issue, events FROM counts WHERE grain = ? AND start >= ? AND start < ?"+of)
		args = append(append(args, p.grain, p.from, p.to), anys(ids)...)
	}
	if parts == nil { // nothing is in an empty window
		return clause{"SELECT issue, events FROM counts WHERE 1 = 0", nil}
	}
	return clause{strings.Join(parts, " UNION ALL "), args}
}
