package dashboard

import (
	"context"
	"slices"
	"sync"
	"time"

	"guardrail/proxy/audit"
)

// baseline remembers what is usual for each app in each environment. It is the dearest part of the
// first view, and a minute changes little of a week.
type baseline struct {
	mu    sync.Mutex
	read  time.Time
	hours map[appIn][]audit.Point
}

const (
	baselineRange = 7 * 24 * time.Hour
	baselineHolds = time.Minute
)

// refused are the decisions that an app is hurt by.
var refused = []audit.Decision{audit.Refused, audit.LoginRefused, audit.IdentityMismatch}

// usually returns the refusals of each app in the hours of the last week.
func (d *Dashboard) usually(ctx context.Context, now time.Time) (map[appIn][]audit.Point, error) {
	b := &d.baseline
	b.mu.Lock()
	defer b.mu.Unlock()
	if age := now.Sub(b.read); 0 <= age && age < baselineHolds {
		return b.hours, nil
	}
	hours, _, err := d.series(ctx, audit.Filter{From: now.Add(-baselineRange), To: now, Decisions: refused})
	if err == nil {
		b.read, b.hours = now, hours
	}
	return hours, err
}

// usual is the median of the hours of a week, as a rate for a slot. Hours
// without events count.
func usual(hours []audit.Point, grain time.Duration) float64 {
	const week = 7 * 24
	if len(hours) <= week/2 {
		return 0
	}
	values := make([]int64, 0, len(hours))
	for _, p := range hours {
		values = append(values, p.Events)
	}
	slices.Sort(values)
	quiet := max(week-len(values), 0)
	return float64(values[max(week/2-quiet, 0)]) * grain.Hours()
}
