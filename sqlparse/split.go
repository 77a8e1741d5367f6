package sqlparse

// statements cuts a text into the statements that the server would run one
// after the other. A routine's body stays whole. reason says why the text
// cannot be cut with certainty.
func (l *Lexed) statements() (list []fragment, reason string) {
	if l.Ambiguous != "" {
		return nil, l.Ambiguous
	}
	all := fragment{lexed: l, tokens: l.Tokens}
	i := 0
	for i < len(all.tokens) {
		end, reason := all.statementEnd(i)
		if reason != "" {
			return nil, reason
		}
		if end == i {
			return nil, "a statement is empty"
		}
		list = append(list, all.slice(i, end))
		if end < len(all.tokens) {
			if all.tokens[end].Flags&InExecutable != 0 {
				return nil, "a statement ends inside an executable comment"
			}
		}
		i = end + 1
	}
	if len(list) == 0 {
		list = []fragment{all}
	}
	return list, ""
}

// statementEnd returns where the statement that begins at i ends: the place of
// its semicolon, or the end of the text.
func (f fragment) statementEnd(i int) (end int, reason string) {
	rest := f.slice(i, len(f.tokens))
	start, has := rest.bodyStart()
	if !has {
		return i + rest.semicolon(0), ""
	}
	if start < 0 {
		return 0, "the body of a routine does not begin where it must"
	}
	b := rest.body(start)
	if b.reason != "" {
		return 0, b.reason
	}
	return i + b.end, ""
}

// semicolon returns the place of the first semicolon from i, or the end.
func (f fragment) semicolon(i int) int {
	for ; i < len(f.tokens); i++ {
		if f.tokens[i].Type == TokenSymbol && f.tokens[i].Op == ';' {
			return i
		}
	}
	return len(f.tokens)
}

// oracle reports whether the grammar is the one of MariaDB's sql_mode=ORACLE.
func (f fragment) oracle() bool {
	return f.mariadb() && f.lexed.Mode.SQLMode.has(Oracle)
}

func (f fragment) mariadb() bool { return f.lexed.Mode.Server.Flavour == MariaDB }

// bodyStart returns where the statements inside a routine, trigger, event or
// block begin. has is false for every other statement; start is negative
// where a body must be but cannot be found.
func (f fragment) bodyStart() (start int, has bool) {
	switch {
	case f.is(0, "CREATE"):
		return f.createBody()
	case f.is(0, "ALTER"):
		i := f.afterDefiner(1)
		if !f.is(i, "EVENT") {
			return 0, false
		}
		if i = f.find(i, "DO"); i < 0 {
			return 0, false
		}
		return i + 1, true
	case f.mariadb() && f.seq(0, "SET", "STATEMENT"):
		i := f.find(2, "FOR")
		if i < 0 {
			return 0, false
		}
		start, has = f.slice(i+1, len(f.tokens)).bodyStart()
		if start >= 0 {
			start += i + 1
		}
		return start, has
	case f.mariadb():
		return 0, f.block(0)
	}
	return 0, false
}

// block reports whether a compound statement begins at i, as MariaDB allows
// it outside routines.
func (f fragment) block(i int) bool {
	switch {
	case f.seq(i, "BEGIN", "NOT", "ATOMIC"):
		return true
	case f.isAny(i, "IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR"):
		return true
	case f.isName(i) && f.op(i+1, ':') && !f.oracle():
		return true
	case f.oracle():
		return f.is(i, "DECLARE") || f.op(i, OpShiftLeft) ||
			f.is(i, "BEGIN") && i+1 < len(f.tokens) && !f.op(i+1, ';') && !f.is(i+1, "WORK")
	}
	return false
}

// createBody finds the body of CREATE PROCEDURE, FUNCTION, TRIGGER, EVENT and PACKAGE.
func (f fragment) createBody() (start int, has bool) {
	i := 1
	if f.seq(i, "OR", "REPLACE") {
		i += 2
	}
	i = f.afterDefiner(i)
	if f.is(i, "AGGREGATE") {
		i++
	}
	switch {
	case f.is(i, "PROCEDURE"):
		return f.routineBody(i + 1)
	case f.is(i, "FUNCTION"):
		if f.find(i, "SONAME") > 0 && f.semicolon(0) > f.find(i, "SONAME") {
			return 0, false
		}
		return f.routineBody(i + 1)
	case f.is(i, "TRIGGER"):
		for ; i < len(f.tokens); i++ {
			if f.seq(i, "FOR", "EACH", "ROW") {
				i += 3
				if f.isAny(i, "FOLLOWS", "PRECEDES") {
					i = f.afterQualified(i + 1)
				}
				return i, true
			}
		}
		return -1, true
	case f.is(i, "EVENT"):
		if i = f.find(i, "DO"); i < 0 {
			return -1, true
		}
		return i + 1, true
	case f.is(i, "PACKAGE") && f.mariadb():
		return i, true
	}
	return 0, false
}

