package app

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"guardrail/policy"
	"guardrail/proxy/dashboard"
)

const (
	backendsEvery = 10 * time.Second       // how old what is known of the backends may be before they are looked at again
	backendsStale = time.Minute            // how old it may be to be told
	viewsWait     = 150 * time.Millisecond // how long a view waits for what is older
)

// overseer tells the page how the guard does.
type overseer struct {
	app *App

	mu      sync.Mutex
	looked  time.Time
	looking chan struct{} // closed at the end of the look that is under way; nil for none
	states  []dashboard.Backend
}

func newOverseer(a *App) *overseer { return &overseer{app: a} }

// Health tells how the guard does. It does not wait for a backend that is slow:
// where too little is known of the backends it tells of none.
func (o *overseer) Health(context.Context) dashboard.Health { return o.health(viewsWait) }

// health is Health, and waits for the backends no longer than it is told.
func (o *overseer) health(wait time.Duration) dashboard.Health {
	a, now := o.app, time.Now()
	status := a.live.Status()
	h := dashboard.Health{
		Environment: a.config.Environment,
		Version:     a.version,
		Policy:      dashboard.Policy{Hash: status.Hash, LoadedAt: status.LoadedAt},
		Backends:    o.backends(now, wait),
	}
	if status.Err != nil {
		h.Policy.Err = status.Err.Error()
	}
	if set := a.live.Current().Set; set != nil {
		h.Observed, h.Exceptions = observed(set, now), exceptions(set, now)
	}
	a.count(&h)
	return h
}

// count fills in what the metrics count.
func (a *App) count(h *dashboard.Health) {
	families, err := a.registry.Gather()
	if err != nil {
		return
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "guardrail_sessions":
				h.Sessions = int(m.GetGauge().GetValue())
			case "guardrail_statements_total":
				n := int64(m.GetCounter().GetValue())
				h.Statements += n
				for _, l := range m.GetLabel() {
					if l.GetName() == "kind" && l.GetValue() == "unknown" {
						h.Unread += n
					}
				}
			}
		}
	}
}

// observed lists the apps of this environment whose refusals are not carried out.
func observed(set *policy.Set, now time.Time) []dashboard.Observed {
	var out []dashboard.Observed
	for _, app := range set.Apps() {
		if app.Here() && app.Mode(now) == policy.Observe {
			out = append(out, dashboard.Observed{App: app.Name(), Until: app.ObservedUntil()})
		}
	}
	return out
}

// exceptions lists those in force, the one that ends first first.
func exceptions(set *policy.Set, now time.Time) []dashboard.Exception {
	var out []dashboard.Exception
	for _, app := range set.Apps() {
		for _, l := range app.Lines() {
			if l.Effect == policy.Exception && app.Here() && l.Until.After(now) && !l.From.After(now) {
				out = append(out, dashboard.Exception{App: app.Name(), Allow: l.Text, Why: l.Because, File: filepath.Base(l.File), Line: l.Line, Until: l.Until})
			}
		}
	}
	slices.SortFunc(out, func(a, b dashboard.Exception) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.App, b.App), cmp.Compare(a.Line, b.Line))
	})
	return out
}

// backends returns what is known of the backends. Where that is not new it waits
// for a look; if that takes longer, what is too old is as good as nothing.
func (o *overseer) backends(now time.Time, wait time.Duration) []dashboard.Backend {
	states, old, looking := o.lastSeen(now)
	if looking == nil {
		return states
	}
	select {
	case <-looking:
		states, _, _ = o.lastSeen(now)
	case <-time.After(wait):
		if old > backendsStale {
			return nil
		}
	}
	return states
}

// lastSeen returns what was seen of the backends last and how old that is, and
// looks again in the background when it is.
func (o *overseer) lastSeen(now time.Time) (states []dashboard.Backend, old time.Duration, looking <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if old = now.Sub(o.looked); o.looking == nil && old > backendsEvery {
		o.looking = make(chan struct{})
		go o.look(o.looking)
	}
	return slices.Clone(o.states), old, o.looking
}

// Describe is a prometheus.Collector's.
func (o *overseer) Describe(to chan<- *prometheus.Desc) { to <- backendUp }

// Collect tells the state of each backend that was looked at.
func (o *overseer) Collect(to chan<- prometheus.Metric) {
	states, _, _ := o.lastSeen(time.Now())
	for _, b := range states {
		up := 1.0
		if b.Err != "" {
			up = 0
		}
		to <- prometheus.MustNewConstMetric(backendUp, prometheus.GaugeValue, up, b.Name)
	}
}

var backendUp = prometheus.NewDesc("guardrail_backend_up", "Whether a client could be served by the backend when it was last looked at, some seconds ago.", []string{"backend"}, nil)

// look asks every backend whether a client could be served, and closes done. It
// ends within readyTimeout for each.
func (o *overseer) look(done chan<- struct{}) {
	defer close(done)
	var states []dashboard.Backend
	for i, l := range o.app.config.Listeners {
		if slices.ContainsFunc(states, func(b dashboard.Backend) bool { return b.Name == l.Backend }) {
			continue
		}
		c, _ := o.app.config.Backend(l.Backend)
		b := dashboard.Backend{Name: c.Name, Address: c.Address}
		ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
		if err := o.app.servers[i].Ready(ctx); err != nil {
			b.Err = err.Error()
		}
		cancel()
		b.Tag, b.TagState = o.app.servers[i].Tag()
		states = append(states, b)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states, o.looked, o.looking = states, time.Now(), nil
}
