package sqlparse

// Flavour is the family of a server.
type Flavour uint8

// The zero value is no server: a text read for it is Unknown.
const (
	NoFlavour Flavour = iota
	MySQL
	MariaDB
)

// Server is the server whose reading counts.
type Server struct {
	Flavour Flavour
	Version int // as in executable comments: 90704 is 9.7.4, 101119 is 10.11.19
}

// SQLMode holds the bits of @@sql_mode that change how a text is read.
type SQLMode uint16

const (
	ANSIQuotes SQLMode = 1 << iota
	NoBackslashEscapes
	PipesAsConcat
	IgnoreSpace
	Oracle // the grammar of sql_mode=ORACLE; means something to MariaDB only
	MSSQL  // [x] is an identifier; means something to MariaDB only
	HighNotPrecedence
)

// Mode is all that decides how the server reads a text. It is comparable and
// part of every cache's key.
type Mode struct {
	Server  Server
	SQLMode SQLMode
	Charset Charset
}
