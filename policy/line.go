package policy

import "time"

// Effect says what a line of a policy does.
type Effect uint8

// The effects, in the order in which they are told.
const (
	Grant Effect = iota
	Deny
	Require
	Exception
	Limit
)

// String returns the word for the effect that explanations use.
func (e Effect) String() string {
	switch e {
	case Deny:
		return "deny"
	case Require:
		return "require"
	case Exception:
		return "exception"
	case Limit:
		return "limit"
	}
	return "grant"
}

// RuleLine is one line of a policy as it is written.
type RuleLine struct {
	Rule
	Effect       Effect
	App          string // whom it is for; empty: every app
	Text         string // "SELECT, INSERT ON db.*"
	Environments []string
	During       []string // the time windows in which it holds; none is always
	Because      string
	From         time.Time // when an exception begins; zero: at once
	AtLogin      bool      // of a requirement: asked at login, of no statement
	Decided      bool      // of a limit: Decide holds it; the others are counted by the proxy
	Until        time.Time // end of an exception, or of the line's observe mode; zero for neither
}

// Lines returns all grants, denies, requirements, exceptions and limits, as they are written.
func (p *Policy) Lines() []RuleLine {
	var out []RuleLine
	add := func(effect Effect, app string, lines []line) {
		for _, l := range lines {
			if effect == Exception {
				app = l.App
			}
			out = append(out, l.told(effect, app))
		}
	}
	for _, a := range p.apps {
		add(Grant, a.name, a.grants)
		add(Deny, a.name, a.denies)
		add(Require, a.name, a.requires)
		add(Limit, a.name, a.limits.lines)
	}
	add(Deny, "", p.denies)
	add(Require, "", p.requires)
	add(Exception, "", p.exceptions)
	return out
}
