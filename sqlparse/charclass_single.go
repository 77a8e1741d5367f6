package sqlparse

// highBytes lists what the bytes from 0x80 are in a one-byte character set, as
// pairs of first and last. A byte in neither list is refused by the server
// outside quotes.
type highBytes struct {
	letters string
	spaces  string
}

func (h highBytes) apply(t *charTable) {
	for i := 0; i+1 < len(h.letters); i += 2 {
		high(t, int(h.letters[i]), int(h.letters[i+1]), classIdent)
	}
	for i := range len(h.spaces) {
		t.class[h.spaces[i]] = classSpace
	}
}

// singleByteClasses returns the letters and spaces of the one-byte sets, as
// the servers' own character set files give them.
func singleByteClasses() map[Charset]highBytes {
	return map[Charset]highBytes{
		CharsetASCII:  {},
		CharsetBinary: {},
		CharsetLatin1: {"\x83\x83\x8a\x8a\x8c\x8c\x8e\x8e\x9a\x9a\x9c\x9c\x9e\x9f\xc0\xd6\xd8\xf6\xf8\xff", "\xa0"},
		CharsetLatin2: {"\xa1\xa1\xa3\xa3\xa5\xa6\xa9\xac\xae\xaf\xb1\xb1\xb3\xb3\xb5\xb6\xb9\xbc\xbe\xcf\xd1\xd6\xd8\xde\xe0\xf6\xf8\xfe", "\xa0"},
		CharsetLatin5: {"\xc0\xd6\xd8\xf6\xf8\xff", "\xa0"},
		CharsetCP1250: {"\x8a\x8a\x8c\x8f\x9a\x9a\x9c\x9f\xa3\xa3\xa5\xa5\xa7\xa7\xaa\xaa\xaf\xaf\xb3\xb3\xb9\xba\xbc\xbc\xbe\xd6\xd8\xf6\xf8\xfe", "\xa0"},
		CharsetCP1251: {"\x80\x81\x83\x83\x8a\x8a\x8c\x90\x9a\x9a\x9c\x9f\xa1\xa3\xa5\xa5\xa8\xa8\xaa\xaa\xaf\xaf\xb2\xb4\xb8\xb8\xba\xba\xbc\xff", ""},
		CharsetKOI8R:  {"\xa3\xa3\xb3\xb3\xc0\xff", ""},
		CharsetKOI8U:  {"\xa3\xa4\xa6\xa7\xad\xad\xb3\xb4\xb6\xb7\xbd\xbd\xc0\xff", ""},
		CharsetCP866:  {"\x80\xaf\xe0\xf7", "\xff"},
	}
}
