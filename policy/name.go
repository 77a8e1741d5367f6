package policy

import (
	"unicode"
	"unicode/utf8"
)

// folded is a name as it is compared, held without allocating: the server's
// longest name is 64 characters of at most 4 bytes.
type folded struct {
	space [256]byte
	used  int
}

// bytes is the name. It points into the struct.
func (n *folded) bytes() []byte { return n.space[:n.used] }

// set copies a name, in lower case if fold is set. A name too long for any
// server finds nothing, because it is cut.
func (n *folded) set(name string, fold bool) {
	out := n.space[:0]
	for i, r := range name {
		if len(out)+utf8.UTFMax > len(n.space) {
			break
		}
		switch {
		case r < utf8.RuneSelf:
			c := byte(r)
			if fold && 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			out = append(out, c)
		case r == utf8.RuneError:
			out = append(out, name[i]) // broken UTF-8 matches no name of a policy file
		case fold:
			out = utf8.AppendRune(out, unicode.ToLower(r))
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	n.used = len(out)
}
