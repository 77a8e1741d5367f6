package proxy_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// memory is a store in a file of its own.
func memory(t *testing.T) *audit.Store {
	t.Helper()
	s, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// remembering gives the proxy a memory of servers.
func remembering(s proxy.Sightings) func(*proxy.Options) {
	return func(o *proxy.Options) { o.Sightings = s }
}

// told is a memory that counts what it has taken in, and fails while it is to.
type told struct {
	proxy.Sightings
	times   atomic.Int64
	failing atomic.Bool
}

func (m *told) Meet(ctx context.Context, met audit.Sighting) (*audit.Sighting, error) {
	defer m.times.Add(1)
	if m.failing.Load() {
		return nil, errors.New("away")
	}
	return m.Sightings.Meet(ctx, met)
}

// drifts is how many changes of servers some proxies have recorded.
func drifts(guards ...*guard) (n int) {
	for _, g := range guards {
		n += strings.Count(causes(g, audit.IdentityChanged), "identity")
	}
	return n
}

// twins are two servers of production, which tell the app their tag, and an
// address that leads to the first.
func twins(t *testing.T, s *mysqltest.Server) (one, other *mysqltest.Server, j *junction) {
	t.Helper()
	one, other = twoServers(t, s)
	for _, server := range []*mysqltest.Server{one, other} {
		untagged(t, server)
		tag(t, server, "production")
		server.Exec(t, "GRANT SELECT ON guardrail.environment TO app")
	}
	return one, other, newJunction(t, one.Addr())
}

func TestADriftIsToldOnce(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		one, other, j := twins(t, s)
		c := newClock(time.Now())
		m := &told{Sightings: memory(t)}
		g := start(t, j.listener.Addr().String(), everything, of("production", proxy.TagRequired, c), remembering(m))
		turn := func(to *mysqltest.Server) { // a minute later the address leads there
			t.Helper()
			pass(c, time.Minute)
			before := m.times.Load()
			j.to.Store(to.Addr())
			j.cut()
			eventually(t, "let in", func() bool { return knock(t, g) == nil })
			eventually(t, "noted", func() bool { return m.times.Load() > before })
		}
		for _, to := range []*mysqltest.Server{one, other, one, other} {
			turn(to)
		}
		eventually(t, "told", func() bool { return drifts(g) > 0 })
		for range 70 { // the first one is not met for more than an hour
			turn(other)
		}
		if n := drifts(g); n != 1 {
			t.Errorf("%d events while two servers took turns", n)
		}
		turn(one)
		eventually(t, "told again", func() bool { return drifts(g) == 2 })
		events := g.record.all()
		if last := events[len(events)-1].Reason; !strings.Contains(last, "failover or wrong target?") || !strings.Contains(last, ", tagged production") {
			t.Errorf("the event says %q", last)
		}
	})
}

// Two proxies, one of them begun again in between, share a memory.
func TestADriftIsToldByOneProxyAndAcrossRestarts(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		_, other, j := twins(t, s)
		m := &told{Sightings: memory(t)}
		begin := func() *guard {
			return start(t, j.listener.Addr().String(), everything, of("production", proxy.TagRequired, newClock(time.Now())), controlled, remembering(m))
		}
		noted := func(n int64) {
			t.Helper()
			eventually(t, "noted", func() bool { return m.times.Load() >= n })
		}
		first := begin()
		noted(1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := first.server.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		j.to.Store(other.Addr()) // while nobody looks
		second, third := begin(), begin()
		noted(3)
		eventually(t, "told", func() bool { return drifts(second, third) > 0 })
		if n := drifts(first, second, third); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// While the memory is away nobody waits for it; what it missed is told later.
func TestADriftIsToldWhenTheMemoryIsBack(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		_, other, j := twins(t, s)
		c := newClock(time.Now())
		m := &told{Sightings: memory(t)}
		g := start(t, j.listener.Addr().String(), everything, of("production", proxy.TagRequired, c), remembering(m))
		letsIn(t, g)
		eventually(t, "noted", func() bool { return m.times.Load() == 1 })
		m.failing.Store(true)
		j.to.Store(other.Addr())
		j.cut()
		eventually(t, "let in", func() bool { return knock(t, g) == nil })
		eventually(t, "tried", func() bool { return m.times.Load() > 1 })
		if n := drifts(g); n != 0 {
			t.Errorf("%d events without a memory", n)
		}
		m.failing.Store(false)
		pass(c, time.Minute)
		letsIn(t, g)
		eventually(t, "told", func() bool { return drifts(g) == 1 })
	})
}
