package dashboard

import (
	"bytes"
	"fmt"
	"unicode"
)

// visible shows characters that nobody sees, or that turn the text around them, by
// their numbers: accounts, statements and notes are written by strangers.
func visible(page []byte) []byte {
	if bytes.IndexFunc(page, hidden) < 0 {
		return page
	}
	var out bytes.Buffer
	for _, r := range string(page) {
		if hidden(r) {
			fmt.Fprintf(&out, "[U+%04X]", r)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes()
}

func hidden(r rune) bool { return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) }
