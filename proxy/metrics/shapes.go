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

var (
	shapeEntries   = prometheus.NewDesc("guardrail_shapes", "Shapes of statements whose decisions are remembered.", nil, nil)
	shapeHits      = prometheus.NewDesc("guardrail_shape_hits_total", "Texts that were decided about by what is remembered of their shape.", nil, nil)
	shapeMisses    = prometheus.NewDesc("guardrail_shape_misses_total", "Texts whose shape was not remembered.", nil, nil)
	shapeEvictions = prometheus.NewDesc("guardrail_shape_evictions_total", "Shapes that were forgotten to make room.", nil, nil)
)

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
	to <- prometheus.MustNewConstMetric(shapeEntries, prometheus.GaugeValue, float64(all.Entries))
	to <- prometheus.MustNewConstMetric(shapeHits, prometheus.CounterValue, float64(all.Hits))
	to <- prometheus.MustNewConstMetric(shapeMisses, prometheus.CounterValue, float64(all.Misses))
	to <- prometheus.MustNewConstMetric(shapeEvictions, prometheus.CounterValue, float64(all.Evictions))
}
