package audit

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// lines writes events for log shippers: one JSON object a line, with the field
// names of the Elastic Common Schema where it has them. Events that are only
// counted share a line, whose guardrail.count says how many they are: the sum
// of guardrail.count over all lines is exact.
type lines struct{ to io.Writer }

func newLines(to io.Writer) *lines { return &lines{to} }

// ecsVersion is the version of the schema that the names are from.
const ecsVersion = "8.17.0"

// line is the schema of a line. The README's chapter "The record" documents it.
type line struct {
	Time    string      `json:"@timestamp"`
	Level   string      `json:"log.level"`
	Message string      `json:"message"`
	ECS     string      `json:"ecs.version"`
	Event   lineEvent   `json:"event"`
	Service lineService `json:"service"`
	User    *lineUser   `json:"user,omitempty"`
	Client  *lineClient `json:"client,omitempty"`
	Rule    *lineRule   `json:"rule,omitempty"`
	Error   *lineError  `json:"error,omitempty"`
	Own     lineOwn     `json:"guardrail"`
}

type lineEvent struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Category []string `json:"category"`
	Type     []string `json:"type"`
	Action   string   `json:"action"`
	Outcome  string   `json:"outcome"`
	Reason   string   `json:"reason,omitempty"`
	Duration int64    `json:"duration,omitempty"` // nanoseconds
}

type lineService struct {
	Name        string `json:"name"`
	Environment string `json:"environment"`
}

type lineUser struct {
	Name string `json:"name"`
}

type lineClient struct {
	Address string `json:"address"`
	IP      string `json:"ip"`
}

type lineRule struct {
	ID          string `json:"id"`
	Description string `json:"description,omitempty"`
}

type lineError struct {
	Code string `json:"code"`
}

// lineOwn is what the schema has no name for.
type lineOwn struct {
	Decision   Decision          `json:"decision"`
	Count      int64             `json:"count"`
	Issue      string            `json:"issue"`
	Backend    string            `json:"backend,omitempty"`
	App        string            `json:"app,omitempty"`
	Schema     string            `json:"schema,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Need       string            `json:"need,omitempty"`
	Objects    []string          `json:"objects,omitempty"`
	Shape      string            `json:"shape,omitempty"`
	Statement  string            `json:"statement,omitempty"`
	Cause      string            `json:"cause,omitempty"`
	RuleFile   string            `json:"rule_file,omitempty"`
	RuleLine   int               `json:"rule_line,omitempty"`
	PolicyHash string            `json:"policy_hash,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Rows       *int64            `json:"rows,omitempty"`
}

// write writes what is gathered.
func (l *lines) write(deltas []*delta) error {
	if l.to == nil || len(deltas) == 0 {
		return nil
	}
	out := &wholeLines{to: l.to}
	to := json.NewEncoder(out)
	to.SetEscapeHTML(false)
	for _, d := range deltas {
		if err := d.lines(to); err != nil {
			return err
		}
	}
	return out.flush()
}

// wholeLines gathers lines, each of which comes by one Write, and passes them on
// together but never a part of one: the log goes the same way.
type wholeLines struct {
	to   io.Writer
	held []byte
}

// maxHeld is how much is gathered, in bytes, unless a line is longer.
const maxHeld = 64 << 10

