package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"guardrail/policy/rehearse"
	"guardrail/sqlparse"
)

// readTraffic reads the record that --against names, or standard input.
func readTraffic(name string, stdin io.Reader, now time.Time) ([]rehearse.Entry, error) {
	if name == "" {
		return nil, errors.New("--against is missing: name a record of traffic, lines of JSON")
	}
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read traffic: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	entries, err := rehearse.Read(in, sqlparse.NewReader(sqlparse.Options{}), now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s: no traffic in it", name)
	}
	return entries, nil
}

// perDay says how often something came, on the average day of a record.
func perDay(count uint64, days float64) string {
	n := uint64(float64(count)/days + 0.5)
	if n == 0 {
		return "less than 1 a day"
	}
	return grouped(n) + " a day"
}

// grouped writes a number as people read it: 1,234,567.
func grouped(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// totalOf is how often entries came, all together.
func totalOf(entries []rehearse.Entry) uint64 {
	var n uint64
	for _, e := range entries {
		n += e.Count
	}
	return n
}

// shown is what is shown of an entry's text, in one line of at most limit bytes.
func shown(e *rehearse.Entry, limit int) string {
	text := e.Example
	if text == "" {
		text = e.Masked
	}
	text = strings.Join(strings.Fields(strings.Map(visible, text)), " ")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}
