package sqlparse

import "strings"

// ansi is what every mode implies that imitates another database.
const ansi = ANSIQuotes | PipesAsConcat | IgnoreSpace

// ParseSQLMode returns the bits of a sql_mode that change how a text is read,
// from the text of @@sql_mode or of a SET. A combination mode (ANSI, ORACLE,
// MSSQL ...) stands for all it implies. Names that change nothing in reading
// are passed over.
func ParseSQLMode(value string) SQLMode {
	var mode SQLMode
	for name := range strings.SplitSeq(value, ",") {
		mode |= sqlModeBits(strings.ToUpper(strings.TrimSpace(name)))
	}
	return mode
}

func sqlModeBits(name string) SQLMode {
	switch name {
	case "ANSI_QUOTES":
		return ANSIQuotes
	case "NO_BACKSLASH_ESCAPES":
		return NoBackslashEscapes
	case "PIPES_AS_CONCAT":
		return PipesAsConcat
	case "IGNORE_SPACE":
		return IgnoreSpace
	case "HIGH_NOT_PRECEDENCE", "MYSQL323", "MYSQL40":
		return HighNotPrecedence
	case "ORACLE":
		return ansi | Oracle
	case "MSSQL":
		return ansi | MSSQL
	case "ANSI", "DB2", "MAXDB", "POSTGRESQL":
		return ansi
	}
	return 0
}

// modeNames are the names of the bits, in their order.
var modeNames = []string{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "IGNORE_SPACE", "ORACLE", "MSSQL", "HIGH_NOT_PRECEDENCE"}

// String returns the names of the bits, as ParseSQLMode reads them.
func (m SQLMode) String() string {
	var names []string
	for i, name := range modeNames {
		if m.has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// has reports whether every bit of bits is set.
func (m SQLMode) has(bits SQLMode) bool { return m&bits == bits }
