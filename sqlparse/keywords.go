package sqlparse

import "strings"

// reservedWord reports whether an unquoted word cannot be the name of a
// function or a column, since the server's grammar has it for itself. The
// servers were asked, word by word: builtins_test.go asks them again.
func reservedWord(s Server, word []byte) bool {
	name := strings.ToLower(string(word))
	return reservedBoth(name) || s.Flavour == MySQL && reservedMySQL(s.Version, name) || s.Flavour == MariaDB && reservedMariaDB(name)
}

// onlyParserKeyword reports whether a word is a keyword to the parser and a
// plain name to the server: an option of SELECT that MySQL 8.0.3 dropped.
func onlyParserKeyword(word []byte, s Server) bool {
	return s.Flavour == MySQL && s.Version >= 80003 && isWord(word, "SQL_CACHE")
}

// reservedBoth lists the words that every server has for itself.
func reservedBoth(name string) bool {
	switch name {
	case "all", "and", "any", "as", "asc", "between", "bigint", "binary", "blob", "boolean", "both", "by",
		"case", "char", "character", "charset", "collate", "cross", "date", "decimal", "desc", "distinct", "distinctrow",
		"div", "double", "else", "end", "exists", "false", "float", "following", "for", "from",
		"group", "having", "high_priority", "in", "int", "integer", "interval", "into", "is", "join", "leading",
		"like", "limit", "match", "mod", "nchar", "not", "null", "numeric", "on", "or",
		"order", "partition", "preceding", "range", "real", "regexp", "rlike", "row", "rows", "select",
		"separator", "set", "signed", "some", "sounds", "sql_big_result", "sql_calc_found_rows", "sql_small_result", "straight_join", "table", "then", "tinyint", "trailing", "true", "unbounded",
		"union", "unsigned", "using", "values", "varchar", "varbinary", "when", "where", "with", "xor":
		return true
	}
	return false
}

// reservedMySQL lists MySQL's own words, by the version that brought them.
func reservedMySQL(version int, name string) bool {
	switch name {
	case "against", "at", "columns", "error", "escape", "sql_buffer_result", "sql_no_cache", "unknown":
		return true
	case "sql_cache":
		return version < 80003
	case "array", "empty", "except", "groups", "json", "member", "nested", "of", "over", "path", "window":
		return version >= 80017
	case "intersect":
		return version >= 80031
	case "qualify":
		return version >= 80400
	}
	return false
}

// reservedMariaDB lists MariaDB's own words.
func reservedMariaDB(name string) bool {
	switch name {
	case "except", "intersect", "json", "over", "unique", "window", "within":
		return true
	}
	return false
}
