package sqlparse

import "unicode/utf8"

// These functions return the length of the character at the start of b where
// it is a whole, valid one of more than one byte, and 0 otherwise, as the
// server's own character sets do. b is never empty.

func between(b, from, to byte) bool { return b >= from && b <= to }

// utf8Length is exact for utf8mb4. utf8mb3 refuses characters of four bytes,
// which ends a name there; such a text is one the server refuses.
func utf8Length(b []byte) int {
	if _, n := utf8.DecodeRune(b); n > 1 {
		return n
	}
	return 0
}

func sjisLength(b []byte) int {
	if len(b) < 2 || !(between(b[0], 0x81, 0x9f) || between(b[0], 0xe0, 0xfc)) {
		return 0
	}
	if between(b[1], 0x40, 0x7e) || between(b[1], 0x80, 0xfc) {
		return 2
	}
	return 0
}

func big5Length(b []byte) int {
	if len(b) < 2 || !between(b[0], 0xa1, 0xf9) {
		return 0
	}
	if between(b[1], 0x40, 0x7e) || between(b[1], 0xa1, 0xfe) {
		return 2
	}
	return 0
}

func gbkLength(b []byte) int {
	if len(b) < 2 || !between(b[0], 0x81, 0xfe) {
		return 0
	}
	if between(b[1], 0x40, 0x7e) || between(b[1], 0x80, 0xfe) {
		return 2
	}
	return 0
}

func gb18030Length(b []byte) int {
	if n := gbkLength(b); n != 0 {
		return n
	}
	if len(b) >= 4 && between(b[0], 0x81, 0xfe) && between(b[1], '0', '9') &&
		between(b[2], 0x81, 0xfe) && between(b[3], '0', '9') {
		return 4
	}
	return 0
}

func euckrLength(b []byte) int {
	if len(b) < 2 || !between(b[0], 0x81, 0xfe) {
		return 0
	}
	if between(b[1], 'A', 'Z') || between(b[1], 'a', 'z') || between(b[1], 0x81, 0xfe) {
		return 2
	}
	return 0
}

// ujisLength is for eucjpms too.
func ujisLength(b []byte) int {
	switch {
	case len(b) >= 2 && between(b[0], 0xa1, 0xfe) && between(b[1], 0xa1, 0xfe):
		return 2
	case len(b) >= 2 && b[0] == 0x8e && between(b[1], 0xa0, 0xdf):
		return 2
	case len(b) >= 3 && b[0] == 0x8f && between(b[1], 0xa1, 0xfe) && between(b[2], 0xa1, 0xfe):
		return 3
	}
	return 0
}

func gb2312Length(b []byte) int {
	if len(b) >= 2 && between(b[0], 0xa1, 0xf7) && between(b[1], 0xa1, 0xfe) {
		return 2
	}
	return 0
}
