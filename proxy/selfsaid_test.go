package proxy

import (
	"fmt"
	"strings"
	"testing"

	"guardrail/proxy/wire"
)

// Of what a client says of itself a bounded part is kept, whatever it is.
func TestWhatAClientSaysIsBounded(t *testing.T) {
	list := func(pairs ...string) (raw []byte) {
		for i := 0; i < len(pairs); i += 2 {
			raw = wire.AppendAttribute(raw, pairs[i], pairs[i+1])
		}
		return raw
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("name%d", i), "value")
	}
	for name, row := range map[string]struct {
		raw  []byte
		want int
	}{
		"none":      {nil, 0},
		"two":       {list("a", "b", "c", "d"), 2},
		"too many":  {list(many...), saidAttributes},
		"too long":  {list("a", "b", "c", strings.Repeat("x", saidBytes)), 1},
		"long":      {list(strings.Repeat("n", 1000), strings.Repeat("v", 1000)), 1},
		"nameless":  {list("", "b"), 0},
		"malformed": {[]byte("\xfe\xff\xff"), 0},
		"not UTF-8": {list("a\xff", "\xffb"), 1},
	} {
		said := saidBy(row.raw)
		got := said.attributes()
		if len(got) != row.want || len(said.attributes()) != row.want {
			t.Errorf("%s: %v", name, got)
		}
		for k, v := range got {
			if len(k) > saidName || len(v) > saidValue || !strings.HasPrefix(v+"\xff", strings.ToValidUTF8(v, "?")) {
				t.Errorf("%s: %q: %q", name, k, v)
			}
		}
	}
}
