package proxy

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
)

// forgetServer is how long a server stays known that no connection reaches. An
// address may lead to several servers in turn; one that comes back after this
// long is told of again.
const forgetServer = time.Hour

// noted is what was last seen behind the address.
type noted struct {
	mu      sync.Mutex
	last    reading
	server  identity.Server               // the last that was known
	servers map[identity.Server]time.Time // when each was last seen
}

// noteIdentity takes note of what was found behind the address: for the metric,
// for /readyz, and for the record where it is new. It reports whether it is
// something else than the last time.
func (s *Server) noteIdentity(found reading) (news bool) {
	s.noted.mu.Lock()
	news = found != s.noted.last
	s.noted.last = found
	earlier := s.noted.see(found.server, s.options.Now())
	if news {
		s.options.Metrics.BackendIdentity(s.options.Backend.Name, s.options.Environment, found.label(), s.stateOf(found))
	}
	s.noted.mu.Unlock()
	if earlier != "" {
		s.recordDrift(found, earlier)
	}
	if what, _ := s.refuses(found); what != "" && news {
		s.options.Log.Error("logins are refused: "+what, zap.String("backend", s.options.Backend.Name),
			zap.Stringer("server", found.server), zap.String("why", found.why))
	}
	return news
}

// label is the value of the label "tag".
func (r reading) label() string {
	if r.state != tagRead {
		return ""
	}
	return foreignTag(r.tag)
}

// see returns what was behind the address until now where a server has come
// that was not seen for long.
func (n *noted) see(server identity.Server, now time.Time) (earlier string) {
	if !server.Known() {
		return ""
	}
	before := n.server
	n.server = server
	maps.DeleteFunc(n.servers, func(_ identity.Server, at time.Time) bool { return now.Sub(at) > forgetServer })
	_, lately := n.servers[server]
	if n.servers == nil {
		n.servers = make(map[identity.Server]time.Time)
	}
	n.servers[server] = now
	if lately || !before.Known() || before == server {
		return ""
	}
	return before.String()
}

// recordDrift tells of a server that has taken another one's place. It blocks
// nothing: whether the new one may serve is told by its tag.
func (s *Server) recordDrift(found reading, earlier string) {
	what := fmt.Sprintf("backend %s is now another server than %s: failover or wrong target?", s.options.Backend.Name, earlier)
	e := s.identityEvent(audit.IdentityChanged, found, what)
	if err := s.options.Recorder.Record(e); err != nil {
		s.options.Log.Error("a change of the backend's server could not be recorded", zap.Error(err))
	}
	s.options.Log.Warn(what, zap.Stringer("server", found.server))
}

// stateOf is the value of the label "state".
func (s *Server) stateOf(found reading) string {
	switch {
	case found.state == tagRead && found.tag == s.options.Environment:
		return "match"
	case found.state == tagRead:
		return "mismatch"
	case found.state == tagMissing:
		return "missing"
	}
	return "unknown"
}

// Identity says in a line which server and tag were last seen, for /readyz.
func (s *Server) Identity() string {
	if s.options.Backend.Tag == TagNone {
		return "its environment tag is not asked for"
	}
	s.noted.mu.Lock()
	defer s.noted.mu.Unlock()
	found := s.noted.last
	text := found.server.String() + ", tag "
	switch found.state {
	case tagRead:
		return text + foreignTag(found.tag)
	case tagMissing:
		return text + "missing"
	}
	if found.why == "" {
		return text + "not seen yet"
	}
	return text + "unknown: " + found.why
}

// readyTag reports why every login is refused now. It asks no server without a
// control account: what the last login has met may be gone.
func (s *Server) readyTag(ctx context.Context) error {
	if s.options.Backend.Tag == TagNone || !s.tags.available() {
		return nil
	}
	found := s.tags.lately(ctx)
	s.noteIdentity(found)
	if what, _ := s.refuses(found); what != "" {
		return fmt.Errorf("every login is refused: %s", what)
	}
	return nil
}
