package proxy

import (
	"context"
	"fmt"
	"sync"

	"go.uber.org/zap"
)

// LastSeen is the server that was last seen behind a backend's address, and its
// tag. The Servers of a backend share one, so that what is new is told once,
// whichever listener has met it.
type LastSeen struct {
	mu   sync.Mutex
	last reading
}

// NewLastSeen returns a LastSeen of a backend that nobody has seen yet.
func NewLastSeen() *LastSeen { return &LastSeen{} }

// noteIdentity takes note of what was found behind the address: for the metric,
// for /readyz, and for the record where it is new. It reports whether it is
// something else than the last time.
func (s *Server) noteIdentity(found reading) (news bool) {
	s.options.LastSeen.mu.Lock()
	news = found != s.options.LastSeen.last
	s.options.LastSeen.last = found
	if news {
		s.options.Metrics.BackendIdentity(s.options.Backend.Name, s.options.Environment, found.label(), s.stateOf(found))
	}
	s.options.LastSeen.mu.Unlock()
	s.drift.met(found, s.options.Now())
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

// Tag is the environment tag last seen, if one was read, and how it stands to
// the proxy's environment: match, mismatch, missing, unknown, or nothing where
// it is not asked for.
func (s *Server) Tag() (tag, state string) {
	if s.options.Backend.Tag == TagNone {
		return "", ""
	}
	s.options.LastSeen.mu.Lock()
	defer s.options.LastSeen.mu.Unlock()
	return s.options.LastSeen.last.label(), s.stateOf(s.options.LastSeen.last)
}

// Identity says in a line which server and tag were last seen, for /readyz.
func (s *Server) Identity() string {
	if s.options.Backend.Tag == TagNone {
		return "its environment tag is not asked for"
	}
	s.options.LastSeen.mu.Lock()
	defer s.options.LastSeen.mu.Unlock()
	found := s.options.LastSeen.last
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
	s.noteUnmet(found)
	if what, _ := s.refuses(found); what != "" {
		return fmt.Errorf("every login is refused: %s", what)
	}
	return nil
}
