package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// column is one measure in the table.
type column struct {
	title string
	cell  func(*targetReport) string
}

// columns of every case. Those that are empty for all targets are left out.
var columns = []column{
	{"rate/s", func(t *targetReport) string { return number("%.0f", t.Median.Rate) }},
	{"of direct", func(t *targetReport) string { return ratio(t.OfDirect["rate"]) }},
	{"of HAProxy", func(t *targetReport) string { return ratio(t.OfHAProxy["rate"]) }},
	{"p50 ms", func(t *targetReport) string { return number("%.3f", t.Median.P50) }},
	{"p95 ms", func(t *targetReport) string { return number("%.3f", t.Median.P95) }},
	{"p99 ms", func(t *targetReport) string { return number("%.3f", t.Median.P99) }},
	{"p99 of HAProxy's", func(t *targetReport) string { return ratio(t.OfHAProxy["p99_ms"]) }},
	{"CPU us", func(t *targetReport) string { return number("%.1f", t.Median.CPU) }},
	{"CPU of HAProxy's", func(t *targetReport) string { return ratio(t.OfHAProxy["cpu_us"]) }},
	{"peak MiB", func(t *targetReport) string { return number("%.1f", t.Median.Peak) }},
	{"bytes a connection", func(t *targetReport) string { return number("%.0f", t.Median.PerConnection) }},
}

// print sums the case up and prints it as a table.
func (r *caseReport) print(out io.Writer) error {
	r.sum()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s (rate and CPU are per %s)\n", r.Name, r.Unit)
	shown := r.shown()
	for _, c := range shown {
		fmt.Fprintf(w, "\t%s", c.title)
	}
	fmt.Fprintln(w)
	for _, t := range r.Targets {
		fmt.Fprint(w, t.Name)
		for _, c := range shown {
			fmt.Fprintf(w, "\t%s", c.cell(t))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// shown are the columns that say something in the case.
func (r *caseReport) shown() (shown []column) {
	for _, c := range columns {
		for _, t := range r.Targets {
			if c.cell(t) != "" {
				shown = append(shown, c)
				break
			}
		}
	}
	return shown
}

func number(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// ratio is a median with the least and the greatest of the rounds.
func ratio(s spread) string {
	if s == (spread{}) {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Min, s.Max)
}
