package audit_test

import (
	"fmt"
	"testing"
	"time"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// What is older than the retention goes, whole; what is younger stays, exact.
func TestRetentionByAge(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		k := keep(t, s)
		now := time.Now()
		for day := range 10 {
			e := drop(now.Add(-time.Duration(day)*24*time.Hour - time.Hour))
			e.Shape = fmt.Sprint(day)
			for range 3 {
				e.Identify()
				if err := k.Record(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		k.mustStop(t)
		prune(t, s, audit.Retention{Age: 5 * 24 * time.Hour}, now)
		found := issues(t, s)
		if len(found) != 5 || count(found) != 15 {
			t.Errorf("%d issues, %d events", len(found), count(found))
		}
		events, err := s.Events(t.Context(), audit.Filter{}, "", 1000)
		if err != nil || len(events) != 15 {
			t.Errorf("%d events, %v", len(events), err)
		}
	})
}

// prune prunes until there is no more to.
func prune(t *testing.T, s *audit.Store, keep audit.Retention, now time.Time) {
	t.Helper()
	for range 1000 {
		more, err := s.Prune(t.Context(), keep, now)
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
	t.Fatal("pruning does not end")
}

// A store that is too large loses its oldest events, not its counts.
func TestRetentionBySize(t *testing.T) {
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s)
	const minutes = 400 // fewer samples than may wait for the store
	start := time.Now().Add(-minutes * time.Minute)
	for i := range minutes * 20 {
		e := drop(start.Add(time.Duration(i/20) * time.Minute))
		e.Attributes = map[string]string{"program_name": fmt.Sprintf("%0200d", i)}
		if err := k.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
	size, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := s.Prune(t.Context(), audit.Retention{Size: size / 2}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	left, err := s.Size(t.Context())
	if err != nil || left > size/2 {
		t.Errorf("%d bytes of %d left, %v", left, size, err)
	}
	events, err := s.Events(t.Context(), audit.Filter{}, "", 20_000)
	if err != nil || len(events) < 2000 || events[0].Time.Before(time.Now().Add(-2*time.Minute)) {
		t.Errorf("%d events left, %v", len(events), err)
	}
	if n := count(issues(t, s)); n != minutes*20 {
		t.Errorf("%d events are counted", n)
	}
}

// Of too many issues the refusals seen longest ago go, with their events; what
// was destroyed and what someone knows of stays.
func TestIssuesAreBounded(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		k := keep(t, s)
		now := time.Now().Add(-50 * time.Minute) // within the hour that is summed
		for i := range 500 {
			e := drop(now.Add(time.Duration(i) * time.Second))
			e.Shape = fmt.Sprint(i)
			for range 3 {
				e.Identify()
				if err := k.Record(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := k.Record(loss(now.Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
		k.mustStop(t)
		all := issues(t, s)
		known := all[len(all)-2] // the refusal seen longest ago
		if err := s.Acknowledge(t.Context(), known.ID, audit.Acknowledgement{At: now, By: "someone"}); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = s.PruneIssues(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		left := issues(t, s)
		if len(left) != 102 || left[0].ID != all[0].ID || left[100].ID != known.ID || left[101].Decision != audit.AllowedDestructive {
			t.Errorf("%d issues are left", len(left))
		}
		events, err := s.Events(t.Context(), audit.Filter{}, "", 1000)
		if err != nil || len(events) != 101*3+1 {
			t.Errorf("%d events are left, %v", len(events), err)
		}
		if sum := series(t, s, "accounting-web"); sum != 1500 {
			t.Errorf("%d events of the app are counted", sum)
		}
	})
}

// An issue that comes from ever new clients keeps the latest and the number of the others.
func TestClientsAreFolded(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		now := time.Now()
		for range 4 { // a process each, which knows nothing of the clients before
			k := keep(t, s)
			for range 40 {
				e := drop(now)
				e.Client = fmt.Sprintf("10.1.%d.%d", now.UnixNano()>>8&0xff, now.UnixNano()&0xff)
				now = now.Add(1001 * time.Microsecond)
				e.Time = now
				if err := k.Record(e); err != nil {
					t.Fatal(err)
				}
			}
			k.mustStop(t)
		}
		prune(t, s, audit.Retention{}, now)
		i, err := s.Issue(t.Context(), issues(t, s)[0].ID)
		if err != nil || len(i.Clients) > 101 || len(i.Clients) < 2 { // how many of one batch were last seen together hangs on the batches
			t.Fatalf("%d clients, %v", len(i.Clients), err)
		}
		var n int64
		for _, c := range i.Clients {
			n += c.Events
		}
		if n != 160 {
			t.Errorf("%d events", n)
		}
	})
}

// Proxies of a fleet that ended long ago are forgotten, those that run and those
// that ended of late are not.
func TestWritersThatEndedAreForgotten(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "enders")
		open := func() *audit.Store { return open(t, mysqlName(server, "enders"), mysqltest.Password) }
		ended, running := keep(t, open()), keep(t, open())
		for _, k := range []*keeper{ended, running} {
			new(told).record(t, k, 1)
		}
		ended.mustStop(t)
		s := open()
		for _, c := range []struct{ days, want int }{{1, 2}, {40, 1}} {
			prune(t, s, audit.Retention{}, time.Now().AddDate(0, 0, c.days))
			if n := audit.Writers(t, s); n != c.want {
				t.Errorf("after %d days %d writers are known, want %d", c.days, n, c.want)
			}
		}
		new(told).record(t, running, 1)
	})
}
