package proxy

import (
	"sync"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// maxShapes bounds one generation of one app's shapes in one cache; there are
// two generations. An app that sends ever new shapes pushes out its own only.
const maxShapes = 8192

// shapeKey is all that a verdict about a text hangs on, besides the app.
type shapeKey struct {
	shape          sqlparse.Shape
	mode           sqlparse.Mode
	schema         string
	lowerCaseNames bool
}

// verdicts remembers what was decided about shapes. Each event loop has its
// own, so that its lock is hardly ever waited for.
type verdicts struct {
	toll *toll // counts what is remembered; nil where traffic is not recorded
	mu   sync.Mutex
	apps map[*policy.App]*shapes
}

// shapes are one app's verdicts in two generations: when the young one is full
// it becomes the old one, and what is not asked for again is forgotten.
type shapes struct {
	young, old map[shapeKey]*verdict
}

func newVerdicts() *verdicts { return &verdicts{apps: make(map[*policy.App]*shapes)} }

// get returns the verdict about a shape, or nil.
func (c *verdicts) get(app *policy.App, key shapeKey) *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.apps[app]
	if s == nil {
		return nil
	}
	if v := s.young[key]; v != nil {
		return v
	}
	v := s.old[key]
	if v != nil {
		s.put(key, v)
	}
	return v
}

// remember is put with the text that the verdict is about, which is counted from now on.
func (c *verdicts) remember(app *policy.App, key shapeKey, v *verdict, text []byte) {
	if v.seen == nil {
		v.seen = c.toll.take(app, key, text)
	}
	c.put(app, key, v)
}

// put remembers a verdict.
func (c *verdicts) put(app *policy.App, key shapeKey, v *verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.apps[app]
	if s == nil {
		s = &shapes{young: make(map[shapeKey]*verdict)}
		c.apps[app] = s
	}
	s.put(key, v)
}

func (s *shapes) put(key shapeKey, v *verdict) {
	if len(s.young) >= maxShapes {
		s.old, s.young = s.young, make(map[shapeKey]*verdict)
	}
	s.young[key] = v
}

// keepOnly forgets the verdicts of apps that are not in the set in force.
func (c *verdicts) keepOnly(set *policy.Set) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := make(map[*policy.App]*shapes)
	for _, app := range set.Apps() {
		if s := c.apps[app]; s != nil {
			kept[app] = s
		}
	}
	c.apps = kept
}
