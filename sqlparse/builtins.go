package sqlparse

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
)

// A call of one of the server's own functions needs no privilege; any other
// name is a stored function, or a loadable one that only the server could tell
// from it. The names are those that the servers themselves resolve, asked one
// by one; builtins_test.go asks them again.

// builtin reports whether an unquoted name, in lower case, is one of the
// server's own functions.
func builtin(s Server, name string) bool {
	return nativeFunction(s, name) || grammarFunction(s, name)
}

// nativeFunction reports whether name is one that the server looks up in its
// table of functions, before stored ones and whether quoted or not.
func nativeFunction(s Server, name string) bool {
	switch s.Flavour {
	case MySQL:
		return nativeBoth(name) || nativeMySQL(s.Version, name)
	case MariaDB:
		return nativeBoth(name) || nativeMariaDB(s.Version, name)
	}
	return false
}

// onlyUnquoted reports whether name, in any case, is the server's own function
// unless it is quoted: then it is a stored function of that name.
func onlyUnquoted(s Server, name string) bool {
	name = strings.ToLower(name)
	return grammarFunction(s, name) && !nativeFunction(s, name)
}

// storedGeometry reports whether a geometry's constructor is a stored function
// of that name, since it has not the number of arguments that MariaDB's own takes.
func storedGeometry(s Server, name string, arguments int) bool {
	if s.Flavour != MariaDB {
		return false
	}
	switch name {
	case "point":
		return arguments != 2
	case "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection":
		return arguments == 0
	}
	return false
}

// grammarFunction reports whether name is a function by the server's grammar.
// Quoted, such a name is a stored function.
func grammarFunction(s Server, name string) bool {
	switch s.Flavour {
	case MySQL:
		return grammarBoth(name) || grammarMySQL(s.Version, name) || s.Version >= 80000 && windowFunction(name)
	case MariaDB:
		return grammarBoth(name) || grammarMariaDB(name) || s.Version >= 100200 && windowFunction(name)
	}
	return false
}

// grammarBoth lists the functions of both grammars.
func grammarBoth(name string) bool {
	switch name {
	case "adddate", "ascii", "avg", "bit_and", "bit_or", "bit_xor", "cast", "char", "charset", "convert",
		"count", "curdate", "current_date", "current_time", "current_timestamp", "current_user", "curtime",
		"date", "date_add", "date_sub", "day", "default", "extract", "geometrycollection", "get_format",
		"group_concat", "hour", "if", "insert", "interval", "json_arrayagg", "json_objectagg", "left",
		"linestring", "localtime", "localtimestamp", "max", "mid", "min", "minute", "month",
		"multilinestring", "multipoint", "multipolygon", "now", "point", "polygon", "position", "repeat",
		"replace", "right", "second", "session_user", "sql_tsi_day", "sql_tsi_hour", "sql_tsi_minute", "sql_tsi_month",
		"sql_tsi_second", "sql_tsi_year", "std", "stddev", "stddev_pop", "stddev_samp",
		"subdate", "substr", "substring", "sum", "sysdate", "system_user", "time", "timestamp",
		"timestampadd", "timestampdiff", "trim", "truncate", "user", "utc_date", "utc_time",
		"utc_timestamp", "values", "var_pop", "var_samp", "variance", "weight_string", "year":
		return true
	}
	return false
}

// windowFunction lists the functions that only OVER makes.
func windowFunction(name string) bool {
	switch name {
	case "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile",
		"percent_rank", "rank", "row_number":
		return true
	}
	return false
}

// parserFunction reports whether a name is that of a function as the parser's
// tree has it, and nobody's in SQL: CHAR(1) comes out as char_func(1), and
// DATE '2001-01-01' as a call too.
func parserFunction(name string) bool {
	switch len(name) {
	case len(ast.CharFunc), len(ast.InsertFunc), len(ast.JSONMemberOf):
		return strings.EqualFold(name, ast.CharFunc) || strings.EqualFold(name, ast.InsertFunc) || strings.EqualFold(name, ast.JSONMemberOf)
	}
	return name != "" && name[0] == '\'' && dateLiteral(strings.ToLower(name))
}

// dateLiteral reports whether a name is what the parser has for DATE '...',
// TIME '...' and TIMESTAMP '...'.
func dateLiteral(name string) bool {
	return name == ast.DateLiteral || name == ast.TimeLiteral || name == ast.TimestampLiteral
}
