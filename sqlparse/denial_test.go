package sqlparse_test

import (
	"regexp"
	"slices"
	"strings"

	"guardrail/sqlparse"
)

// denials are the servers' words for what an account lacks: the privilege and
// the object where they name them.
var denials = map[int]*regexp.Regexp{
	1142: regexp.MustCompile("^([A-Z, ]+) command denied to user .* for table [`'](.*)"),
	1143: regexp.MustCompile("^([A-Z, ]+) command denied to user .* for column .* in table [`'](.*)"),
	1370: regexp.MustCompile("^([a-z ]+) command denied to user .* for routine '(.*)"),
	1305: regexp.MustCompile("^(FUNCTION|PROCEDURE|PACKAGE BODY|PACKAGE) (.*) does not exist"),
}

// asksFor reports whether a statement's needs hold what the server says is
// missing. It answers true where the server names nothing that could be compared.
func asksFor(st sqlparse.Statement, e event) bool {
	switch e.errno {
	case 1044:
		return slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool { return n.Object.Type != sqlparse.Routine })
	case 1227:
		return slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool { return n.Object.Type == sqlparse.Global })
	}
	pattern := denials[e.errno]
	if pattern == nil {
		return true
	}
	m := pattern.FindStringSubmatch(e.message)
	if m == nil {
		return true
	}
	privileges := strings.Split(strings.ToUpper(m[1]), ", ")
	return slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool {
		if n.Object.Type != sqlparse.Schema && !(names(m[2], n.Object.Name) && inSchema(m[2], n.Object)) {
			return false
		}
		return slices.ContainsFunc(privileges, func(p string) bool { return covers(n, p) })
	})
}

// names reports whether a message's "d.t" or "t", in quotes and perhaps cut at
// its end, is the name.
func names(said, name string) bool {
	// What the servers' three-byte names cannot hold they show as a question mark.
	bare := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if r > 0xffff || strings.ContainsRune("`'?\uFFFD", r) {
				return -1
			}
			return r
		}, s))
	}
	said, name = bare(said), bare(name)
	return said == name || strings.Contains("."+said+".", "."+name+".") ||
		strings.HasPrefix(name, said) || strings.HasPrefix(name, said[strings.IndexByte(said, '.')+1:])
}

// inSchema reports whether a message's "d.t" is in the object's schema, if both
// name one that can be told.
func inSchema(said string, o sqlparse.Object) bool {
	said = strings.ToLower(strings.NewReplacer("`", "", "'", "").Replace(said))
	in, _, ok := strings.Cut(said, ".")
	return !ok || o.Schema == "" || in == strings.ToLower(o.Schema) || strings.ContainsAny(o.Schema, "`'.") || strings.Contains(o.Name, ".")
}

// covers reports whether a need is for the privilege in the server's word.
func covers(n sqlparse.Need, word string) bool {
	switch word {
	case "DROP":
		return n.Privilege == sqlparse.DropTable || n.Privilege == sqlparse.DropView || n.Privilege == sqlparse.Truncate
	case "FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY":
		return n.Object.Type == sqlparse.Routine
	}
	if n.Privilege == "UPDATE" || n.Privilege == "DELETE" {
		// For the tables of a join the servers first ask for SELECT or the other privilege, and name SELECT.
		return word == "SELECT" || string(n.Privilege) == word
	}
	return n.Privilege == sqlparse.AnyPrivilege || n.Privilege == sqlparse.AllPrivileges || string(n.Privilege) == word
}
