package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guardrail/policy/strictyaml"
)

const windowHint = "write it as in Mon-Fri 09:00-18:00 Asia/Tokyo, or 22:00-06:00 +09:00"

// parseWindows reads during: one window or a list of them.
func parseWindows(v strictyaml.Value) windows {
	if !v.Exists() {
		return nil
	}
	if v.IsText() {
		return parseWindow(v, nil)
	}
	var ws windows
	items := v.Items()
	for _, item := range items {
		ws = parseWindow(item, ws)
	}
	if v.IsList() && len(items) == 0 {
		v.Fail("during is empty", "leave the key out, or "+windowHint)
	}
	return ws
}

// parseWindow reads a window and appends it.
func parseWindow(v strictyaml.Value, ws windows) windows {
	text := v.Text()
	if text == "" {
		return ws
	}
	w, what, hint := readWindow(strings.Fields(text))
	if what != "" {
		v.Fail(what, hint)
		return ws
	}
	return append(ws, w)
}

// readWindow reads [days] hours zone, or says what is wrong.
func readWindow(words []string) (w window, what, hint string) {
	w.text = strings.Join(words, " ")
	last := len(words) - 1
	switch {
	case strings.Contains(words[last], ":") && strings.Trim(words[last], "0123456789:-") == "" && words[last][0] != '-':
		return w, fmt.Sprintf("%q names no time zone", w.text), "write it as in " + w.text + " Asia/Tokyo"
	case last < 1 || last > 2:
		return w, fmt.Sprintf("%q is no time window", w.text), windowHint
	case last == 1:
		words = append([]string{"Sun-Sat"}, words...)
	}
	if w.days, what = parseDays(words[0]); what != "" {
		return w, what, "days are Sun, Mon, Tue, Wed, Thu, Fri and Sat, as in Mon-Fri or Sat,Sun"
	}
	if w.from, w.to, what = parseHours(words[1]); what != "" {
		return w, what, windowHint
	}
	w.zone, what = parseZone(words[2])
	return w, what, "write a zone as in Asia/Tokyo, UTC or +09:00"
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads "Mon-Fri" and "Sat,Sun".
func parseDays(text string) (days [7]bool, what string) {
	for _, part := range strings.Split(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		from, to := slices.Index(weekdays, strings.ToLower(first)), slices.Index(weekdays, strings.ToLower(last))
		if from < 0 || to < 0 {
			return days, fmt.Sprintf("%q is no day of the week", part)
		}
		for d := from; ; d = (d + 1) % 7 {
			days[d] = true
			if d == to {
				break
			}
		}
	}
	return days, ""
}

// parseHours reads "09:00-18:00" into minutes of the day.
func parseHours(text string) (from, to int, what string) {
	first, last, _ := strings.Cut(text, "-")
	from, fine := parseMinute(first)
	to, also := parseMinute(last)
	switch {
	case !fine || !also || from == 24*60:
		return 0, 0, fmt.Sprintf("%q is no span of hours", text)
	case from == to:
		return 0, 0, fmt.Sprintf("%q has no length", text)
	}
	return from, to, ""
}

func parseMinute(text string) (minute int, ok bool) {
	if text == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil && len(text) == len("15:04")
}

// parseZone reads "+09:00" or a name of the time zone database.
func parseZone(text string) (*time.Location, string) {
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		t, err := time.Parse("-07:00", text)
		if err != nil {
			return nil, strconv.Quote(text) + " is no time zone"
		}
		_, offset := t.Zone()
		return time.FixedZone(text, offset), ""
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "Local" {
		return nil, strconv.Quote(text) + " is no time zone"
	}
	return zone, ""
}
