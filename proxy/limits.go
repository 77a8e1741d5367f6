package proxy

import (
	"sync"
	"sync/atomic"
	"time"

	"guardrail/policy"
	"guardrail/proxy/wire"
)

// Usage counts what apps use of their limits. All Servers of a process share one.
type Usage struct {
	mu        sync.Mutex
	apps      map[string]*appUsage
	redefined atomic.Uint64 // counts statements that may have changed a table's keys
}

// NewUsage returns a Usage that has counted nothing.
func NewUsage() *Usage { return &Usage{apps: make(map[string]*appUsage)} }

// appUsage is what one app uses. A policy that is loaded anew goes on with it.
type appUsage struct {
	sessions atomic.Int64
	begun    atomic.Uint64 // the second since 1970 above the statements that began in it, 32 bits each
}

// of returns the counts of an app.
func (u *Usage) of(app string) *appUsage {
	u.mu.Lock()
	defer u.mu.Unlock()
	a := u.apps[app]
	if a == nil {
		a = &appUsage{}
		u.apps[app] = a
	}
	return a
}

// begin counts n statements that begin now. It counts nothing and reports false
// where more than limit would have begun in this second.
func (a *appUsage) begin(n, limit int, now time.Time) bool {
	second := uint64(now.Unix()) << 32
	for {
		seen := a.begun.Load()
		count := uint64(n)
		if seen>>32 == second>>32 {
			count += seen & (1<<32 - 1)
		}
		if count > uint64(limit) {
			return false
		}
		if a.begun.CompareAndSwap(seen, second|count) {
			return true
		}
	}
}

func (a *appUsage) leave() { a.sessions.Add(-1) }

// enrol counts a connection of an app, and refuses it where the app has as many
// as it may. Whoever gets no error has to call leave.
func (s *Server) enrol(a admission, app *policy.App) (*appUsage, error) {
	u := s.options.Usage.of(app.Name())
	n := u.sessions.Add(1)
	if limit := app.Limits().MaxUserConnections; limit > 0 && n > int64(limit) {
		if err := s.admitted(a, app, app.Beyond(policy.ByConnections, s.options.Now())); err != nil {
			u.leave()
			return nil, err
		}
	}
	return u, nil
}

// tooLarge refuses a text, or a statement's parameters, of n bytes where the
// app's are bounded below that. An app in observe mode is only recorded.
func (s *session) tooLarge(message wire.Message, n int) bool {
	limit := s.limits.MaxAllowedPacket
	if limit == 0 || n <= limit || s.head.measured {
		return false
	}
	s.head.touched, s.head.measured = true, true
	return s.beyond(message, policy.ByPacket, nil)
}

// tooFast refuses statements where as many as the app may have in a second have
// begun in this one. An app in observe mode is only recorded.
func (s *session) tooFast(message wire.Message, v *verdict, text []byte) bool {
	limit := s.limits.MaxQueriesPerSecond
	if limit == 0 || s.head.counted {
		return false
	}
	s.head.touched, s.head.counted = true, true
	if s.usage.begin(max(1, len(v.statements)), limit, s.server.options.Now()) {
		return false
	}
	return s.beyond(message, policy.ByRate, text)
}

// beyond records that a command goes beyond a limit. Unless the app is in
// observe mode the client is told, and the command goes no further.
func (s *session) beyond(message wire.Message, limit policy.Cause, text []byte) (refused bool) {
	return s.pass(message, &verdict{decision: s.app.Beyond(limit, s.server.options.Now())}, text) == stopped
}
