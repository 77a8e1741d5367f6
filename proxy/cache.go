package proxy

import (
	"sync"
	"sync/atomic"

	"guardrail/policy"
	"guardrail/proxy/metrics"
)

// verdicts remembers what was decided about shapes of statements, for each app
// by itself: one that sends ever new shapes pushes out its own only. Asking
// takes no lock. Each event loop has its own, so that no core waits for what
// another one counts.
type verdicts struct {
	toll *toll                                   // counts what is remembered; nil where traffic is not recorded
	apps atomic.Pointer[map[*policy.App]*shapes] // of the policies in force; replaced whole

	mu         sync.Mutex
	generation uint64             // of the policies
	before     metrics.ShapeStats // of the apps of earlier ones
}

func newVerdicts(of *policy.Current) *verdicts {
	c := &verdicts{}
	c.apps.Store(&map[*policy.App]*shapes{})
	c.follow(of)
	return c
}

// get returns the verdict about a text, or nil.
func (c *verdicts) get(app *policy.App, k shapeKey) *verdict {
	if s := (*c.apps.Load())[app]; s != nil {
		return s.get(k)
	}
	return nil
}

// peek is get for who will ask again: it is not counted.
func (c *verdicts) peek(app *policy.App, k shapeKey) *verdict {
	if s := (*c.apps.Load())[app]; s != nil {
		return s.find(k)
	}
	return nil
}

// remember is put with the text that the verdict is about, which is counted from now on.
func (c *verdicts) remember(app *policy.App, k shapeKey, v *verdict, text []byte) {
	k = k.clone()
	if v.seen == nil {
		v.seen = c.toll.take(app, k, text)
	}
	c.put(app, k, v)
}

// put remembers a verdict. The key is the cache's from then on. That of an app that is no longer in force is forgotten.
func (c *verdicts) put(app *policy.App, k shapeKey, v *verdict) {
	if s := (*c.apps.Load())[app]; s != nil {
		s.put(k, v)
	}
}

// follow forgets the verdicts of apps that are not in the policies in force.
func (c *verdicts) follow(of *policy.Current) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if of.Set == nil || of.Generation <= c.generation {
		return
	}
	c.generation = of.Generation
	old := *c.apps.Load()
	apps := make(map[*policy.App]*shapes)
	for _, app := range of.Set.Apps() {
		if apps[app] = old[app]; apps[app] == nil {
			apps[app] = newShapes()
		}
	}
	c.apps.Store(&apps)
	for app, s := range old {
		if apps[app] == nil {
			c.before.Add(s.stats().Past())
		}
	}
}

// stats are those of all apps.
func (c *verdicts) stats() metrics.ShapeStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.before
	for _, s := range *c.apps.Load() {
		all.Add(s.stats())
	}
	return all
}
