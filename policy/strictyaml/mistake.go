package strictyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a text: line and column count from 1, columns in characters.
type Pos struct {
	File string
	Line int
	Col  int
}

// String returns file:line:col, as compilers write it.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Mistake is one thing wrong in a text.
type Mistake struct {
	Pos  Pos
	What string
	Hint string // what to do about it: "did you mean DELETE?", "try 30s"; may be empty
}

// Error returns "file:line:col: what; hint".
func (m Mistake) Error() string {
	if m.Hint == "" {
		return m.Pos.String() + ": " + m.What
	}
	return m.Pos.String() + ": " + m.What + "; " + m.Hint
}

// Mistakes are all that is wrong, sorted by file, line and column.
type Mistakes []Mistake

// Error returns the mistakes, one a line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// Report collects mistakes. The zero Report is ready for use.
type Report struct {
	mistakes Mistakes
}

// Add notes a mistake; hint may be empty.
func (r *Report) Add(at Pos, what, hint string) {
	r.mistakes = append(r.mistakes, Mistake{Pos: at, What: what, Hint: hint})
}

// Empty reports whether nothing is wrong.
func (r *Report) Empty() bool { return len(r.mistakes) == 0 }

// Err returns all mistakes as a Mistakes, sorted and each told once, or nil.
func (r *Report) Err() error {
	if r.Empty() {
		return nil
	}
	sorted := slices.Clone(r.mistakes)
	slices.SortStableFunc(sorted, func(a, b Mistake) int {
		return cmp.Or(strings.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
	})
	return slices.Compact(sorted)
}
