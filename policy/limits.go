package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// Limits are what an app's sessions are held to beside what they run. Zero
// stands for no limit. The proxy keeps them and asks App.Beyond for the answer
// to what goes beyond one.
type Limits struct {
	// SingleStatement refuses texts with more than one statement (multi_statements: deny). Decide does.
	SingleStatement bool
	// MaxAllowedPacket is the longest text of a statement, and the longest
	// packet of a prepared statement's parameters, in bytes.
	MaxAllowedPacket int
	// MaxUserConnections is how many connections all accounts of the app have at a time, in one proxy.
	MaxUserConnections int
	// MaxQueriesPerSecond is how many statements all connections of the app begin in a second, in one proxy.
	MaxQueriesPerSecond int
}

// limits are limits: as it is written.
type limits struct {
	Limits
	execution time.Duration // max_execution_time; 0: none
	session   []Variable
	lines     []line // one for each key, in the order of the file
}

// sessionOf returns the variables that are set at login on a server of the flavour.
func (l *limits) sessionOf(f sqlparse.Flavour) []Variable {
	var out []Variable
	switch {
	case l.execution == 0:
	case f == sqlparse.MariaDB: // in seconds, and for every statement
		out = append(out, Variable{"max_statement_time", strconv.FormatFloat(l.execution.Seconds(), 'f', -1, 64)})
	default: // in milliseconds, and for SELECT alone
		out = append(out, Variable{"max_execution_time", strconv.FormatInt(l.execution.Milliseconds(), 10)})
	}
	return append(out, l.session...)
}

const (
	maxExecutionTime    = "max_execution_time"
	multiStatements     = "multi_statements"
	maxAllowedPacket    = "max_allowed_packet"
	maxUserConnections  = "max_user_connections"
	maxQueriesPerSecond = "max_queries_per_second"
	safeUpdates         = "sql_safe_updates"
	sessionVariables    = "session"
)

// limitKeys are the keys of limits, in the order in which they are told.
var limitKeys = []string{maxExecutionTime, safeUpdates, sessionVariables, multiStatements, maxAllowedPacket, maxUserConnections, maxQueriesPerSecond}

// parseLimits reads limits.
func parseLimits(v strictyaml.Value) limits {
	var l limits
	if !v.Exists() {
		return l
	}
	f := v.Fields(limitKeys...)
	if d := f.Get(maxExecutionTime); d.Exists() {
		l.execution = d.Duration()
		if l.execution != 0 && l.execution < time.Millisecond {
			d.Fail(maxExecutionTime+" is below a millisecond", "try 30s")
		}
	}
	if f.Get(safeUpdates).Exists() {
		l.session = append(l.session, Variable{safeUpdates, asNumber(f.Get(safeUpdates).Bool())})
	}
	l.SingleStatement = f.Get(multiStatements).OneOf("deny", "allow") == "deny"
	l.MaxAllowedPacket = parseBytes(f.Get(maxAllowedPacket))
	l.MaxUserConnections = parseMost(f.Get(maxUserConnections), 100000)
	l.MaxQueriesPerSecond = parseMost(f.Get(maxQueriesPerSecond), 1000000)
	for _, key := range limitKeys {
		if key != sessionVariables && f.Get(key).Exists() {
			l.addLine(key, f.Get(key))
		}
	}
	if session := f.Get(sessionVariables); session.Exists() {
		l.parseSession(session)
	}
	return l
}

func (l *limits) addLine(key string, v strictyaml.Value) {
	told := RuleLine{Rule: place(v), Text: key + ": " + v.Written()}
	switch key {
	case maxAllowedPacket, maxUserConnections, maxQueriesPerSecond:
	case multiStatements:
		told.Decided = v.Written() == "deny"
	default:
		told.Decided = true
	}
	l.lines = append(l.lines, line{RuleLine: told, limit: key, at: marks{self: v}})
}

// parseMost reads a number above zero, which stands for no limit in GRANT.
func parseMost(v strictyaml.Value, most int) int {
	if v.IsNumber() && v.Written() == "0" {
		v.Fail(fmt.Sprintf("%s must be a number from 1 to %d", v.Label(), most), "leave the key out for no limit")
		return 0
	}
	return v.Int(1, most)
}

func asNumber(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// parseBytes reads a size as the server's option files write it: 65536, 64K, 16M, 1G.
func parseBytes(v strictyaml.Value) int {
	if !v.Exists() {
		return 0
	}
	text := v.Written()
	unit := 1
	if text != "" {
		if n, ok := map[byte]int{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}[strings.ToUpper(text)[len(text)-1]]; ok {
			text, unit = text[:len(text)-1], n
		}
	}
	n, err := strconv.ParseUint(text, 10, 31)
	size := int(n) * unit
	if err != nil || size < 1024 || size > 1<<30 {
		v.Fail(fmt.Sprintf("%s must be a size from 1K to 1G, not %q", maxAllowedPacket, v.Written()), "try 1M")
		return 0
	}
	return size
}
