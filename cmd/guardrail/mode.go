package main

import (
	"fmt"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// sqlModes are the names that MySQL 5.7-9.x or MariaDB takes in sql_mode.
var sqlModes = strings.Fields(`
	ALLOW_INVALID_DATES ANSI ANSI_QUOTES DB2 EMPTY_STRING_IS_NULL ERROR_FOR_DIVISION_BY_ZERO HIGH_NOT_PRECEDENCE
	IGNORE_BAD_TABLE_OPTIONS IGNORE_SPACE MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_AUTO_VALUE_ON_ZERO
	NO_BACKSLASH_ESCAPES NO_DIR_IN_CREATE NO_ENGINE_SUBSTITUTION NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS
	NO_UNSIGNED_SUBTRACTION NO_ZERO_DATE NO_ZERO_IN_DATE ONLY_FULL_GROUP_BY ORACLE PAD_CHAR_TO_FULL_LENGTH
	PIPES_AS_CONCAT POSTGRESQL REAL_AS_FLOAT SIMULTANEOUS_ASSIGNMENT STRICT_ALL_TABLES STRICT_TRANS_TABLES
	TIME_ROUND_FRACTIONAL TIME_TRUNCATE_FRACTIONAL TRADITIONAL`)

// charsets are the names that a server takes as character_set_client.
var charsets = strings.Fields(`
	armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312
	gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ujis
	utf8 utf8mb3 utf8mb4`)

// parseSQLMode reads a sql_mode that a person has written: a name that no
// server knows is no mode without effect but a mistake. A corpus writes "-" for
// the mode without any.
func parseSQLMode(value string) (sqlparse.SQLMode, error) {
	if value == "-" {
		return 0, nil
	}
	for word := range strings.SplitSeq(value, ",") {
		if name := strings.ToUpper(strings.TrimSpace(word)); name != "" && !slices.Contains(sqlModes, name) {
			return 0, unknownWord("sql_mode", word, sqlModes, "write names as in ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
		}
	}
	return sqlparse.ParseSQLMode(value), nil
}

// parseCharset reads a character_set_client that a person has written.
func parseCharset(name string) (sqlparse.Charset, error) {
	if !slices.Contains(charsets, strings.ToLower(name)) {
		return 0, unknownWord("character set", name, charsets, "write a character_set_client, as in utf8mb4")
	}
	return sqlparse.ParseCharset(name), nil
}

func unknownWord(what, word string, known []string, otherwise string) error {
	hint := strictyaml.DidYouMean(word, known)
	if hint == "" {
		hint = otherwise
	}
	return fmt.Errorf("no %s is called %q; %s", what, word, hint)
}
