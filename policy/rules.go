package policy

import (
	"time"

	"guardrail/sqlparse"
)

// rules are an app's compiled lines under one way of comparing names.
type rules struct {
	grants     index
	denies     index // enforced
	watched    index // denies in observe mode until their end, enforced from then on
	exceptions index
	excepted   []*rule // the rules of exceptions
}

// denied returns the deny rule in force, and the one in observe mode, that hit
// the target. An end that has come puts an observed rule in force.
func (rs *rules) denied(t *target, bit uint, now time.Time) (denied, watched *rule) {
	s := search{bit: bit, overlapping: true, now: now}
	if denied = rs.denies.find(t, &s); denied != nil {
		return denied, nil
	}
	s.phase = lapsed
	if denied = rs.watched.find(t, &s); denied != nil {
		return denied, nil
	}
	s.phase = open
	return nil, rs.watched.find(t, &s)
}

// lifted returns the exception that lifts a deny rule on the target now, or nil.
func (rs *rules) lifted(t *target, bit uint, now time.Time) *rule {
	s := search{bit: bit, overlapping: true, now: now, phase: lifted}
	r := rs.denies.find(t, &s)
	if r == nil {
		r = rs.watched.find(t, &s)
	}
	if r == nil {
		return nil
	}
	return lifting(r.lifts, now)
}

// excepts returns an exception in force that covers the target, or nil.
func (rs *rules) excepts(t *target, bit uint, now time.Time) *rule {
	return rs.exceptions.find(t, &search{bit: bit, phase: open, now: now})
}

// past returns the exception that ended last, or is still to begin, of those that
// would cover the target or lift the deny that hits it; nil where there is none.
func (rs *rules) past(t *target, bit uint, now time.Time) *rule {
	var out []*rule
	for _, x := range rs.excepted {
		if x.privileges.has(bit) && x.pattern.touches(t) {
			out = append(out, x)
		}
	}
	if denied, watched := rs.denied(t, bit, now); denied != nil {
		out = append(out, denied.lifts...)
	} else if watched != nil {
		out = append(out, watched.lifts...)
	}
	return latest(out)
}

// latest returns the exception that ends last, or nil.
func latest(exceptions []*rule) *rule {
	var last *rule
	for _, x := range exceptions {
		if last == nil || last.Until.Before(x.Until) {
			last = x
		}
	}
	return last
}

// touching returns an exception in force on the target or on something in it, or nil.
func (rs *rules) touching(t *target, now time.Time) *rule {
	for _, x := range rs.excepted {
		if !now.Before(x.From) && now.Before(x.Until) && x.pattern.touches(t) {
			return x
		}
	}
	return nil
}

// touches reports whether the pattern covers the target or something in it.
func (p pattern) touches(t *target) bool {
	switch {
	case t.kind == sqlparse.Global:
		return true
	case !p.schema.holds(string(t.schema.bytes())):
		return false
	case t.kind == sqlparse.Schema:
		return true
	}
	return p.name.holds(string(t.name.bytes()))
}

// lower returns the pattern in lower case.
func (p pattern) lower() pattern {
	p.schema.text, p.name.text = lower(p.schema.text), lower(p.name.text)
	return p
}
