package audit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

// seen is a server of a backend, met at a moment.
func seen(id string, at time.Time) audit.Sighting {
	return audit.Sighting{Time: at, Environment: "production", Backend: "main", ID: id, Host: "db-" + id, Port: "3306", Version: "9.7.4"}
}

// meets checks which server another one is told to have taken the place of.
func meets(t *testing.T, s *audit.Store, met audit.Sighting, want string) {
	t.Helper()
	earlier, err := s.Meet(t.Context(), met)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	if earlier != nil {
		got = earlier.ID
	}
	if got != want {
		t.Errorf("%s at %s has taken the place of %q, want %q", met.ID, met.Time.Format(time.TimeOnly), got, want)
	}
}

func TestServersAreRememberedInTheStore(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
		s := open()
		meets(t, s, seen("a", at(0)), "")
		meets(t, s, seen("a", at(1)), "")
		meets(t, s, seen("b", at(2)), "a")
		meets(t, s, seen("b", at(3)), "")
		meets(t, s, seen("a", at(50)), "") // it is one of two that take turns

		s = open() // another process, or the same one after two days of rest
		meets(t, s, seen("a", at(3000)), "")
		meets(t, s, seen("c", at(3001)), "a")
		meets(t, s, seen("b", at(3002)), "c") // not met for long while others were

		upgraded := seen("b", at(3003))
		upgraded.Version = "9.7.5"
		meets(t, s, upgraded, "b")
		other := seen("a", at(3004))
		other.Backend = "reports"
		meets(t, s, other, "")
		elsewhere := seen("c", at(3005))
		elsewhere.Environment = "staging"
		meets(t, s, elsewhere, "")
	})
}

// A fleet that meets a new server at the same time tells of it once.
func TestAFleetTellsOfAServerOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		now := time.Now()
		first := open()
		meets(t, first, seen("a", now), "")
		var told atomic.Int64
		var fleet sync.WaitGroup
		for range 4 {
			s := open()
			for range 4 {
				fleet.Go(func() {
					earlier, err := s.Meet(t.Context(), seen("b", now.Add(time.Minute)))
					switch {
					case err != nil:
						t.Error(err)
					case earlier != nil:
						told.Add(1)
					}
				})
			}
		}
		fleet.Wait()
		if n := told.Load(); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}
