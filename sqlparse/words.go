package sqlparse

// isWord reports whether text is the upper-case ASCII word, in any letter case.
func isWord(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, b := range text {
		if b >= 'a' && b <= 'z' {
			b -= 'a' - 'A'
		}
		if b != word[i] {
			return false
		}
	}
	return true
}

// isIntroducer reports whether _name announces the character set of a literal.
func isIntroducer(name []byte, s Server) bool {
	var buf [16]byte
	if len(name) == 0 || len(name) > len(buf) {
		return false
	}
	for i, b := range name {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		buf[i] = b
	}
	switch string(buf[:len(name)]) {
	case "gb18030":
		return s.Flavour == MySQL
	case "armscii8", "ascii", "big5", "binary", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852", "cp866",
		"cp932", "dec8", "eucjpms", "euckr", "gb2312", "gbk", "geostd8", "greek", "hebrew", "hp8", "keybcs2", "koi8r",
		"koi8u", "latin1", "latin2", "latin5", "latin7", "macce", "macroman", "sjis", "swe7", "tis620", "ucs2", "ujis",
		"utf16", "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4":
		return true
	}
	return false
}

// isFunctionToken reports whether the word is a function of the grammar only
// where a parenthesis touches it, or where IGNORE_SPACE is set.
func isFunctionToken(word []byte, s Server) bool {
	var buf [24]byte
	if len(word) < 3 || len(word) > len(buf) {
		return false
	}
	for i, b := range word {
		if b >= 'a' && b <= 'z' {
			b -= 'a' - 'A'
		}
		buf[i] = b
	}
	switch string(buf[:len(word)]) {
	case "ADDDATE", "BIT_AND", "BIT_OR", "BIT_XOR", "CAST", "COUNT", "CURDATE", "CURTIME", "DATE_ADD", "DATE_SUB",
		"EXTRACT", "GROUP_CONCAT", "JSON_ARRAYAGG", "JSON_OBJECTAGG", "MAX", "MID", "MIN", "NOW", "POSITION",
		"SESSION_USER", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "SUBDATE", "SUBSTR", "SUBSTRING",
		"SUM", "SYSTEM_USER", "TRIM", "VAR_POP", "VAR_SAMP", "VARIANCE":
		return true
	case "JSON_DUALITY_OBJECT", "ST_COLLECT", "SYSDATE":
		return s.Flavour == MySQL
	case "CUME_DIST", "DENSE_RANK", "FIRST_VALUE", "LAG", "LEAD", "MEDIAN", "NTH_VALUE", "NTILE", "PERCENT_RANK",
		"PERCENTILE_CONT", "PERCENTILE_DISC", "RANK":
		return s.Flavour == MariaDB
	}
	return false
}
