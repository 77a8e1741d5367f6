package dashboard

import (
	"fmt"
	"strings"
	"time"

	"guardrail/proxy/audit"
)

// chart is a row of bars in SVG's coordinates: slotWidth for each slot of time,
// chartHeight for its highest bar.
type chart struct {
	Label  string // for those who do not see it
	Path   string
	Width  int
	Slots  int
	Peak   int64
	At     time.Time // of the peak
	Total  int64
	Lately int64 // most events of a slot in the last quarter of an hour
	Usual  float64
	// UsualY is where the usual rate is drawn; below zero where there is none.
	UsualY float64
	Marks  []mark
}

// mark is a moment drawn over a chart.
type mark struct {
	X    float64
	Bad  bool
	Text string
}

const (
	slotWidth   = 10
	barWidth    = 8
	chartHeight = 100
	lately      = 15 * time.Minute
)

// timeFrame is the time that charts of one view have in common.
type timeFrame struct {
	from, to time.Time
	grain    time.Duration
}

func (f timeFrame) slots() int {
	return int(floor(f.to.Add(f.grain-1), f.grain).Sub(floor(f.from, f.grain)) / f.grain)
}

// floor is the beginning of the slot that a moment is in. Like the record's
// grains, slots are counted from 1970 on.
func floor(t time.Time, grain time.Duration) time.Time {
	return t.Add(-time.Duration(t.UnixNano() % int64(grain)))
}

// ticks are moments at even distances, from the first to the last.
func (f timeFrame) ticks() []time.Time {
	const parts = 4
	var out []time.Time
	for i := range parts + 1 {
		out = append(out, f.from.Add(f.to.Sub(f.from)*time.Duration(i)/parts))
	}
	return out
}

// x is where a moment is drawn.
func (f timeFrame) x(t time.Time) float64 {
	return float64(t.Sub(floor(f.from, f.grain))) / float64(f.grain) * slotWidth
}

// newChart draws points, against what is usual in a slot.
func newChart(points []audit.Point, f timeFrame, usual float64, now time.Time) chart {
	values := make([]int64, max(f.slots(), 1))
	start := floor(f.from, f.grain)
	for _, p := range points {
		if i := int(p.Start.Sub(start) / f.grain); i >= 0 && i < len(values) {
			values[i] += p.Events
		}
	}
	c := chart{Width: len(values) * slotWidth, Slots: len(values), Usual: usual, UsualY: -1}
	for i, v := range values {
		c.Total += v
		if v > c.Peak {
			c.Peak, c.At = v, start.Add(time.Duration(i)*f.grain)
		}
	}
	for at := now.Add(-lately); !at.After(now); at = at.Add(f.grain) {
		if i := int(at.Sub(start) / f.grain); i >= 0 && i < len(values) {
			c.Lately = max(c.Lately, values[i])
		}
	}
	c.draw(values)
	return c
}

// draw makes the bars' path. The highest bar or the usual rate fills the height.
func (c *chart) draw(values []int64) {
	top := max(float64(c.Peak), c.Usual*1.2, 1)
	var path strings.Builder
	for i, v := range values {
		if v > 0 {
			height := max(float64(v)/top*chartHeight, 3)
			fmt.Fprintf(&path, "M%d %.1fh%dV%dh-%dz", i*slotWidth+1, chartHeight-height, barWidth, chartHeight, barWidth)
		}
	}
	c.Path = path.String()
	if c.Usual > 0 {
		c.UsualY = chartHeight - c.Usual/top*chartHeight
	}
}

// trendBars is how many bars the trend of an issue in a list has, at most.
const trendBars = 30
