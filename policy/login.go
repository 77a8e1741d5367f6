package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Login says which app an account belongs to when it comes from an address, and
// whether it may connect. The app is nil unless the decision allows. Account
// names are compared byte by byte, as MySQL does. The address may be an IPv4
// address mapped into IPv6; the zero address belongs to no network.
func (s *Set) Login(account string, from netip.Addr, now time.Time) (*App, Decision) {
	if s == nil {
		return nil, refuseLogin(ByNoAccount, Rule{}, "", "")
	}
	from = from.Unmap().WithZone("")
	found := refuseLogin(ByNoAccount, Rule{}, "", "")
	for _, e := range s.entries(account) {
		switch {
		case !e.admits(from):
			if found.Cause == ByNoAccount {
				found = refuseLogin(ByNetwork, e.rule, e.app.name, "")
			}
		case e.app.here:
			return e.app.admit(now)
		default:
			found = e.app.loginElsewhere(e.rule)
		}
	}
	return nil, found
}

// anyone is the name in accounts that stands for every account that no app names.
const anyone = "*"

// entries are the apps that an account may belong to. What an app says of it by
// name comes before what another says of anyone.
func (s *Set) entries(account string) []entry {
	if named := s.accounts[account]; len(named) > 0 || account == "" {
		return named
	}
	return s.accounts[anyone]
}

// Holders returns the apps of the set's environment that let an account in from
// some address: more than one where networks tell them apart.
func (s *Set) Holders(account string) []*App {
	if s == nil {
		return nil
	}
	var apps []*App
	for _, e := range s.entries(account) {
		if e.app.here && !slices.Contains(apps, e.app) {
			apps = append(apps, e.app)
		}
	}
	return apps
}

// admit decides about a login by the app's time windows.
func (a *App) admit(now time.Time) (*App, Decision) {
	if a.during.hold(now) {
		return a, Decision{Action: Allow, app: a.name}
	}
	d := a.observed(refuseLogin(ByDuring, a.rule, a.name, a.during.String()), now)
	if !d.Allowed() {
		return nil, d
	}
	return a, d
}

// elsewhere refuses what an app asks for in an environment that it does not belong to.
func (a *App) elsewhere() Decision {
	by := a.rule
	by.ID = string(ByEnvironment)
	return a.loginElsewhere(by)
}

// loginElsewhere refuses a login by the line that names the account.
func (a *App) loginElsewhere(by Rule) Decision {
	return refuseLogin(ByEnvironment, by, a.name, strings.Join(a.environments, " and "))
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
