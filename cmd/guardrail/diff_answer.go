package main

import (
	"encoding/json"
	"fmt"
	"time"

	"guardrail/policy"
	"guardrail/policy/rehearse"
)

// tellChanges writes what another policy makes of a record.
func tellChanges(p *printer, entries []rehearse.Entry, changes []rehearse.Change) {
	days := rehearse.Days(entries)
	for _, v := range []rehearse.Verdict{rehearse.Refused, rehearse.Asked, rehearse.Observed, rehearse.Allowed} {
		var some []rehearse.Change
		for _, c := range changes {
			if c.New.Verdict == v {
				some = append(some, c)
			}
		}
		if len(some) > 0 {
			tellVerdictChanges(p, v, some, days)
		}
	}
	if p.format != "text" {
		return
	}
	unread := 0
	for i := range entries {
		if !entries[i].Readable() {
			unread++
		}
	}
	if unread > 0 {
		_, _ = fmt.Fprintf(p.out, "not rehearsed: %s without an example\n", count(unread, "shape"))
	}
	same := len(entries) - unread - len(changes)
	_, _ = fmt.Fprintf(p.out, "the same: %d of %s recorded in %s\n", same, count(len(entries), "shape"), wholeDays(days))
}

// tellVerdictChanges writes the changes that lead to one verdict.
func tellVerdictChanges(p *printer, v rehearse.Verdict, changes []rehearse.Change, days float64) {
	var total uint64
	for _, c := range changes {
		total += c.Count
	}
	if p.format == "text" {
		_, _ = fmt.Fprintf(p.out, "newly %s: %s, %s\n", v, count(len(changes), "shape"), perDay(total, days))
	}
	for i := range changes {
		c := &changes[i]
		switch p.format {
		case "json":
			text, _ := json.Marshal(changeLine(c, days))
			_, _ = fmt.Fprintln(p.out, string(text))
		case "github":
			_, _ = fmt.Fprintf(p.out, "::%s::%s\n", annotation(v, c.New.Decision.Rule),
				escapeData(fmt.Sprintf("newly %s, %s: %s: %s", v, perDay(c.Count, days), who(c), shown(&c.Entry, 200))))
		default:
			_, _ = fmt.Fprintf(p.out, "  %s, %s, last %s\n    %s\n", who(c), perDay(c.Count, days), c.LastSeen.UTC().Format(time.DateTime), shown(&c.Entry, 300))
			_, _ = fmt.Fprintf(p.out, "    was %s\n    now %s\n", told(c.Old, c.Environment), told(c.New, c.Environment))
		}
	}
	if p.format == "text" {
		_, _ = fmt.Fprintln(p.out)
	}
}

// annotation is the head of a workflow command of GitHub Actions: its level, and the line it is about.
func annotation(v rehearse.Verdict, at policy.Rule) string {
	level := "warning"
	switch v {
	case rehearse.Refused:
		level = "error"
	case rehearse.Allowed:
		level = "notice"
	}
	if at.File == "" {
		return level
	}
	return fmt.Sprintf("%s file=%s,line=%d,col=%d", level, escapeProperty(at.File), at.Line, at.Col)
}

// who says who sends a text, and where to: each backend has a record of its own.
func who(c *rehearse.Change) string {
	where := ""
	if c.Backend != "" {
		where = ", backend " + c.Backend
	}
	if c.Schema != "" {
		where += ", database " + c.Schema
	}
	return fmt.Sprintf("%s (%s) in %s%s", c.App, c.Account, c.Environment, where)
}

// told says what becomes of a text, and which line decides.
func told(j rehearse.Judgement, environment string) string {
	d := j.Decision
	switch j.Verdict {
	case rehearse.Allowed:
		if d.Cause == policy.ByException {
			return fmt.Sprintf("allowed, by the exception at %s:%d", d.Rule.File, d.Rule.Line)
		}
		return "allowed"
	case rehearse.Asked:
		return fmt.Sprintf("asked of the server, by %s:%d", d.Rule.File, d.Rule.Line)
	}
	place := ""
	if d.Rule.File != "" {
		place = fmt.Sprintf(" at %s:%d", d.Rule.File, d.Rule.Line)
	}
	return fmt.Sprintf("%s%s: ERROR %d: %s", j.Verdict, place, d.Code, d.Message(environment, "-"))
}

// changeLine is a change for programs.
func changeLine(c *rehearse.Change, days float64) map[string]any {
	return map[string]any{
		"change": c.New.Verdict.String(), "was": c.Old.Verdict.String(), "app": c.App, "account": c.Account, "backend": c.Backend, "environment": c.Environment,
		"schema": c.Schema, "shape": c.Shape, "count": c.Count, "per_day": float64(c.Count) / days, "last_seen": c.LastSeen, "example": c.Example,
		"cause": c.New.Decision.Cause, "rule": c.New.Decision.Rule.ID, "file": c.New.Decision.Rule.File, "line": c.New.Decision.Rule.Line,
	}
}
