package policy

import (
	"time"

	"guardrail/sqlparse"
)

// target is the object of a need, its names resolved and folded.
type target struct {
	kind   sqlparse.ObjectType
	schema folded
	name   folded
	// named is set for objects that a wildcard must not cover: the routines of
	// the server's own schemas, some of which run any text they are given.
	named bool
}

// search says which rules are looked for.
type search struct {
	bit uint
	// overlapping finds rules on what the target contains, too.
	overlapping bool
	phase       phase
	now         time.Time
}

// phase narrows a search to rules by the moment.
type phase uint8

const (
	inForce phase = iota // the rule holds at the moment, and no exception lifts it
	open                 // and its end is still to come
	lapsed               // and its end has come
	lifted               // the rule holds at the moment, and an exception lifts it
	anytime              // whenever the rule holds
)

// meets reports whether the rule is in the search's phase.
func (s *search) meets(r *rule) bool {
	switch s.phase {
	case anytime:
		return true
	case open:
		if !s.now.Before(r.Until) {
			return false
		}
	case lapsed:
		if s.now.Before(r.Until) {
			return false
		}
	}
	return !s.now.Before(r.From) && r.during.hold(s.now) && (lifting(r.lifts, s.now) != nil) == (s.phase == lifted)
}

// lifting returns the first of the exceptions that holds at the moment, or nil.
func lifting(exceptions []*rule, now time.Time) *rule {
	for _, x := range exceptions {
		if !now.Before(x.From) && now.Before(x.Until) {
			return x
		}
	}
	return nil
}

// first returns the first rule of the cell that the search is for.
func (c *cell) first(s *search) *rule {
	if !c.privileges.has(s.bit) {
		return nil
	}
	for _, r := range c.rules {
		if r.privileges.has(s.bit) && s.meets(r) {
			return r
		}
	}
	return nil
}
