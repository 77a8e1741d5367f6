package sqlparse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrServer is wrapped by every error of ParseServer.
var ErrServer = errors.New("not a version of MySQL 5.7-9.x or MariaDB 10.x-12.x")

// ParseServer reads a server's version as its greeting or VERSION() gives it
// ("9.7.4", "8.0.36-28", "5.5.5-10.11.19-MariaDB-log") or as the words of the
// command line ("mysql-9.7.4", "mariadb-10.11.19"). A server that only speaks
// the protocol and lexes in its own way (TiDB, Vitess) is an error.
func ParseServer(version string) (Server, error) {
	s := strings.ToLower(strings.TrimSpace(version))
	flavour := NoFlavour
	switch {
	case strings.HasPrefix(s, "mysql-"):
		flavour, s = MySQL, s[len("mysql-"):]
	case strings.HasPrefix(s, "mariadb-"):
		flavour, s = MariaDB, s[len("mariadb-"):]
	case strings.Contains(s, "mariadb"):
		// Old MariaDB servers greet as 5.5.5 so that old replicas accept them.
		flavour, s = MariaDB, strings.TrimPrefix(s, "5.5.5-")
	case foreignLexer(s):
	default:
		flavour = MySQL
	}
	number, ok := versionNumber(s)
	server := Server{Flavour: flavour, Version: number}
	if !ok || !server.known() {
		return Server{}, fmt.Errorf("server version %q: %w", version, ErrServer)
	}
	return server, nil
}

// known reports whether the lexer knows the server's rules.
func (s Server) known() bool {
	switch s.Flavour {
	case MySQL:
		return s.Version >= 50700 && s.Version < 100000
	case MariaDB:
		return s.Version >= 100000 && s.Version < 130000
	}
	return false
}

// String returns the server as ParseServer's flag words give it.
func (s Server) String() string {
	name := map[Flavour]string{MySQL: "mysql", MariaDB: "mariadb"}[s.Flavour]
	if name == "" {
		return "unknown server"
	}
	return fmt.Sprintf("%s-%d.%d.%d", name, s.Version/10000, s.Version/100%100, s.Version%100)
}

// foreignLexer reports whether a version names a server that speaks the
// protocol but has a parser of its own.
func foreignLexer(version string) bool {
	for _, name := range []string{"tidb", "vitess", "oceanbase", "doris", "starrocks", "clickhouse", "singlestore", "memsql", "drizzle"} {
		if strings.Contains(version, name) {
			return true
		}
	}
	return false
}

// versionNumber reads "major.minor.patch" from the start of s into the form
// of executable comments. Each of minor and patch is below 100.
func versionNumber(s string) (int, bool) {
	number := 0
	for i := range 3 {
		end := 0
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		part, err := strconv.Atoi(s[:end])
		if err != nil || part > 99 {
			return 0, false
		}
		number = number*100 + part
		s = s[end:]
		if i < 2 {
			if !strings.HasPrefix(s, ".") {
				return 0, false
			}
			s = s[1:]
		}
	}
	return number, true
}
