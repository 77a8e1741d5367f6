package sqlparse

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// sessionVariables are the names that SET SESSION takes: the servers were asked
// about each of theirs, and variables_known_test.go asks them again. Lines that
// begin with # say whose the names below them are.
//
//go:embed variables.txt
var sessionVariables string

// SessionVariables returns the names of session variables that MySQL 5.7-9 and
// MariaDB 10-11 have, sorted. Plug-ins bring further ones.
var SessionVariables = sync.OnceValue(func() []string {
	var names []string
	for line := range strings.Lines(sessionVariables) {
		if !strings.HasPrefix(line, "#") {
			names = append(names, strings.Fields(line)...)
		}
	}
	slices.Sort(names)
	return names
})

// IsSessionVariable reports whether a name, in lower case, is among SessionVariables.
func IsSessionVariable(name string) bool {
	_, found := slices.BinarySearch(SessionVariables(), name)
	return found
}
