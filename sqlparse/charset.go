package sqlparse

import "strings"

// Charset is the client character set, as far as it changes how bytes are
// cut and what an unquoted identifier may hold.
type Charset uint8

// The zero value is the set nothing is known of.
const (
	CharsetUnknown    Charset = iota // only letters, digits and the bytes that every set has are certain
	CharsetUTF8                      // utf8mb3, utf8mb4
	CharsetSingleByte                // a one-byte set that keeps ASCII; a high byte outside quotes is Ambiguous
	CharsetASCII
	CharsetBinary
	CharsetLatin1
	CharsetLatin2
	CharsetLatin5
	CharsetCP1250
	CharsetCP1251
	CharsetKOI8R
	CharsetKOI8U
	CharsetCP866
	CharsetSJIS
	CharsetCP932
	CharsetBig5
	CharsetGBK
	CharsetGB18030
	CharsetEUCKR
	CharsetUJIS
	CharsetEUCJPMS
	CharsetGB2312

	charsets = iota
)

// ParseCharset returns the character set of that name, as
// @@character_set_client gives it, or CharsetUnknown. The sets that no client
// may use (ucs2, utf16, utf32) and swe7, which has letters in the place of
// backslash and backquote, are CharsetUnknown.
func ParseCharset(name string) Charset {
	switch strings.ToLower(name) {
	case "utf8mb4", "utf8mb3", "utf8":
		return CharsetUTF8
	case "ascii":
		return CharsetASCII
	case "binary":
		return CharsetBinary
	case "latin1":
		return CharsetLatin1
	case "latin2":
		return CharsetLatin2
	case "latin5":
		return CharsetLatin5
	case "cp1250":
		return CharsetCP1250
	case "cp1251":
		return CharsetCP1251
	case "koi8r":
		return CharsetKOI8R
	case "koi8u":
		return CharsetKOI8U
	case "cp866":
		return CharsetCP866
	case "sjis":
		return CharsetSJIS
	case "cp932":
		return CharsetCP932
	case "big5":
		return CharsetBig5
	case "gbk":
		return CharsetGBK
	case "gb18030":
		return CharsetGB18030
	case "euckr":
		return CharsetEUCKR
	case "ujis":
		return CharsetUJIS
	case "eucjpms":
		return CharsetEUCJPMS
	case "gb2312":
		return CharsetGB2312
	case "armscii8", "cp1256", "cp1257", "cp850", "cp852", "dec8", "geostd8", "greek",
		"hebrew", "hp8", "keybcs2", "latin7", "macce", "macroman", "tis620":
		return CharsetSingleByte
	}
	return CharsetUnknown
}
