package audit_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

func TestAnEventIsKeptWhole(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		k := keep(t, s)
		now := time.Now().Truncate(time.Millisecond)
		for _, e := range []audit.Event{drop(now), loss(now)} {
			e.Identify()
			want := e
			want.Rows, want.Duration = 42, 3*time.Second
			k.submit(t, &e)
			e.Rows, e.Duration = want.Rows, want.Duration
			k.Finished(&e)
			until(t, "the event is stored with its end", func() bool {
				got, err := s.Event(t.Context(), e.ID)
				return err == nil && got.Rows == 42
			})
			got, err := s.Event(t.Context(), e.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Time.Equal(want.Time) {
				t.Errorf("time %v, want %v", got.Time, want.Time)
			}
			got.Time = want.Time
			if fmt.Sprint(got.Event) != fmt.Sprint(want) {
				t.Errorf("\n got %+v\nwant %+v", got.Event, want)
			}
			if i, err := s.Issue(t.Context(), got.Issue); err != nil || i.Rows != 42 || i.Events != 1 || i.Statement != e.Statement {
				t.Errorf("its issue: %+v, %v", i, err)
			}
		}
	})
}

func TestEventsOfOneKindAreOneIssue(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		s := open()
		k := keep(t, s)
		now := time.Now().Truncate(time.Minute)
		for i := range 300 {
			e := drop(now.Add(time.Duration(i) * time.Second))
			e.Client = fmt.Sprintf("10.0.0.%d", i%60)
			if err := k.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		other := drop(now)
		other.App = "insight"
		if err := k.Record(other); err != nil {
			t.Fatal(err)
		}
		k.mustStop(t)
		found := issues(t, s)
		if len(found) != 2 || found[0].App != "accounting-web" || found[1].App != "insight" {
			t.Fatalf("issues: %+v", found)
		}
		i := found[0]
		if i.Events != 300 || !i.FirstSeen.Equal(now) || !i.LastSeen.Equal(now.Add(299*time.Second)) || i.InWindow != 300 {
			t.Errorf("issue: %+v", i)
		}
		var n int64
		for _, c := range i.Clients {
			n += c.Events
		}
		if n != 300 || len(i.Clients) > 61 {
			t.Errorf("%d events of %d clients", n, len(i.Clients))
		}
		events, err := s.Events(t.Context(), audit.Filter{}.With("app", "accounting-web"), "", 1000)
		if err != nil || len(events) != 100 { // 20 of each of 5 minutes
			t.Errorf("%d samples, %v", len(events), err)
		}
	})
}

// Every one of many destructive statements is committed before it is answered:
// a second store on the same database sees it at once.
func TestAllowedDestructiveStatementsAreDurable(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *audit.Store) {
		k := keep(t, open())
		other := open()
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 20 {
					e := loss(time.Now())
					e.Identify()
					if err := k.Record(e); err != nil {
						t.Error(err)
						return
					}
					if _, err := other.Event(t.Context(), e.ID); err != nil {
						t.Errorf("%s: %v", e.ID, err)
					}
				}
			})
		}
		wait.Wait()
		k.mustStop(t)
		if n := count(issues(t, other)); n != 160 {
			t.Errorf("%d events", n)
		}
	})
}

