package policy

import (
	"path/filepath"
	"strconv"

	"guardrail/sqlparse"
)

// Action is what to do with a statement or a login.
type Action uint8

// The zero value refuses.
const (
	Refuse Action = iota
	Allow
)

// Cause says which part of a policy a decision rests on. It is a closed set,
// fit for a metric's label.
type Cause string

// The causes of a refusal, and the one of an allowance that is not plain.
const (
	ByNothing     Cause = ""                // allowed by grants; or the zero Decision, which refuses
	ByNoAccount   Cause = "no-account"      // login: no policy names the account
	ByNetwork     Cause = "network"         // login: the account may not come from there
	ByEnvironment Cause = "environment"     // login: the app does not belong to this environment
	ByNoGrant     Cause = "not-granted"     // no grant covers a need
	ByDeny        Cause = "deny"            // a deny rule hits a need
	ByDuring      Cause = "during"          // the app is not let in at this time
	ByWhere       Cause = "where"           // a require rule misses its WHERE
	ByLimit       Cause = "limit"           // a require rule misses its LIMIT
	ByRows        Cause = "rows"            // a require rule finds too many rows, or no estimate
	ByKey         Cause = "key"             // a require rule misses a key in the WHERE
	ByVariable    Cause = "variable"        // limits: a session variable that may not be changed
	ByUnparsed    Cause = "unparsed"        // the text could not be read with certainty
	ByMultiple    Cause = "multiple"        // limits: multi_statements: deny
	ByPacket      Cause = "packet"          // limits: max_allowed_packet
	ByConnections Cause = "connections"     // limits: max_user_connections
	ByRate        Cause = "rate"            // limits: max_queries_per_second
	ByNoStatement Cause = "no-statement"    // nothing was read
	ByNoDatabase  Cause = "no-database"     // an unqualified name, and no default schema
	ByException   Cause = "by-exception"    // allowed, by an exception that is in force
	ByTag         Cause = "environment-tag" // a change of the environment tag, which no policy allows
	ByDeclared    Cause = "declared"        // the client declares another environment, or must declare its own
	ByOversight   Cause = "oversight"       // a destructive statement that names nothing it needs
)

// Rule says where in the policy files a decision comes from.
type Rule struct {
	ID   string // the rule's own id; where it has none, "file:line"; for built-in rules the Cause
	File string // as it was given to Parse; empty for built-in rules
	Line int
	Col  int
}

// Place is the rule's file, without its folder, and line: "shop.yaml:10".
func (r Rule) Place() string { return filepath.Base(r.File) + ":" + strconv.Itoa(r.Line) }

// Decision is a verdict with its reasons. The zero value refuses.
type Decision struct {
	Action Action
	// Observed is set when Action is Allow only because the app or the rule is
	// in observe mode: the rest of the Decision says why it would be refused.
	Observed bool
	Cause    Cause
	// Code and State are the MySQL error to answer.
	Code  uint16
	State string
	Rule  Rule
	// Statement is the index of the statement that decided.
	Statement int
	// Need is the need that decided; its object carries the default schema it was resolved with.
	Need sqlparse.Need
	// Because is the policy author's text, empty when there is none.
	Because string
	// Questions are what the decision was made without and the server can tell.
	// Answer them and decide again, whatever Action says.
	Questions []Question

	app    string // the app's name, empty before it is known
	detail string // what else the message says: environments, time windows, a variable, an estimate
}

// App is the name of the app that the account belongs to, also where it may not
// log in; empty where no policy names the account.
func (d Decision) App() string { return d.app }

// Allowed reports whether the statement or login goes on.
func (d Decision) Allowed() bool { return d.Action == Allow }
