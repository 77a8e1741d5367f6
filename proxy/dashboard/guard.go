package dashboard

import (
	"context"
	"time"

	"guardrail/proxy/audit"
)

// Guard is what the page asks of the process it runs in.
type Guard interface {
	// Health tells how the guard itself does. It is asked for with every view
	// and must be cheap.
	Health(context.Context) Health
	// Explain says why an issue was decided as it was, by the policies now in force.
	Explain(audit.Issue) Explanation
}

// Health is how the guard itself does.
type Health struct {
	Environment string
	Version     string
	Sessions    int
	Policy      Policy
	Backends    []Backend
	Observed    []Observed  // apps whose refusals are not carried out
	Exceptions  []Exception // in force, the one that ends first first
	Statements  int64       // judged since the process started
	Unread      int64       // of those, that could not be read with certainty
}

// Policy is what is in force.
type Policy struct {
	Hash     string
	LoadedAt time.Time
	Err      string // why the files on disk are not in force; empty when they are
}

// Backend is a server behind the proxy.
type Backend struct {
	Name, Address string
	Tag           string // the environment kept inside the database, as it was last read
	TagState      string // match, mismatch, missing, unknown; empty where no tag is asked for
	Err           string // why it cannot be used; empty when it can
}

// Observed is an app in observe mode.
type Observed struct {
	App   string
	Until time.Time
}

// Exception is a line of the policies that lifts refusals for a while.
type Exception struct {
	App   string
	Allow string // what it allows, or the rule it lifts
	Why   string // ticket, who, and what for
	File  string
	Line  int
	Until time.Time
}

// Explanation is what the policies in force say of an issue. Empty parts are
// not shown.
type Explanation struct {
	Lines     []Line // of the policy file, around the one that decided
	Report    string // as the command "guardrail explain" prints it
	Exception string // a policy file that lifts the refusal for a while, and tests that
	File      string // what to call that file
	Ends      time.Time
}

// Line is a line of a policy file.
type Line struct {
	Number  int
	Text    string
	Decided bool
}
