package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"guardrail/policy"
)

// tellAllEffective writes what holds for each app in some environments: in
// tables, also among annotations, and for programs in lines of JSON.
func tellAllEffective(p *printer, parsed *policy.Policy, environments []string, now time.Time) error {
	for _, e := range environments {
		set, err := parsed.Compile(e)
		if err != nil {
			return err
		}
		if p.format == "json" {
			tellEffectiveLines(p.out, set, now)
			continue
		}
		tellEffective(p.out, set, now)
	}
	return nil
}

// tellEffectiveLines writes a line of JSON for each rule of each app that may
// connect in one environment.
func tellEffectiveLines(out io.Writer, set *policy.Set, now time.Time) {
	to := json.NewEncoder(out)
	to.SetEscapeHTML(false)
	for _, a := range set.Apps() {
		if !a.Here() {
			continue
		}
		for _, l := range a.Lines() {
			_ = to.Encode(map[string]any{ // as any output here: who does not read it needs no error
				"environment": set.Environment(), "app": a.Name(), "accounts": a.Accounts(), "terms": strings.TrimPrefix(terms(a, now), "; "),
				"effect": l.Effect.String(), "rule": l.Text, "id": l.ID, "file": l.File, "line": l.Line,
				"when": strings.Join(timesOf(l, now), "; "), "because": l.Because,
			})
		}
	}
}

// tellEffective writes what holds for each app in one environment, and which may
// not connect there.
func tellEffective(out io.Writer, set *policy.Set, now time.Time) {
	_, _ = fmt.Fprintf(out, "\n%s\n", set.Environment())
	for _, a := range set.Apps() {
		if !a.Here() {
			_, _ = fmt.Fprintf(out, "  %s: may not connect, belongs to %s\n", a.Name(), strings.Join(a.Environments(), ", "))
			continue
		}
		_, _ = fmt.Fprintf(out, "  %s: %s%s\n", a.Name(), strings.Join(a.Accounts(), ", "), terms(a, now))
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, l := range a.Lines() {
			row := fmt.Sprintf("    %s\t%s\t%s:%d", l.Effect, l.Text, l.File, l.Line)
			if notes := notes(l, now); notes != "" {
				row += "\t" + notes
			}
			_, _ = fmt.Fprintln(table, row)
		}
		_ = table.Flush()
	}
}

// terms are an app's time windows and mode.
func terms(a *policy.App, now time.Time) string {
	var b strings.Builder
	if during := a.During(); len(during) > 0 {
		b.WriteString("; only " + strings.Join(during, " and "))
	}
	if a.ReadOnly() {
		b.WriteString("; reads only")
	}
	switch end := a.ObservedUntil(); {
	case end.IsZero():
	case a.Mode(now) == policy.Observe:
		b.WriteString("; observed until " + end.Format(time.RFC3339) + ", nothing is refused")
	default:
		b.WriteString("; enforced, observed until " + end.Format(time.RFC3339))
	}
	return b.String()
}

// notes are a line's times and reason.
func notes(l policy.RuleLine, now time.Time) string {
	parts := timesOf(l, now)
	if l.Because != "" {
		parts = append(parts, l.Because)
	}
	return strings.Join(parts, "; ")
}

// timesOf says when a line holds, and what has ended by now.
func timesOf(l policy.RuleLine, now time.Time) []string {
	var parts []string
	if len(l.During) > 0 {
		parts = append(parts, "only "+strings.Join(l.During, " and "))
	}
	if !l.From.IsZero() {
		parts = append(parts, "from "+l.From.Format(time.RFC3339))
	}
	if l.Until.IsZero() {
		return parts
	}
	until, ended := l.Until.Format(time.RFC3339), !now.Before(l.Until)
	switch {
	case l.Effect == policy.Exception && ended:
		parts = append(parts, "ended "+until)
	case l.Effect == policy.Exception:
		parts = append(parts, "until "+until)
	case ended:
		parts = append(parts, "enforced, observed until "+until)
	default:
		parts = append(parts, "observed until "+until)
	}
	return parts
}
