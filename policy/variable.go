package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// Variable is a session variable that is set at login and stays as it is.
type Variable struct {
	Name  string
	Value string // as SET takes it: a number, or a quoted text
}

// parseSession reads session: variables of the server's that are set at login.
func (l *limits) parseSession(v strictyaml.Value) {
	for _, e := range v.Entries() {
		name := e.Key.Written()
		if what, hint := refusedVariable(name); what != "" {
			e.Key.Fail(what, hint)
			continue
		}
		value, ok := variableValue(e.Value)
		if ok {
			l.session = append(l.session, Variable{name, value})
			l.addLine(name, e.Value)
			l.lines[len(l.lines)-1].at.variable = e.Key
		}
	}
}

// refusedVariable says why a variable cannot be set at login.
func refusedVariable(name string) (what, hint string) {
	switch {
	case name != strings.ToLower(name) && slices.Contains(limitKeys, strings.ToLower(name)), slices.Contains(limitKeys, name):
		return name + " is a limit of its own", "write it beside session"
	case name == "" || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
		return fmt.Sprintf("%q is no system variable", name), "write its name in lower case, as in innodb_lock_wait_timeout"
	case name == "max_statement_time":
		return name + " is MariaDB's max_execution_time", "write max_execution_time: 30s beside session"
	case name == "sql_mode", name == "autocommit", strings.HasPrefix(name, "character_set_"), strings.HasPrefix(name, "collation_"),
		strings.HasPrefix(name, "session_track_"):
		return name + " belongs to the application", "it decides what its statements mean"
	}
	return "", ""
}

// variables warns of session variables that no server is known to have. A login
// fails where the server has not what is set in every session.
func (w *warnings) variables(p *Policy) {
	for _, a := range p.apps {
		for _, l := range a.limits.lines {
			if l.at.variable.Exists() && !sqlparse.IsSessionVariable(l.limit) {
				w.report.Add(l.at.variable.Pos(), l.limit+" is not a session variable of MySQL 5.7-9 or MariaDB 10-11 that guardrail knows",
					cmp.Or(strictyaml.DidYouMean(l.limit, sqlparse.SessionVariables()), "where the server has none of that name, no login succeeds"))
			}
		}
	}
}

// variableValue reads a number, true, false or a word.
func variableValue(v strictyaml.Value) (string, bool) {
	text := v.Written()
	switch {
	case v.IsNumber() && strings.Trim(text, "-.0123456789") == "":
		return text, true
	case v.IsBool():
		return asNumber(strings.EqualFold(text, "true")), true
	case v.IsText() && !v.IsNumber() && text != "" && len(text) <= 256 && !strings.ContainsFunc(text, notInVariable):
		return "'" + text + "'", true
	}
	v.Fail(fmt.Sprintf("%q is no value of a system variable", text), "write a decimal number, true, false, or letters, digits and -_=,.")
	return "", false
}

// notInVariable reports whether a character has no place in a variable's
// value: quotes and escapes, which sql_mode reads in different ways.
func notInVariable(r rune) bool {
	return r > 'z' || r != '-' && r != '_' && r != '=' && r != ',' && r != '.' && r != ' ' &&
		(r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// sameVariable are other names of session variables, which SET takes too.
var sameVariable = map[string]string{"tx_isolation": "transaction_isolation", "tx_read_only": "transaction_read_only"}

// variableName is the one name of a session variable that has two.
func variableName(name string) string {
	if same, ok := sameVariable[name]; ok {
		return same
	}
	return name
}

// held are the session variables that the app may not change, each with its line.
func (l *limits) held(told []RuleLine) map[string]*RuleLine {
	held := map[string]*RuleLine{}
	for i, one := range l.lines {
		switch one.limit {
		case multiStatements, maxAllowedPacket, maxUserConnections, maxQueriesPerSecond:
		case maxExecutionTime:
			held["max_execution_time"], held["max_statement_time"] = &told[i], &told[i]
		default:
			held[variableName(one.limit)] = &told[i]
		}
	}
	if len(held) > 0 {
		first := slices.Sorted(maps.Keys(held))[0]
		held[sqlparse.AnyVariable] = held[first]
	}
	return held
}
