package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// ShapeStats tells of remembered decisions about shapes of statements.
type ShapeStats struct {
	Entries                 int
	Hits, Misses, Evictions uint64
}

// Add adds others to s.
func (s *ShapeStats) Add(others ShapeStats) {
	s.Entries += others.Entries
	s.Hits += others.Hits
	s.Misses += others.Misses
	s.Evictions += others.Evictions
}

// Past is s without what is there now.
func (s ShapeStats) Past() ShapeStats {
	s.Entries = 0
	return s
}

// Shapes adds what remembers decisions to those that are asked for each scrape.
func (m *Metrics) Shapes(stats func() ShapeStats) {
	m.shapes.mu.Lock()
	defer m.shapes.mu.Unlock()
	m.shapes.sources = append(m.shapes.sources, stats)
}

// shapes asks its sources when it is scraped, so that nothing is counted twice
// on a statement's way.
type shapes struct {
	mu      sync.Mutex
	sources []func() ShapeStats
}

// Describe implements prometheus.Collector.
func (s *shapes) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, to) }

// Collect implements prometheus.Collector.
func (s *shapes) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all ShapeStats
	for _, stats := range s.sources {
		all.Add(stats())
	}
	send := func(name, help string, kind prometheus.ValueType, v float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, v)
	}
	send("guardrail_shapes", "Shapes of statements whose decisions are remembered.", prometheus.GaugeValue, float64(all.Entries))
	send("guardrail_shape_hits_total", "Texts of a remembered shape.", prometheus.CounterValue, float64(all.Hits))
	send("guardrail_shape_misses_total", "Texts of other shapes, each of which costs a parse.", prometheus.CounterValue, float64(all.Misses))
	send("guardrail_shape_evictions_total", "Shapes forgotten to make room.", prometheus.CounterValue, float64(all.Evictions))
}