func (w *wholeLines) Write(line []byte) (int, error) {
	if len(w.held)+len(line) > maxHeld {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	w.held = append(w.held, line...)
	return len(line), nil
}

func (w *wholeLines) flush() error {
	if len(w.held) == 0 {
		return nil
	}
	_, err := w.to.Write(w.held)
	w.held = w.held[:0]
	return err
}

// lines writes the samples, then one line for all events without their own.
func (d *delta) lines(to *json.Encoder) error {
	for i := range d.samples {
		if err := to.Encode(lineOf(&d.samples[i], d.id, 1)); err != nil {
			return err
		}
	}
	if rest := d.count - int64(len(d.samples)); rest > 0 {
		if err := to.Encode(lineOf(&d.latest, d.id, rest)); err != nil {
			return err
		}
	}
	for i := range d.finished {
		if err := to.Encode(finishedLine(&d.finished[i], d.id)); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is the line of n events like e.
func lineOf(e *Event, issue IssueID, n int64) line {
	out := line{
		Time:    e.Time.UTC().Format(time.RFC3339Nano),
		ECS:     ecsVersion,
		Event:   lineEvent{ID: e.ID, Action: strings.ReplaceAll(string(e.Decision), "_", "-"), Reason: e.Reason},
		Service: lineService{Name: "guardrail", Environment: e.Environment},
		Own: lineOwn{
			Decision: e.Decision, Count: n, Issue: issue.String(), Backend: e.Backend, App: e.App, Schema: e.Schema,
			Kind: e.Kind, Need: e.Need, Objects: e.Objects, Shape: e.Shape, Statement: e.Statement, Cause: e.Cause,
			RuleFile: e.RuleFile, RuleLine: e.RuleLine, PolicyHash: e.PolicyHash, Attributes: e.Attributes,
		},
	}
	out.classify(e.Decision)
	if e.Account != "" {
		out.User = &lineUser{e.Account}
	}
	if e.Client != "" {
		out.Client = &lineClient{e.Client, e.Client}
	}
	if e.Rule != "" {
		out.Rule = &lineRule{e.Rule, e.Because}
	}
	if e.Code != 0 {
		out.Error = &lineError{strconv.Itoa(int(e.Code))}
	}
	return out
}

// finishedLine says what became of a statement that was forwarded. It counts
// no event: the one that it belongs to has a line of its own, with the same id.
func finishedLine(e *Event, issue IssueID) line {
	out := lineOf(e, issue, 0)
	out.Event.Action, out.Message = "destructive-finished", "a destructive statement has ended"
	if e.Decision == AllowedUnread {
		out.Event.Action, out.Message = "unread-finished", "a statement that nobody could read has ended"
	}
	out.finished(e)
	return out
}

// finished adds what became of a statement that was forwarded.
func (l *line) finished(e *Event) {
	l.Event.Duration, l.Own.Rows = e.Duration.Nanoseconds(), &e.Rows
	if e.Code != 0 {
		l.Event.Outcome = "failure"
	}
}

// classify fills the schema's closed sets of words.
func (l *line) classify(d Decision) {
	e := &l.Event
	set := func(level, kind, category, kindOf, outcome, text string) {
		l.Level, l.Message = level, text
		e.Kind, e.Category, e.Type, e.Outcome = kind, []string{category}, []string{kindOf}, outcome
	}
	switch d {
	case Refused:
		set("warn", "alert", "database", "denied", "failure", "a statement was refused")
	case WouldRefuse:
		set("warn", "event", "database", "allowed", "success", "a statement was forwarded that will be refused when the policy is enforced")
	case AllowedDestructive:
		set("info", "event", "database", "allowed", "success", "a destructive statement was allowed")
	case AllowedUnread:
		set("warn", "event", "database", "allowed", "success", "a statement was allowed that nobody could read")
	case AllowedByException:
		set("info", "event", "database", "allowed", "success", "a statement was allowed by an exception")
	case LoginRefused:
		set("warn", "alert", "authentication", "denied", "failure", "a login was refused")
	case IdentityMismatch:
		set("error", "alert", "configuration", "error", "failure", "a backend belongs to another environment")
	case IdentityChanged:
		set("warn", "event", "configuration", "change", "unknown", "a backend is another server than before")
	case PolicyLoaded:
		set("info", "event", "configuration", "change", "success", "policies were loaded")
	case PolicyFailed:
		set("error", "alert", "configuration", "error", "failure", "policies could not be loaded; the last good ones stay in force")
	case RecordGap:
		set("error", "alert", "database", "error", "failure", "events are missing in the record")
	default:
		set("error", "alert", "database", "error", "unknown", "an event of no known kind")
	}
}

// WriteLine writes a kept event as one JSON line, with what became of it.
func WriteLine(to io.Writer, k Kept) error {
	out := lineOf(&k.Event, k.Issue, 1)
	if k.Duration > 0 {
		out.finished(&k.Event)
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}
