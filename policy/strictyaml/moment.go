package strictyaml

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

const exampleTime = "2026-12-01T09:00:00+09:00"

// Time returns a moment, written with its zone.
func (v Value) Time() time.Time {
	if !v.is(yaml.ScalarNode, "a date with time and zone", "") {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v.node.Value)
	if err == nil && !t.IsZero() {
		return t
	}
	if part, ok := outOfRange(err); ok {
		v.Fail(fmt.Sprintf("%s: there is no %q, its %s is out of range", v.label, v.node.Value, part), "try "+exampleTime)
		return time.Time{}
	}
	v.Fail(fmt.Sprintf("%s must be a date with time and zone, not %q", v.label, v.node.Value), timeHint(v.node.Value))
	return time.Time{}
}

// outOfRange names the part of a well-formed date that no calendar or clock has.
func outOfRange(err error) (part string, ok bool) {
	e, ok := err.(*time.ParseError)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(strings.TrimPrefix(e.Message, ": "), " out of range")
}

// timeHint completes a date that lacks its zone, its time or the T between them.
func timeHint(text string) string {
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, text); err == nil {
			return "try " + withZone(t, strings.HasSuffix(form, "Z07:00"))
		}
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return "add time and zone, as in " + text + "T09:00:00+09:00"
	}
	return "try " + exampleTime
}

// withZone writes a moment; where it was written without a zone, with the one of examples.
func withZone(t time.Time, zoned bool) string {
	if zoned {
		return t.Format(time.RFC3339)
	}
	return t.Format("2006-01-02T15:04:05") + "+09:00"
}
