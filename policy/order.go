package policy

import (
	"cmp"
	"slices"
)

// ordered returns lines in an order that hangs on what they say alone. Of those
// that say the same, the one with an id of the lesser letters comes first.
func ordered(lines []line) []line {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(
			cmp.Compare(a.demand.kind, b.demand.kind),
			cmp.Compare(a.demand.most, b.demand.most),
			cmp.Compare(a.Text, b.Text),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return lines
}
