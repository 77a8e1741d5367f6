package config

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"guardrail/policy/strictyaml"
)

// ReadUsers reads a file of lines "user:bcrypt hash", as "htpasswd -B" writes
// it. Its error is a strictyaml.Mistakes with every line that is none, or says
// why the file cannot be read; neither quotes the file.
func ReadUsers(file string) (map[string][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var report strictyaml.Report
	users := map[string][]byte{}
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strictyaml.Pos{File: file, Line: n + 1, Col: 1}
		user, hash, ok := strings.Cut(line, ":")
		if _, err := bcrypt.Cost([]byte(hash)); !ok || user == "" || err != nil {
			report.Add(at, "no user with a bcrypt hash", "make the line with htpasswd -nB USER")
		} else if _, twice := users[user]; twice {
			report.Add(at, fmt.Sprintf("a second line for %q", user), "leave one of them")
		}
		users[user] = []byte(hash)
	}
	if len(users) == 0 {
		report.Add(strictyaml.Pos{File: file, Line: 1, Col: 1}, "no users in it", "nobody would be let in; make a line with htpasswd -nB USER")
	}
	if err := report.Err(); err != nil {
		return nil, err
	}
	return users, nil
}
