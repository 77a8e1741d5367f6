package proxy

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
)

// Sightings remembers which servers were met behind backends' addresses, longer
// than this process lives. Meet returns the server whose place another one has
// taken, once, whoever shares the memory.
type Sightings interface {
	Meet(context.Context, audit.Sighting) (earlier *audit.Sighting, err error)
}

const (
	sightEvery   = time.Minute      // a server that is met goes into the memory again
	sightRetries = 10 * time.Second // after the memory failed
	sightLimit   = 5 * time.Second  // for it to answer
	sightsWait   = 16               // for the memory; more are met again soon
)

// drift is what Sightings is yet to be told.
type drift struct {
	queue chan reading

	mu  sync.Mutex
	due map[identity.Server]time.Time
}

func newDrift() *drift {
	return &drift{queue: make(chan reading, sightsWait), due: make(map[identity.Server]time.Time)}
}

// met puts a server in the queue, unless that was done a short while ago. It
// never waits.
func (d *drift) met(found reading, now time.Time) {
	if d == nil || !found.server.Known() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.due[found.server]) {
		return
	}
	select {
	case d.queue <- found:
		d.again(found.server, now.Add(sightEvery))
	default:
	}
}

// again sets when a server is to be told of again. It is called with the lock held.
func (d *drift) again(server identity.Server, at time.Time) {
	if len(d.due) >= maxReadings {
		clear(d.due)
	}
	d.due[server] = at
}

// followDrift has Sightings told of the servers that are met.
func (s *Server) followDrift() {
	failing := false
	for {
		select {
		case <-s.life.Done():
			return
		case found := <-s.drift.queue:
			err := s.sighted(found)
			if err != nil && !failing && s.life.Err() == nil {
				s.options.Log.Error("which server is behind the backend's address cannot be remembered; a change is told when it can",
					zap.String("backend", s.options.Backend.Name), zap.Stringer("server", found.server), zap.Error(err))
			}
			failing = err != nil
		}
	}
}

func (s *Server) sighted(found reading) error {
	ctx, cancel := context.WithTimeout(s.life, sightLimit)
	defer cancel()
	now := s.options.Now()
	earlier, err := s.options.Sightings.Meet(ctx, audit.Sighting{
		Time: now, Environment: s.options.Environment, Backend: s.options.Backend.Name,
		ID: found.server.ID, Host: found.server.Host, Port: found.server.Port, Version: found.server.Version,
	})
	switch {
	case err != nil:
		s.drift.mu.Lock()
		s.drift.again(found.server, now.Add(sightRetries))
		s.drift.mu.Unlock()
	case earlier != nil:
		s.recordDrift(found, identity.Server{ID: earlier.ID, Host: earlier.Host, Port: earlier.Port, Version: earlier.Version})
	}
	return err
}

// recordDrift tells of a server that has taken another one's place. It blocks
// nothing: whether the new one may serve is told by its tag.
func (s *Server) recordDrift(found reading, earlier identity.Server) {
	what := fmt.Sprintf("backend %s is now another server than %s: failover or wrong target?", s.options.Backend.Name, earlier)
	e := s.identityEvent(audit.IdentityChanged, found, what)
	if found.state == tagRead {
		e.Reason += ", tagged " + foreignTag(found.tag)
	}
	e.Shape = shapeOf(found.server)
	if err := s.options.Recorder.Record(e); err != nil {
		s.options.Log.Error("a change of the backend's server could not be recorded", zap.Error(err))
	}
	s.options.Log.Warn(what, zap.Stringer("server", found.server))
}

// shapeOf makes each server that comes an issue of its own, so that one which is
// known of hides no other.
func shapeOf(server identity.Server) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(server.String()))
	return fmt.Sprintf("%016x", h.Sum64())
}
