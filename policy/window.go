package policy

import (
	"strings"
	"time"
)

// window is a part of the week: "Mon-Fri 09:00-18:00 Asia/Tokyo".
type window struct {
	text     string
	days     [7]bool // by time.Weekday: the days on which it begins
	from, to int     // minutes of the day; one that ends before it begins goes past midnight
	zone     *time.Location
}

// windows are the times at which something holds. None at all is always.
type windows []window

// hold reports whether the moment lies in one of the windows.
func (ws windows) hold(now time.Time) bool {
	for i := range ws {
		if ws[i].holds(now) {
			return true
		}
	}
	return len(ws) == 0
}

func (w *window) holds(now time.Time) bool {
	now = now.In(w.zone)
	day, minute := now.Weekday(), now.Hour()*60+now.Minute()
	if w.from < w.to {
		return w.days[day] && w.from <= minute && minute < w.to
	}
	return w.days[day] && minute >= w.from || w.days[(day+6)%7] && minute < w.to
}

// next returns the first moment after now at which one of the windows begins
// or ends, or the zero time.
func (ws windows) next(now time.Time) time.Time {
	var first time.Time
	for i := range ws {
		first = earlier(first, ws[i].next(now))
	}
	return first
}

// next looks a week ahead, and at the day before, whose window may still be open.
func (w *window) next(now time.Time) time.Time {
	local := now.In(w.zone)
	var first time.Time
	for d := -1; d <= 7; d++ {
		if !w.days[(int(local.Weekday())+d+7)%7] {
			continue
		}
		end := w.to
		if w.to <= w.from {
			end += 24 * 60
		}
		for _, minute := range [2]int{w.from, end} {
			at := time.Date(local.Year(), local.Month(), local.Day()+d, 0, minute, 0, 0, w.zone)
			if at.After(now) {
				first = earlier(first, at)
			}
		}
	}
	return first
}

// earlier returns the earlier of two moments; the zero time is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// String returns the windows as they are written.
func (ws windows) String() string { return strings.Join(ws.texts(), " and ") }

func (ws windows) texts() []string {
	var texts []string
	for _, w := range ws {
		texts = append(texts, w.text)
	}
	return texts
}
