package proxy

import (
	"bytes"
	"strings"

	"guardrail/proxy/wire"
)

// What of a client's connection attributes is recorded, at most.
const (
	saidAttributes = 16
	saidName       = 64
	saidValue      = 256
	saidBytes      = 2 << 10 // of the attributes as they came
)

// selfSaid is what a client says of itself at its login, kept as it came until
// an event needs it.
type selfSaid struct {
	raw  []byte
	read map[string]string
}

func saidBy(attributes []byte) selfSaid {
	return selfSaid{raw: bytes.Clone(attributes[:min(len(attributes), saidBytes)])}
}

// attributes are the connection attributes as the record has them. The map is
// not changed any more.
func (s *selfSaid) attributes() map[string]string {
	if len(s.raw) == 0 {
		return s.read
	}
	read := map[string]string{}
	_ = wire.EachAttribute(s.raw, func(name, value string) { // what is cut off or malformed is left out
		if len(read) < saidAttributes && name != "" {
			read[cut(name, saidName)] = cut(value, saidValue)
		}
	})
	s.raw, s.read = nil, read
	return read
}

// cut returns s as valid UTF-8 of at most n bytes.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}
