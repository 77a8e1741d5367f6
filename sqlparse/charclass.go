package sqlparse

// class tells what a byte may be at the start of a token or inside a name.
type class uint8

const (
	classIdent  class = 1 << iota // may be part of an unquoted name
	classDigit                    // a decimal digit (is classIdent too)
	classSpace                    // white space
	classCntrl                    // a control character: ends the two dashes of a comment as white space does
	classLead                     // the first byte of a longer character
	classUnsure                   // depends on more than we know
)

// charTable is the lexer's view of one character set.
type charTable struct {
	class [256]class
	// length returns how many bytes the character at the start of b has, if it
	// is a valid one of more than one byte; otherwise 0. It is nil where all
	// characters have one byte, and for UTF-8, whose longer characters hold no
	// byte below 0x80.
	length func(b []byte) int
}

var charTables = buildCharTables()

func buildCharTables() [charsets]charTable {
	var t [charsets]charTable
	for cs := range t {
		ascii(&t[cs])
	}
	for b := range 256 {
		switch b {
		case '[', '\\', ']', '^', '`', '{', '|', '}', '~', '@', '#', '$':
			t[CharsetUnknown].class[b] |= classUnsure
		}
	}
	high(&t[CharsetUnknown], 0x80, 0xff, classUnsure)
	high(&t[CharsetSingleByte], 0x80, 0xff, classUnsure)
	high(&t[CharsetUTF8], 0x80, 0xff, classIdent|classLead)
	t[CharsetUTF8].length = utf8Length

	// JIS X 0201's katakana are letters of one byte; its five marks are not.
	for _, cs := range []Charset{CharsetSJIS, CharsetCP932} {
		high(&t[cs], 0xa6, 0xdf, classIdent)
		high(&t[cs], 0x81, 0x9f, classIdent|classLead)
		high(&t[cs], 0xe0, 0xfc, classIdent|classLead)
		t[cs].length = sjisLength
	}
	lead := func(cs Charset, from, to int, length func([]byte) int) {
		high(&t[cs], 0x80, 0xff, classUnsure)
		high(&t[cs], from, to, classIdent|classLead)
		t[cs].length = length
	}
	lead(CharsetBig5, 0xa1, 0xf9, big5Length)
	lead(CharsetGBK, 0x81, 0xfe, gbkLength)
	lead(CharsetGB18030, 0x81, 0xfe, gb18030Length)
	lead(CharsetEUCKR, 0x81, 0xfe, euckrLength)
	lead(CharsetUJIS, 0x8e, 0x8f, ujisLength)
	lead(CharsetUJIS, 0xa1, 0xfe, ujisLength)
	lead(CharsetEUCJPMS, 0x8e, 0x8f, ujisLength)
	lead(CharsetEUCJPMS, 0xa1, 0xfe, ujisLength)
	lead(CharsetGB2312, 0xa1, 0xf7, gb2312Length)
	for cs, bits := range singleByteClasses() {
		bits.apply(&t[cs])
	}
	return t
}

// ascii sets the classes that every supported character set shares.
func ascii(t *charTable) {
	for b := range 0x80 {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_', b == '$':
			t.class[b] = classIdent
		case b >= '0' && b <= '9':
			t.class[b] = classIdent | classDigit
		case b == ' ':
			t.class[b] = classSpace
		case b >= '\t' && b <= '\r':
			t.class[b] = classSpace | classCntrl
		case b < 0x20, b == 0x7f:
			t.class[b] = classCntrl
		}
	}
}

// high sets the class of the bytes from..to, inclusive.
func high(t *charTable, from, to int, c class) {
	for b := from; b <= to; b++ {
		t.class[b] = c
	}
}
