package policy

import (
	"slices"
	"strings"
	"time"

	"guardrail/sqlparse"
)

// App is one application's policy in one environment, immutable. A nil App refuses everything.
type App struct {
	name         string
	file         string
	accounts     []string
	rule         Rule // where the app is named
	environment  string
	environments []string
	here         bool // the app belongs to the set's environment
	during       windows
	limits       limits
	limitLines   []RuleLine
	held         map[string]*RuleLine // session variables that the app may not change
	observeUntil time.Time            // zero: enforced
	readOnly     bool
	ends         []time.Time // sorted: moments at which decisions change for good
	windows      windows     // all that decisions hang on
	exact        rules       // names compared byte by byte
	folded       rules       // names compared in lower case
	demands      []demandRule
	lines        []RuleLine
}

// Name is the app's name in its policy file, and empty for a nil App.
func (a *App) Name() string {
	if a == nil {
		return ""
	}
	return a.name
}

// File is the policy file that defines the app.
func (a *App) File() string { return a.file }

// Accounts lists who belongs to the app, as its file has them: "name" or "name@network".
func (a *App) Accounts() []string { return slices.Clone(a.accounts) }

// ObservedUntil is the end of the app's observe mode, zero if it has none.
func (a *App) ObservedUntil() time.Time { return a.observeUntil }

// Here reports whether the app may connect in the set's environment.
func (a *App) Here() bool { return a.here }

// Environments lists where the app may connect.
func (a *App) Environments() []string { return append([]string(nil), a.environments...) }

// During lists the time windows outside which the app may do nothing; none is always.
func (a *App) During() []string { return a.during.texts() }

// Limits are what the app's sessions are held to.
func (a *App) Limits() Limits { return a.limits.Limits }

// Session returns the variables to set at login on a server of the flavour,
// and again after whatever resets a session. Decide refuses to change them.
func (a *App) Session(f sqlparse.Flavour) []Variable { return a.limits.sessionOf(f) }

// SessionStatement is the SET statement of Session, empty where there is nothing to set.
func (a *App) SessionStatement(f sqlparse.Flavour) string {
	var b strings.Builder
	for i, v := range a.Session(f) {
		if i == 0 {
			b.WriteString("SET SESSION ")
		} else {
			b.WriteString(", SESSION ")
		}
		b.WriteString(v.Name + " = " + v.Value)
	}
	return b.String()
}

// SetBy is the rule that sets a session variable at login; its zero value is for
// one that none sets.
func (a *App) SetBy(variable string) Rule {
	if l := a.held[variableName(variable)]; l != nil {
		return l.Rule
	}
	return Rule{}
}

// limitLine returns the line of a key of limits, or nil.
func (a *App) limitLine(key string) *RuleLine {
	for i := range a.limits.lines {
		if a.limits.lines[i].limit == key {
			return &a.limitLines[i]
		}
	}
	return nil
}

// Mode says whether refusals are carried out at the moment now.
func (a *App) Mode(now time.Time) Mode {
	if now.Before(a.observeUntil) {
		return Observe
	}
	return Enforce
}

// Lines returns the lines that hold for the app in the set's environment, those
// for every app included, in the order grants, denies, exceptions, requirements, limits.
func (a *App) Lines() []RuleLine { return slices.Clone(a.lines) }

// ReadOnly reports whether nothing is granted to the app but reading, so that
// its sessions can be made SET SESSION TRANSACTION READ ONLY.
func (a *App) ReadOnly() bool { return a.readOnly }

// HoldsUntil returns the next moment after now at which the same request may be
// decided differently: an exception or an observe mode ends, a time window
// opens or closes. It is the zero time when that never happens; a decision may
// be cached until then.
func (a *App) HoldsUntil(now time.Time) time.Time {
	next := a.windows.next(now)
	for _, t := range a.ends {
		if t.After(now) {
			return earlier(next, t)
		}
	}
	return next
}
