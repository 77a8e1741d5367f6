package sqlparse

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// encodingOf returns how a character set's bytes become characters, or nil.
func encodingOf(cs Charset) encoding.Encoding {
	switch cs {
	case CharsetLatin2:
		return charmap.ISO8859_2
	case CharsetLatin5:
		return charmap.ISO8859_9
	case CharsetCP1250:
		return charmap.Windows1250
	case CharsetCP1251:
		return charmap.Windows1251
	case CharsetKOI8R:
		return charmap.KOI8R
	case CharsetKOI8U:
		return charmap.KOI8U
	case CharsetCP866:
		return charmap.CodePage866
	case CharsetSJIS, CharsetCP932:
		return japanese.ShiftJIS
	case CharsetUJIS, CharsetEUCJPMS:
		return japanese.EUCJP
	case CharsetBig5:
		return traditionalchinese.Big5
	case CharsetGBK, CharsetGB2312:
		return simplifiedchinese.GBK
	case CharsetGB18030:
		return simplifiedchinese.GB18030
	case CharsetEUCKR:
		return korean.EUCKR
	}
	return nil
}

// decodeName returns a name's characters. ok is false where a byte beyond
// ASCII has no certain meaning: a name must be the one that the server sees.
func decodeName(text []byte, cs Charset) (name string, ok bool) {
	if !hasHigh(text) {
		return string(text), true
	}
	if cs == CharsetUTF8 {
		return string(text), utf8.Valid(text)
	}
	if cs == CharsetLatin1 {
		return decodeLatin1(text), true
	}
	enc := encodingOf(cs)
	if enc == nil || doubtful(text, cs) {
		return "", false
	}
	out, err := enc.NewDecoder().Bytes(text)
	if err != nil {
		return "", false
	}
	several := charTables[cs].length != nil
	for _, r := range string(out) {
		if r == utf8.RuneError || several && disputed(r) {
			return "", false
		}
	}
	return string(out), true
}

// disputed reports whether the tables of character sets with characters of
// several bytes part over a sign: wave and long dashes, bars, currencies.
func disputed(r rune) bool {
	switch {
	case r < utf8.RuneSelf, unicode.IsLetter(r), unicode.IsDigit(r):
		return false
	case r == '\u301c', r == '\uff0d', r == '\uff3c', r == '\uff5e':
		return true
	}
	return (r < '\u3000' || r > '\u303f') && (r < '\uff00' || r > '\uff60')
}

// doubtful reports whether a character in a name is one that the servers' tables
// and the encodings above do not have in common.
func doubtful(text []byte, cs Charset) bool {
	length := charTables[cs].length
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b < 0x80 {
			continue
		}
		switch cs {
		case CharsetCP866:
			if b == 0xfc || b == 0xfd {
				return true
			}
		case CharsetKOI8U:
			if b == 0x95 || b == 0xae || b == 0xbe {
				return true
			}
		case CharsetSJIS: // beyond JIS X 0208
			if b == 0x80 || b == 0xa0 || b >= 0xeb {
				return true
			}
		case CharsetUJIS, CharsetEUCJPMS: // likewise
			if b >= 0xf5 {
				return true
			}
		case CharsetGB2312:
			if b < 0xa1 || b > 0xf7 {
				return true
			}
		}
		if length != nil {
			i += max(1, length(text[i:])) - 1
		}
	}
	return false
}

// decodeLatin1 is cp1252, but that the five bytes which mean nothing there
// stand for the characters of their number, as in the server.
func decodeLatin1(text []byte) string {
	var out []rune
	for _, b := range text {
		r := charmap.Windows1252.DecodeByte(b)
		if r == utf8.RuneError {
			r = rune(b)
		}
		out = append(out, r)
	}
	return string(out)
}
