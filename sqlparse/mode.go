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
	Oracle
	MSSQL
	HighNotPrecedence
)

// Charset is the client character set, as far as it changes how bytes are cut.
type Charset uint8

const (
	CharsetUnknown    Charset = iota // every byte above 0x7f is Ambiguous
	CharsetUTF8                      // utf8mb3, utf8mb4
	CharsetSingleByte                // latin1, ascii, binary and the other one-byte sets that keep ASCII
	CharsetSJIS
	CharsetCP932
	CharsetBig5
	CharsetGBK
	CharsetGB18030
	CharsetEUCKR
	CharsetEUCJP // ujis, eucjpms
	CharsetGB2312
)

// Mode is all that decides how the server reads a text. It is comparable and
// part of every cache's key.
type Mode struct {
	Server  Server
	SQLMode SQLMode
	Charset Charset
}
