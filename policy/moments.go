package policy

import (
	"slices"
	"time"
)

// week is after how long the time windows are all as they were.
const week = 7 * 24 * time.Hour

// Moments returns, sorted, moments that stand for all at which a request may be
// decided differently than at now: each at which a time window begins or ends in
// the week that follows, and, of each end or beginning of an exception or an
// observe mode, past ones too, itself and the second before.
func (a *App) Moments(now time.Time) []time.Time {
	if a == nil {
		return nil
	}
	var out []time.Time
	for t := a.windows.next(now); !t.IsZero() && !t.After(now.Add(week)); t = a.windows.next(t) {
		out = append(out, t)
	}
	for _, end := range a.ends {
		out = append(out, end.Add(-time.Second), end)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
