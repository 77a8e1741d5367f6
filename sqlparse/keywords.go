package sqlparse

// onlyParserKeyword reports whether a word is a keyword to the parser and a
// plain name to the server.
func onlyParserKeyword(word []byte, s Server) bool {
	return false
}
