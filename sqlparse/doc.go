// Package sqlparse reads SQL as a MySQL or MariaDB server will: the bytes of a
// text and the mode of its session in, a list of statements out, each with its
// kind, what it needs and whether it destroys. What cannot be read with
// certainty is one statement of kind Unknown.
//
// The way of a text, and the files that tell each part:
//
//	mode.go, server.go      whose reading counts: flavour, version, sql_mode, character set
//	lexer*.go, char*.go     bytes to tokens as that server cuts them; the authority on every text
//	fold.go                 the shape: the tokens with the literals left out
//	limit.go                the number of a LIMIT
//	hint.go                 the variables that optimizer hints set
//	split.go, compound*.go  tokens to statements, the bodies of routines kept whole
//	canonical*.go           a statement as the grammar is given it: no comments, plain quotes
//	parser.go, ast.go       the TiDB parser, within limits and under recover
//	query.go, dml.go, ...   the parser's tree to kind and needs
//	where*.go, rows.go      what a WHERE says: nothing, a constant, or something of a column; which columns it pins
//	classify*.go            what the grammar lacks, read by its leading tokens
//	skeleton*.go            what the grammar mistakes, read by the places where tables stand
//	inner.go                texts inside a statement: PREPARE, EXECUTE IMMEDIATE, bodies
//	statement.go            what comes out
//	mask.go                 a text as a record may show it
//	example.go              a text that reads the same and holds no literal of it
//
// DESIGN.md says why, and what was tried and dropped. The package reaches no
// network and no clock.
package sqlparse
