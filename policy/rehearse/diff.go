package rehearse

import (
	"cmp"
	"slices"

	"guardrail/policy"
)

// Verdict is what becomes of an entry under a policy.
type Verdict uint8

// The zero value refuses.
const (
	Refused  Verdict = iota
	Asked            // it hangs on what the server says: an estimate, a table's keys
	Observed         // forwarded by an observe mode, and recorded as one that would be refused
	Allowed
)

// String returns the word that the command line uses.
func (v Verdict) String() string {
	switch v {
	case Asked:
		return "asked of the server"
	case Observed:
		return "observed"
	case Allowed:
		return "allowed"
	}
	return "refused"
}

// Judgement is a verdict with the decision behind it.
type Judgement struct {
	Verdict  Verdict
	App      string // the app that the account belongs to; empty: no app lets it in
	Decision policy.Decision
}

// Policies are a policy's sets, compiled for each environment that entries name.
type Policies struct {
	policy *policy.Policy
	sets   map[string]*policy.Set
}

// NewPolicies returns the sets of a policy.
func NewPolicies(p *policy.Policy) *Policies {
	return &Policies{policy: p, sets: map[string]*policy.Set{}}
}

// Judge decides about an entry. The account decides which app it is.
func (p *Policies) Judge(e *Entry) Judgement {
	set, compiled := p.sets[e.Environment]
	if !compiled {
		set, _ = p.policy.Compile(e.Environment) // nil, which lets nobody in, where no app belongs there
		p.sets[e.Environment] = set
	}
	app := holder(set, e)
	j := Judgement{App: app.Name(), Decision: app.Decide(e.Request)}
	switch d := j.Decision; {
	case len(d.Questions) > 0:
		j.Verdict = Asked
	case d.Observed:
		j.Verdict = Observed
	case d.Allowed():
		j.Verdict = Allowed
	}
	return j
}

// holder is the app that an entry's account belongs to: the one that recorded it, if it still does.
func holder(set *policy.Set, e *Entry) *policy.App {
	apps := set.Holders(e.Account)
	if i := slices.IndexFunc(apps, func(a *policy.App) bool { return a.Name() == e.App }); i >= 0 {
		return apps[i]
	}
	if len(apps) > 0 {
		return apps[0]
	}
	return nil
}

// Change is an entry of which another policy makes something else.
type Change struct {
	Entry
	Old, New Judgement
}

// Diff returns the entries of which two policies make different things, the
// most frequent first.
func Diff(before, after *Policies, entries []Entry) []Change {
	var changes []Change
	for _, e := range entries {
		if !e.Readable() {
			continue
		}
		c := Change{Entry: e, Old: before.Judge(&e), New: after.Judge(&e)}
		if c.Old.Verdict != c.New.Verdict {
			changes = append(changes, c)
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Compare(b.Count, a.Count) })
	return changes
}
