package sqlparse

import "strings"

// agrees reports whether a kind fits the statement's first word. It stands
// between a fault of the parser and a statement that is not what it seems.
func (f fragment) agrees(k Kind) bool {
	i := 0
	for f.op(i, '(') {
		i++
	}
	t := f.at(i)
	if t.Type != TokenWord {
		return false
	}
	kind := string(k)
	switch word := strings.ToUpper(string(f.text(i))); word {
	case "SELECT", "TABLE", "VALUES":
		return k == "select"
	case "WITH":
		return k == "select" || strings.HasPrefix(kind, "update") || strings.HasPrefix(kind, "delete")
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "REVOKE", "TRUNCATE", "GRANT", "SHOW", "RENAME",
		"FLUSH", "KILL", "DO", "ROLLBACK", "COMMIT", "LOCK", "UNLOCK", "OPTIMIZE", "CALL", "SAVEPOINT", "RELEASE",
		"BINLOG", "HELP", "SHUTDOWN", "RESTART", "LOAD", "PREPARE":
		return strings.HasPrefix(kind, strings.ToLower(word)) ||
			word == "SHOW" && k == "select" || word == "DROP" && k == "dealloc_sql"
	case "ALTER":
		return strings.HasPrefix(kind, "alter")
	case "SET":
		return strings.HasPrefix(kind, "set") || k == "alter_user_default_role"
	case "USE":
		return k == "change_db"
	case "BEGIN", "START":
		return k == "begin"
	case "EXECUTE":
		return k == "execute_sql"
	case "DEALLOCATE":
		return k == "dealloc_sql"
	case "ANALYZE":
		return k == "analyze"
	case "EXPLAIN", "DESCRIBE", "DESC":
		return true
	}
	return false
}

// alters reports whether a GRANT changes the account too, as older servers' and
// MariaDB's may: its password, its limits.
func (f fragment) alters() bool {
	for _, word := range []string{"IDENTIFIED", "REQUIRE", "MAX_QUERIES_PER_HOUR", "MAX_UPDATES_PER_HOUR", "MAX_CONNECTIONS_PER_HOUR",
		"MAX_USER_CONNECTIONS", "MAX_STATEMENT_TIME"} {
		if f.has(word) {
			return true
		}
	}
	return false
}

// mistaken reports whether the parser reads the statement as another one
// than the server does, so that only the tokens may speak.
func (f fragment) mistaken() bool {
	return f.is(0, "REVOKE") || f.is(0, "GRANT") && f.alters() || f.seq(0, "DELETE", "HISTORY") && f.mariadb()
}