// routineBody finds the body behind a routine's name, parameters, type and characteristics.
func (f fragment) routineBody(i int) (start int, has bool) {
	if f.seq(i, "IF", "NOT", "EXISTS") {
		i += 3
	}
	i = f.afterQualified(i)
	if f.op(i, '(') {
		i = f.afterParentheses(i)
	} else if !f.oracle() {
		return -1, true
	}
	typed := false
	for ; i < len(f.tokens); i++ {
		switch {
		case f.is(i, "RETURNS"), f.is(i, "RETURN") && f.oracle():
			typed = true
		case f.op(i, '(') && !typed:
			return i, true
		case f.op(i, '('):
			i = f.afterParentheses(i) - 1
		case f.seq(i, "CHARACTER", "SET"), f.seq(i, "CHAR", "SET"), f.seq(i, "SQL", "SECURITY"), f.is(i, "COLLATE"), f.is(i, "CHARSET"), f.is(i, "LANGUAGE"):
			i++
		case f.isAny(i, "AS", "IS"):
			return i + 1, true
		case f.bodyWord(i):
			return i, true
		}
	}
	return -1, true
}

// bodyWord reports whether a statement begins at i, rather than a routine's
// type or characteristics go on.
func (f fragment) bodyWord(i int) bool {
	switch f.at(i).Type {
	case TokenName:
		return f.op(i+1, ':')
	case TokenWord:
	default:
		return false
	}
	if f.op(i+1, ':') {
		return true
	}
	if f.is(i, "SET") {
		return !f.op(i+1, '(')
	}
	if f.is(i, "NO") || f.is(i, "NOT") || f.is(i, "CONTAINS") || f.is(i, "READS") || f.is(i, "MODIFIES") {
		return false
	}
	if f.isAny(i, "CHARSET", "CHARACTER", "COLLATE", "COMMENT", "LANGUAGE", "DETERMINISTIC", "SQL", "DATA", "SECURITY",
		"DEFINER", "INVOKER", "RETURNS", "USING", "ROW", "TYPE", "OF") {
		return false
	}
	return f.isAny(i, "BEGIN", "RETURN", "IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR", "SELECT", "INSERT", "UPDATE",
		"DELETE", "REPLACE", "CALL", "DO", "CREATE", "DROP", "ALTER", "TRUNCATE", "WITH", "VALUES", "TABLE", "SHOW",
		"PREPARE", "EXECUTE", "DEALLOCATE", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "GRANT", "REVOKE",
		"SIGNAL", "RESIGNAL", "GET", "ANALYZE", "CHECK", "CHECKSUM", "OPTIMIZE", "REPAIR", "FLUSH", "KILL", "LOCK",
		"UNLOCK", "RENAME", "RESET", "HANDLER", "LOAD", "EXPLAIN", "DESCRIBE", "DESC", "XA", "INSTALL", "UNINSTALL",
		"PURGE", "CHANGE", "STOP", "CACHE", "BINLOG", "HELP", "USE", "IMPORT", "CLONE", "SHUTDOWN", "RESTART", "OPEN",
		"FETCH", "CLOSE", "LEAVE", "ITERATE", "DECLARE", "PURGE", "BACKUP", "GOTO", "RAISE", "NULL", "EXIT", "CONTINUE",
		"AUTHID")
}

// find returns the place of the first such keyword from i outside parentheses
// and before a semicolon, or -1.
func (f fragment) find(i int, word string) int {
	depth := 0
	for ; i < len(f.tokens); i++ {
		switch {
		case f.op(i, '('):
			depth++
		case f.op(i, ')'):
			depth--
		case f.op(i, ';'):
			return -1
		case depth == 0 && f.is(i, word):
			return i
		}
	}
	return -1
}

// afterDefiner skips DEFINER = user.
func (f fragment) afterDefiner(i int) int {
	if !f.is(i, "DEFINER") || !f.op(i+1, '=') {
		return i
	}
	return f.afterAccount(i + 2)
}

// afterAccount skips an account or role: name, name@host, CURRENT_USER[()].
func (f fragment) afterAccount(i int) int {
	i++
	if f.op(i, '(') && f.op(i+1, ')') {
		i += 2
	}
	if f.op(i, '@') {
		i += 2
	}
	return i
}

// afterQualified skips a name with the names that dots bind to it.
func (f fragment) afterQualified(i int) int {
	if f.op(i, '.') {
		i++
	}
	i++
	for f.op(i, '.') {
		i += 2
	}
	return i
}

// afterParentheses returns the place behind the parenthesis that closes the one at i.
func (f fragment) afterParentheses(i int) int {
	depth := 0
	for ; i < len(f.tokens); i++ {
		switch {
		case f.op(i, '('):
			depth++
		case f.op(i, ')'):
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}
