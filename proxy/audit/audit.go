package audit

import (
	"fmt"
	"time"
)

// Decision is what was done about a statement or a login, or what happened to
// the guard itself.
type Decision string

// The decisions that are recorded.
const (
	Refused            Decision = "refused"
	WouldRefuse        Decision = "would_refuse"         // observe mode: forwarded all the same
	AllowedDestructive Decision = "allowed_destructive"  // forwarded, and takes data away
	AllowedUnread      Decision = "allowed_unread"       // forwarded, and may take data away: nobody could read it
	AllowedByException Decision = "allowed_by_exception" // forwarded, and destroys nothing
	LoginRefused       Decision = "login_refused"
	IdentityMismatch   Decision = "identity_mismatch" // a backend's tag is not the environment's
	IdentityChanged    Decision = "identity_changed"  // a backend's address leads to another server
	PolicyLoaded       Decision = "policy_loaded"
	PolicyFailed       Decision = "policy_failed" // the last good policies stay in force
	RecordGap          Decision = "record_gap"    // events that were lost: a killed process, a damaged store
)

// ahead reports whether an event is stored before its statement is forwarded.
func (d Decision) ahead() bool { return d == AllowedDestructive || d == AllowedUnread }

// CauseNotRecorded is the cause of a refusal that no policy asked for: the
// statement destroys, or may, is allowed, and could not be recorded.
const CauseNotRecorded = "not-recorded"

// CauseObserved is the cause of what is allowed and goes on only because the
// rule against it is observed; a WouldRefuse beside it tells of that rule.
const CauseObserved = "observed"

// Event is one recorded decision. Texts hold no literal of the statement.
type Event struct {
	ID          string // sortable by time, shown to the client; see Identify
	Time        time.Time
	Environment string
	Backend     string
	App         string // empty where no policy names the account
	Account     string
	Client      string            // address without port
	Attributes  map[string]string // what the client says of itself: program_name and the like; never to be trusted
	Schema      string            // the session's default schema
	Kind        string            // of the statement that decided; empty where it could not be read
	Need        string            // the need that decided: privilege and object
	Objects     []string          // all that the statement names
	Shape       string            // the statement without its literals, hashed; of a change of servers, the new one
	Statement   string            // the text with every literal masked, at most 2 KiB
	Decision    Decision
	Cause       string // the policy's word for why
	Because     string // the policy author's text
	Rule        string // id of the rule, or file:line
	RuleFile    string
	RuleLine    int
	Reason      string // why the text could not be read; for the guard's own events, what happened
	Code        uint16 // the MySQL error that the client got; 0 where it got none
	PolicyHash  string

	// What became of a statement that was forwarded, told by Finished.
	Rows     int64 // affected, as the server says
	Duration time.Duration

	kept bool // in detail, not only counted
}

// Took is how long the statement took, as people write it.
func (e *Event) Took() string {
	switch d := e.Duration; {
	case d < time.Millisecond:
		return "less than 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// Recorder keeps events. Record returns only when the event is kept as safely
// as the recorder can; an error means that it is not, and what it belongs to
// must not go on.
type Recorder interface {
	Record(Event) error
}

// Submitter is the form of a Recorder for callers that must not wait, such as
// a loop that serves many sessions.
//
// Submit takes the event and says whether the caller must wait. If it need not,
// err is the answer and done is never called: so it is for all but destructive
// statements that are to be forwarded. If it must, done is called exactly once,
// from a goroutine of the recorder's and perhaps before Submit returns; it must
// not block and must not call the recorder. An error of either means what an
// error of Record means. The event is the recorder's until then.
type Submitter interface {
	Submit(e *Event, done func(error)) (wait bool, err error)
}

// Finisher takes note of what became of a statement that was forwarded: the
// event that was submitted, with its Rows, Duration and Code. It never waits.
type Finisher interface {
	Finished(*Event)
}

// Gate says whether anything may be forwarded at all. Refusing is nil, or the
// reason why every statement is to be refused: the record is broken and is
// configured to stop everything. It costs one atomic load.
type Gate interface {
	Refusing() error
}
