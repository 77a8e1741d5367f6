package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"
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
	limits       Limits
	observeUntil time.Time // zero: enforced
	readOnly     bool
	boundaries   []time.Time // sorted: moments at which decisions may change
	exact        rules       // names compared byte by byte
	folded       rules       // names compared in lower case
	wheres       []whereRule
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

// Limits are what the app's sessions are held to.
func (a *App) Limits() Limits { return a.limits }

// Mode says whether refusals are carried out at the moment now.
func (a *App) Mode(now time.Time) Mode {
	if now.Before(a.observeUntil) {
		return Observe
	}
	return Enforce
}

// Lines returns the lines that hold for the app in the set's environment, those
// for every app included, in the order grants, denies, exceptions, requirements.
func (a *App) Lines() []RuleLine { return slices.Clone(a.lines) }

// ReadOnly reports whether nothing is granted to the app but reading, so that
// its sessions can be made SET SESSION TRANSACTION READ ONLY.
func (a *App) ReadOnly() bool { return a.readOnly }

// HoldsUntil returns the next moment after now at which the same request may be
// decided differently, because an exception or an observe mode ends. It is the
// zero time when that never happens; a decision may be cached until then.
func (a *App) HoldsUntil(now time.Time) time.Time {
	for _, t := range a.boundaries {
		if t.After(now) {
			return t
		}
	}
	return time.Time{}
}

// Login says which app an account belongs to when it comes from an address, and
// whether it may connect. The app is nil unless the decision allows. Account
// names are compared byte by byte, as MySQL does. The address may be an IPv4
// address mapped into IPv6; the zero address belongs to no network.
func (s *Set) Login(account string, from netip.Addr, _ time.Time) (*App, Decision) {
	if s == nil {
		return nil, refuseLogin(ByNoAccount, Rule{}, "", "")
	}
	from = from.Unmap().WithZone("")
	found := refuseLogin(ByNoAccount, Rule{}, "", "")
	for _, e := range s.accounts[account] {
		if !e.admits(from) {
			if found.Cause == ByNoAccount {
				found = refuseLogin(ByNetwork, e.rule, e.app.name, "")
			}
			continue
		}
		if e.app.here {
			return e.app, Decision{Action: Allow, app: e.app.name}
		}
		found = refuseLogin(ByEnvironment, e.rule, e.app.name, strings.Join(e.app.environments, " and "))
	}
	return nil, found
}

// admits reports whether the entry's networks hold the address.
func (e entry) admits(from netip.Addr) bool {
	for _, n := range e.networks {
		if n.Contains(from) {
			return true
		}
	}
	return len(e.networks) == 0
}

func refuseLogin(cause Cause, rule Rule, app, detail string) Decision {
	if rule.ID == "" {
		rule.ID = string(cause)
	}
	return Decision{Cause: cause, Code: 1045, State: "28000", Rule: rule, app: app, detail: detail}
}
