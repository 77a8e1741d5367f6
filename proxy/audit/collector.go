package audit

import "github.com/prometheus/client_golang/prometheus"

// bookMetrics count what a Book does. Their only labels are closed sets.
type bookMetrics struct {
	events       *prometheus.CounterVec
	decisions    map[Decision]prometheus.Counter // of events
	up           prometheus.Gauge
	failures     prometheus.Counter
	unrecorded   prometheus.Counter
	lost         prometheus.Counter
	killed       prometheus.Counter
	lineFailures prometheus.Counter
	commits      prometheus.Histogram
}

func newBookMetrics(r prometheus.Registerer) *bookMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "guardrail_audit_" + name, Help: help})
	}
	m := &bookMetrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guardrail_audit_events_total",
			Help: "Events taken into the record, by decision.",
		}, []string{"decision"}),
		up: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "guardrail_audit_store_up",
			Help: "Whether the last attempt to write the record succeeded; at 0 audit.on_failure decides what is forwarded.",
		}),
		failures:     counter("store_failures_total", "Attempts to write the record that failed."),
		unrecorded:   counter("unrecorded_total", "Destructive statements forwarded before they were stored, because audit.on_failure is forward."),
		lost:         counter("lost_events_total", "Events that are missing in the record: a process was killed, or the store was removed or replaced."),
		killed:       counter("killed_proxies_total", "Other proxies on a shared store that were killed; how many of their refusals are missing is not known."),
		lineFailures: counter("line_failures_total", "Batches of JSON lines that could not be written."),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "guardrail_audit_commit_duration_seconds",
			Help:    "Time to store a batch of events; a destructive statement waits for it.",
			Buckets: []float64{1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5},
		}),
	}
	m.up.Set(1)
	m.decisions = map[Decision]prometheus.Counter{}
	for _, d := range Decisions() {
		m.decisions[d] = m.events.WithLabelValues(string(d)) // an alert on the first one needs the zero before it
	}
	r.MustRegister(m.events, m.up, m.failures, m.unrecorded, m.lost, m.killed, m.lineFailures, m.commits)
	return m
}

func (m *bookMetrics) event(d Decision) {
	if c := m.decisions[d]; c != nil {
		c.Inc()
	}
}
