package config

import (
	"cmp"
	"fmt"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// readingLimits reads what reading one text may cost. A text beyond it is
// refused as UNPARSED.
func readingLimits(v strictyaml.Value) sqlparse.Limits {
	f := v.Fields("max_text", "max_parsed", "max_tokens", "max_depth", "max_joins")
	otherwise := sqlparse.DefaultLimits()
	return sqlparse.Limits{
		Text:   cmp.Or(bounded(f.Get("max_text"), 1<<30), otherwise.Text),
		Parse:  cmp.Or(bounded(f.Get("max_parsed"), 16<<20), otherwise.Parse),
		Tokens: cmp.Or(f.Get("max_tokens").Int(1000, 1<<26), otherwise.Tokens),
		Depth:  cmp.Or(f.Get("max_depth").Int(10, 5000), otherwise.Depth),
		Joins:  cmp.Or(f.Get("max_joins").Int(10, 10000), otherwise.Joins),
	}
}

// bounded reads a size up to most.
func bounded(v strictyaml.Value, most int64) int {
	n := size(v)
	if n > most {
		v.Fail(fmt.Sprintf("%s is more than %s", v.Written(), bytes(int(most))), "a text costs memory in proportion")
	}
	return int(n)
}

// reading writes the limits as guardrail.yaml would.
func reading(l sqlparse.Limits) string {
	return fmt.Sprintf("reading: {max_text: %s, max_parsed: %s, max_tokens: %d, max_depth: %d, max_joins: %d}\n",
		bytes(l.Text), bytes(l.Parse), l.Tokens, l.Depth, l.Joins)
}

// bytes writes a size in whole units.
func bytes(n int) string {
	if n%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", n>>20)
	}
	return fmt.Sprintf("%dKiB", n>>10)
}
