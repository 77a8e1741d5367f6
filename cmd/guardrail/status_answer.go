package main

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"guardrail/cmd/guardrail/internal/app"
)

// tellStatus writes a proxy's status for people.
func tellStatus(to io.Writer, s app.Status) error {
	out := bufio.NewWriter(to)
	line := func(about, format string, args ...any) {
		_, _ = fmt.Fprintf(out, "%-10s %s\n", about, fmt.Sprintf(format, args...))
	}
	line("proxy", "%s, guardrail %s, %s", s.Environment, s.Version, count(s.Sessions, "session"))
	p := s.Policies
	line("policies", "%s, in force since %s (%s)", p.Hash, stamp(p.LoadedAt), time.Duration(p.AgeSeconds)*time.Second)
	if p.Error != "" {
		line("", "NOT IN FORCE are those on disk, tried %s: %s", stamp(p.TriedAt), p.Error)
	}
	for _, b := range s.Backends {
		state := "up"
		if b.Error != "" {
			state = "DOWN: " + b.Error
		}
		line("backend", "%s at %s, %s; %s", b.Name, b.Address, b.Server, state)
	}
	for _, o := range s.Observed {
		line("observed", "%s%s until %s", o.App, ofRule(o.Rule), stamp(o.Until))
	}
	for _, x := range s.Exceptions {
		line("exception", "%s: %s until %s, %s (%s:%d)", x.App, x.Allow, stamp(x.Until), x.Why, x.File, x.Line)
	}
	tellRecord(line, s.Record)
	return out.Flush()
}

func ofRule(id string) string {
	if id == "" {
		return ""
	}
	return ", rule " + id + ","
}

// stamp writes a moment as policies do.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func tellRecord(line func(about, format string, args ...any), r app.RecordStatus) {
	switch {
	case r.Error != "":
		line("record", "CANNOT BE WRITTEN since %s (on_failure: %s): %s: %s", stamp(r.Since), r.OnFailure, r.Store, r.Error)
	case r.Killed > 0:
		line("record", "%s; other proxies on it were killed (%d): how many refusals are missing is not known", r.Store, r.Killed)
	case r.Lost > 0:
		line("record", "%s, %s of an earlier process missing", r.Store, count(int(r.Lost), "event"))
	default:
		line("record", "%s", r.Store)
	}
}
