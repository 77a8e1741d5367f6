package policy

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Live holds the Set in force. Reading it takes no lock; a Set that fails to
// load leaves the one before in force.
type Live struct {
	current atomic.Pointer[Current]
	mu      sync.Mutex // held while reloading, and for status
	status  Status
}

// Current is the Set in force and its number, which grows with every change.
// Whatever is kept by generation is stale when the number differs.
type Current struct {
	Set        *Set
	Generation uint64
}

// Status tells how the last reload went.
type Status struct {
	Generation uint64
	Hash       string    // of the Set in force
	LoadedAt   time.Time // when the Set in force was put there
	TriedAt    time.Time // when a reload was last tried
	Err        error     // why the last try failed; nil if it did not
}

// NewLive puts a first Set in force at the moment at. Its generation is 1. With
// a nil Set nobody is let in.
func NewLive(first *Set, at time.Time) *Live {
	l := &Live{status: Status{Generation: 1, LoadedAt: at, TriedAt: at}}
	if first != nil {
		l.status.Hash = first.hash
	}
	l.current.Store(&Current{Set: first, Generation: 1})
	return l
}

// Current returns the Set in force. It is never nil, but its Set may be.
func (l *Live) Current() *Current { return l.current.Load() }

// Status returns how the last reload went.
func (l *Live) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Reload puts in force what load returns, unless it fails or is for another
// environment. The same texts again change nothing. One reload runs at a time.
func (l *Live) Reload(load func() (*Set, error), at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.TriedAt = at
	set, err := load()
	if err == nil {
		err = l.accepts(set)
	}
	l.status.Err = err
	if err != nil {
		return err
	}
	now := l.current.Load()
	if now.Set != nil && now.Set.hash == set.hash {
		return nil
	}
	next := &Current{Set: set, Generation: now.Generation + 1}
	l.status.Generation, l.status.Hash, l.status.LoadedAt = next.Generation, set.hash, at
	l.current.Store(next)
	return nil
}

// accepts refuses a Set that cannot follow the one in force.
func (l *Live) accepts(set *Set) error {
	if set == nil {
		return fmt.Errorf("no policy was loaded")
	}
	if old := l.current.Load().Set; old != nil && old.environment != set.environment {
		return fmt.Errorf("the policy is for environment %q, and %q is in force", set.environment, old.environment)
	}
	return nil
}
