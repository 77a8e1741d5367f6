package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is what one turn measured. What it did not measure is 0.
type sample struct {
	Rate          float64 `json:"rate,omitempty"` // units a second
	P50           float64 `json:"p50_ms,omitempty"`
	P95           float64 `json:"p95_ms,omitempty"`
	P99           float64 `json:"p99_ms,omitempty"`
	CPU           float64 `json:"cpu_us,omitempty"`   // of the proxy for a unit
	Peak          float64 `json:"peak_mib,omitempty"` // resident memory of the proxy at its most
	PerConnection float64 `json:"bytes_per_connection,omitempty"`
}

// String is what the progress shows.
func (s sample) String() string {
	var b strings.Builder
	for _, what := range measures {
		if v := *what.of(&s); v != 0 {
			fmt.Fprintf(&b, " %s %.4g", what.name, v)
		}
	}
	return strings.TrimSpace(b.String())
}

// measures are the fields of a sample, by their names in the JSON.
var measures = []struct {
	name string
	of   func(*sample) *float64
}{
	{"rate", func(s *sample) *float64 { return &s.Rate }},
	{"p50_ms", func(s *sample) *float64 { return &s.P50 }},
	{"p95_ms", func(s *sample) *float64 { return &s.P95 }},
	{"p99_ms", func(s *sample) *float64 { return &s.P99 }},
	{"cpu_us", func(s *sample) *float64 { return &s.CPU }},
	{"peak_mib", func(s *sample) *float64 { return &s.Peak }},
	{"bytes_per_connection", func(s *sample) *float64 { return &s.PerConnection }},
}

// report is all that a run found.
type report struct {
	Began    time.Time         `json:"began"`
	CPUs     int               `json:"cpus"`
	Versions map[string]string `json:"versions"`
	Rounds   int               `json:"rounds"`
	Seconds  float64           `json:"seconds"` // of a turn
	Cases    []*caseReport     `json:"cases"`
}

// caseReport is what one case found.
type caseReport struct {
	Name    string          `json:"name"`
	Unit    string          `json:"unit"`
	Targets []*targetReport `json:"targets"`
}

// targetReport is what one target did in a case.
type targetReport struct {
	Name    string   `json:"name"`
	Samples []sample `json:"rounds"`
	Median  sample   `json:"median"`
	// Ratios to another target, by measure: of the same round each.
	OfDirect  map[string]spread `json:"of_direct,omitempty"`
	OfHAProxy map[string]spread `json:"of_haproxy,omitempty"`
}

// spread is what rounds gave.
type spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func newReport(b *bench) *report {
	return &report{
		Began: time.Now(), CPUs: runtime.NumCPU(), Rounds: b.options.rounds, Seconds: b.options.duration.Seconds(),
		Versions: map[string]string{
			"mysql":    b.server.Version(),
			"haproxy":  firstLine(exec.Command("haproxy", "-v")),
			"router":   firstLine(b.server.Command("mysqlrouter", "--version")),
			"sysbench": firstLine(exec.Command("sysbench", "--version")),
			"kernel":   firstLine(exec.Command("uname", "-sr")),
		},
	}
}

// firstLine is what a program says of itself; where it is not there, nothing.
func firstLine(cmd *exec.Cmd) string {
	out, _ := cmd.Output()
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func newCaseReport(c benchCase, targets []target) *caseReport {
	r := &caseReport{Name: c.String(), Unit: c.unit}
	for _, t := range targets {
		r.Targets = append(r.Targets, &targetReport{Name: t.name})
	}
	return r
}

// sum makes medians and ratios of what the rounds measured.
func (r *caseReport) sum() {
	direct, haproxy := r.target("direct"), r.target("haproxy")
	for _, t := range r.Targets {
		t.Median = medians(t.Samples)
		t.OfDirect, t.OfHAProxy = t.ratios(direct), t.ratios(haproxy)
	}
}

func (r *caseReport) target(name string) *targetReport {
	for _, t := range r.Targets {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func medians(samples []sample) (m sample) {
	for _, what := range measures {
		var values []float64
		for i := range samples {
			values = append(values, *what.of(&samples[i]))
		}
		*what.of(&m) = spreadOf(values).Median
	}
	return m
}

// ratios are those of all measures that both targets have.
func (t *targetReport) ratios(to *targetReport) map[string]spread {
	if to == nil || to == t {
		return nil
	}
	found := map[string]spread{}
	for _, what := range measures {
		var values []float64
		for i := range min(len(t.Samples), len(to.Samples)) {
			a, b := *what.of(&t.Samples[i]), *what.of(&to.Samples[i])
			if a != 0 && b != 0 {
				values = append(values, a/b)
			}
		}
		if len(values) > 0 {
			found[what.name] = spreadOf(values)
		}
	}
	return found
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	slices.Sort(values)
	n := len(values)
	return spread{Min: values[0], Median: (values[(n-1)/2] + values[n/2]) / 2, Max: values[n-1]}
}

// save writes the report to a file.
func (r *report) save(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