func TestSubmitWaitsOnlyForWhatDestroys(t *testing.T) {
	leaks(t)
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s)
	never := func(error) { t.Error("done was called for an event that need not wait") }
	for _, d := range []audit.Decision{audit.Refused, audit.WouldRefuse, audit.LoginRefused, audit.PolicyLoaded} {
		e := drop(time.Now())
		e.Decision = d
		if wait, err := k.Submit(&e, never); wait || err != nil {
			t.Errorf("%s: wait %v, %v", d, wait, err)
		}
	}
	answer := make(chan error, 1)
	e := loss(time.Now())
	wait, err := k.Submit(&e, func(err error) { answer <- err })
	if !wait || err != nil {
		t.Fatalf("wait %v, %v", wait, err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
	k.mustStop(t)
	if err := k.Record(loss(time.Now())); !errors.Is(err, audit.ErrNotRecorded) {
		t.Errorf("after Stop: %v", err)
	}
	if n := count(issues(t, s)); n != 5 {
		t.Errorf("%d events", n)
	}
	s.Close()
}

// A destructive statement that waits for its commit does not wait for those of
// refusals, of which there can be many.
func TestWhatDestroysWaitsForNothingElse(t *testing.T) {
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s, func(o *audit.Options) { o.FlushEvery = time.Hour })
	for i := range 100 {
		destroys := loss(time.Now())
		destroys.Identify()
		for _, e := range []audit.Event{drop(time.Now()), destroys} {
			if err := k.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Event(t.Context(), destroys.ID); err != nil {
			t.Fatalf("destructive statement %d is not stored: %v", i, err)
		}
	}
	if n := count(issues(t, s, audit.Refused)); n > 1 { // the first batch is of all
		t.Errorf("%d refusals were stored with them", n)
	}
	k.mustStop(t)
	if n := count(issues(t, s)); n != 200 {
		t.Errorf("%d events in the end", n)
	}
}

// A loop sends 100,000 refusals of one shape as fast as it can, with other
// shapes and destructive statements between them.
func TestAStormIsOneIssueWithAnExactCount(t *testing.T) {
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s)
	const loops, each = 4, 25_000
	start := time.Now()
	var wait sync.WaitGroup
	for loop := range loops {
		wait.Go(func() {
			for i := range each {
				e := drop(time.Now())
				e.Identify()
				if err := k.Record(e); err != nil {
					t.Error(err)
				}
				if i%5000 == loop {
					if err := k.Record(loss(time.Now())); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wait.Wait()
	t.Logf("%d refusals in %v", loops*each, time.Since(start))
	k.mustStop(t)
	found := issues(t, s, audit.Refused)
	if len(found) != 1 || found[0].Events != loops*each {
		t.Errorf("issues: %+v", found)
	}
	if n := count(issues(t, s, audit.AllowedDestructive)); n != loops*each/5000 {
		t.Errorf("%d destructive statements", n)
	}
	events, err := s.Events(t.Context(), audit.Filter{Decisions: []audit.Decision{audit.Refused}}, "", 1000)
	if err != nil || len(events) == 0 || len(events) > 20*int(time.Since(start)/time.Minute+2) {
		t.Errorf("%d samples, %v", len(events), err)
	}
	if sum := series(t, s, "accounting-web"); sum != loops*each {
		t.Errorf("%d events by the minute", sum)
	}
}

func series(t testing.TB, s *audit.Store, app string) (n int64) {
	t.Helper()
	points, _, err := s.Series(t.Context(), audit.Filter{From: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points[app] {
		n += p.Events
	}
	return n
}

// An app that makes statements of ever new shapes fills neither memory nor the
// store: further shapes of a rule are counted together.
func TestManyShapesShareAnIssue(t *testing.T) {
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s)
	const shapes = 5000
	now := time.Now()
	for i := range shapes {
		e := drop(now)
		e.Shape = fmt.Sprintf("%x", i)
		if i == shapes-1 {
			e.Kind = "drop_table"
		}
		if err := k.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
	found := issues(t, s)
	if len(found) != 2002 || count(found) != shapes {
		t.Errorf("%d issues, %d events", len(found), count(found))
	}
	for _, i := range found {
		if mixed := i.Kind == "drop_db" && i.Events > 1; i.Mixed() != mixed {
			t.Errorf("%d events of %s", i.Events, i.Kind)
		}
	}
}

// An event that was only counted is found by its id all the same.
func TestACountedEventLeadsToItsIssue(t *testing.T) {
	s := open(t, t.TempDir()+"/audit.db", "")
	k := keep(t, s)
	now := time.Now().Truncate(time.Minute)
	var last audit.Event
	for i := range 50 {
		last = drop(now.Add(time.Duration(i) * time.Millisecond))
		last.Identify()
		if err := k.Record(last); err != nil {
			t.Fatal(err)
		}
	}
	k.mustStop(t)
	got, err := s.Event(t.Context(), last.ID)
	if !errors.Is(err, audit.ErrNotFound) || got.Issue != issues(t, s)[0].ID {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Event(t.Context(), "nonsense"); !errors.Is(err, audit.ErrNotFound) {
		t.Error(err)
	}
	if got, err := s.Event(t.Context(), audit.NewID(now)); !errors.Is(err, audit.ErrNotFound) || got.Issue != 0 {
		t.Errorf("an event of nowhere: %+v, %v", got, err)
	}
}
