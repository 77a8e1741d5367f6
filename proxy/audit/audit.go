// Package audit keeps the record of what Guardrail refused, and of what it
// allowed although it destroys. An Event is flat data; a Recorder keeps it.
package audit

import (
	"crypto/rand"
	"time"

	"github.com/oklog/ulid/v2"
)

// Decision is what was done about a statement or a login.
type Decision string

// The decisions that are recorded.
const (
	Refused            Decision = "refused"
	WouldRefuse        Decision = "would_refuse"        // observe mode: forwarded all the same
	AllowedDestructive Decision = "allowed_destructive" // forwarded, and takes data away
	LoginRefused       Decision = "login_refused"
)

// Event is one recorded decision. Texts hold no literal of the statement.
type Event struct {
	ID          string // sortable by time, shown to the client
	Time        time.Time
	Environment string
	Backend     string
	App         string // empty where no policy names the account
	Account     string
	Client      string // address without port
	Schema      string // the session's default schema
	Kind        string // of the statement that decided; empty where it could not be read
	Need        string // the need that decided: privilege and object
	Statement   string // the text with every literal masked, at most 2 KiB
	Decision    Decision
	Cause       string // the policy's word for why
	Rule        string // id of the rule, or file:line
	RuleFile    string
	RuleLine    int
	Reason      string // why the text could not be read
	Code        uint16 // the MySQL error that the client got; 0 where it got none
	PolicyHash  string
}

// Recorder keeps events. Record returns only when the event is kept as safely
// as the recorder can; an error means that it is not, and what it belongs to
// must not go on.
type Recorder interface {
	Record(Event) error
}

// NewID returns an event id: a ULID, 26 characters, sortable by its time.
func NewID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String()
}
