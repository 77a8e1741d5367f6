package policy

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"guardrail/sqlparse"
)

// maxMessage is the most bytes of an error message that MySQL's clients keep
// (MYSQL_ERRMSG_SIZE is 512, in include/mysql_com.h, with a final NUL).
const maxMessage = 511

// Message is the text of the error that the client gets. It names what was
// refused, the rule, the environment and the event, and whom or what to turn
// to; it quotes names, never the statement's literals.
func (d Decision) Message(environment, event string) string {
	var b strings.Builder
	b.WriteString("guardrail: ")
	b.WriteString(d.what())
	b.WriteString(" in ")
	b.WriteString(environment)
	b.WriteString("; ")
	if d.Because != "" {
		b.WriteString(d.Because)
		b.WriteString("; ")
	}
	b.WriteString(d.advice())
	tail := " (rule " + d.ruleName() + ", event " + event + ")"
	return clean(b.String(), maxMessage-len(tail)) + clean(tail, maxMessage)
}

// ruleName is the rule's id and, where the id does not say it, its place. The
// folder is left out: it is nothing to the client.
func (d Decision) ruleName() string {
	if d.Rule.File == "" {
		return d.Rule.ID
	}
	place := d.Rule.Place()
	if d.Rule.ID == "" || d.Rule.ID == place {
		return place
	}
	return d.Rule.ID + " at " + place
}

// what says what was refused, without the reason's advice.
func (d Decision) what() string {
	need := string(d.Need.Privilege) + " on " + d.Need.Object.String()
	if d.Need.Privilege == sqlparse.AnyPrivilege {
		need = "use of " + d.Need.Object.String()
	}
	forApp := " for app " + strconv.Quote(d.app)
	switch d.Cause {
	case ByNoAccount:
		return "no policy admits this account"
	case ByNetwork:
		return "this account may not connect from this address" + d.detail
	case ByEnvironment:
		return "app " + strconv.Quote(d.app) + " belongs to " + d.detail + ", and this is not it: no login"
	case ByDeclared:
		if d.detail == "" {
			return "this client does not say which environment it belongs to, as app " + strconv.Quote(d.app) + " must: refused"
		}
		return "this client says that it belongs to " + strconv.Quote(d.detail) + ": refused"
	case ByTag:
		return "the environment tag is changed by guardrail tag alone: " + need + " is refused" + forApp
	case ByDuring:
		return "app " + strconv.Quote(d.app) + " may connect " + d.detail + " only: refused now"
	case ByNoGrant:
		if d.detail != "" {
			return need + " is granted" + forApp + " " + d.detail + " only: refused now"
		}
		return need + " is not granted" + forApp
	case ByDeny:
		return need + " is denied" + forApp
	case ByWhere:
		if d.detail != "" {
			return d.detail + forApp
		}
		return "a statement without a WHERE that restricts it by a column is refused" + forApp
	case ByLimit:
		if d.detail != "" {
			return d.detail + forApp
		}
		return "a statement without a LIMIT is refused" + forApp
	case ByRows, ByKey:
		return d.detail + forApp
	case ByVariable:
		return "session variable " + d.detail + " is set by the policy and may not be changed" + forApp
	case ByPacket:
		return "a text longer than max_allowed_packet is refused" + forApp
	case ByConnections:
		return "max_user_connections is reached" + forApp
	case ByRate:
		return "max_queries_per_second is reached" + forApp
	case ByUnparsed:
		return "this statement cannot be read with certainty and is refused" + forApp
	case ByMultiple:
		return "several statements in one text are refused" + forApp
	case ByNoDatabase:
		return need + " is refused" + forApp + ", no database selected"
	}
	return "this is refused" + forApp
}

// advice says what the reader of the error can do now.
func (d Decision) advice() string {
	switch d.Cause {
	case ByNoAccount:
		return "add the account to an app's policy file"
	case ByNetwork:
		return "connect from a network that its policy names"
	case ByDeclared:
		if d.detail == "" {
			return "set the connection attribute guardrail.environment"
		}
		return "check which server this client means to reach"
	case ByTag:
		return "ask the operators of the proxy"
	case ByEnvironment:
		return "check which server this client means to reach"
	case ByNoGrant:
		return "if the app needs it, ask the owners of its policy for a grant"
	case ByDeny:
		return "ask the owners of the rule for an exception"
	case ByDuring:
		return "come back in that time, or ask the owners of its policy"
	case ByWhere:
		if d.detail != "" {
			return "compare a column with a value by =, <, IN or BETWEEN"
		}
		return "name the rows in a WHERE clause"
	case ByRows:
		return "name the rows in a WHERE clause, or add a LIMIT"
	case ByLimit:
		if d.detail != "" {
			return "write a number below a million that is not all nines, as in LIMIT 10000"
		}
		return "add a LIMIT below a million"
	case ByKey:
		return "name the rows by their key in the WHERE clause"
	case ByVariable:
		return "leave it as it is"
	case ByPacket:
		return "send it in smaller parts"
	case ByConnections:
		return "use fewer connections, or close those that are idle"
	case ByRate:
		return "wait a moment"
	case ByUnparsed:
		return "write it in plain SQL, or ask the owners of the policy"
	case ByMultiple:
		return "send the statements one by one"
	case ByNoDatabase:
		return "select a database or qualify the name"
	}
	return "ask the owners of the policy"
}

// clean replaces what does not belong in an error message (control characters,
// broken UTF-8) and cuts the text at limit bytes.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
	if limit < 0 {
		limit = 0
	}
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
