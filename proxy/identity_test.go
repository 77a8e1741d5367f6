package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
	"guardrail/proxy/mysqltest"
)

// retry is longer than a reading that refuses stands.
const retry = 2 * time.Second

// pass lets time go by.
func pass(c *clock, d time.Duration) { c.set(c.Now().Add(d)) }

// of makes the proxy one of an environment that asks for the tag.
func of(environment string, rule proxy.TagRule, c *clock) func(*proxy.Options) {
	return func(o *proxy.Options) {
		o.Environment, o.Now = environment, c.Now
		o.Backend.Tag = rule
	}
}

// controlled gives the proxy its own account.
func controlled(o *proxy.Options) {
	o.Backend.Control = identity.Control{User: "control", Password: mysqltest.Password}
}

// untagged makes a server that has the control account and an app's, and no tag.
func untagged(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	s.Database(t, "guardrail")
	s.Exec(t, "DROP DATABASE guardrail")
	s.User(t, "control", "SELECT, INSERT, UPDATE, CREATE ON guardrail.*")
	s.Database(t, "shop")
	s.User(t, "app", "ALL ON shop.*")
}

// tag tags a server as guardrail tag does.
func tag(t *testing.T, s *mysqltest.Server, environment string) {
	t.Helper()
	c := identity.Control{Address: s.Addr(), User: "control", Password: mysqltest.Password}
	_, earlier, _ := c.Read(t.Context())
	if _, _, err := c.Write(t.Context(), identity.Tag{Environment: environment, When: time.Now()}, earlier.Environment); err != nil {
		t.Fatal(err)
	}
}

// knock tries to log in and returns the error.
func knock(t *testing.T, g *guard, change ...func(*mysql.Config)) error {
	t.Helper()
	pool := g.open(t, "app", "", change...)
	defer pool.Close()
	return pool.PingContext(t.Context())
}

// letsIn checks a login that must succeed.
func letsIn(t *testing.T, g *guard) {
	t.Helper()
	if err := knock(t, g); err != nil {
		t.Errorf("not let in: %v", err)
	}
}

// keepsOut checks a login that must be refused, in words.
func keepsOut(t *testing.T, g *guard, words ...string) {
	t.Helper()
	err := knock(t, g)
	if codeOf(err) != 1045 {
		t.Errorf("error %v, want 1045", err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

func TestTheTagDecidesWhoIsLetIn(t *testing.T) {
	const (
		in  = ""
		out = "no login"
	)
	for _, c := range []struct {
		tag                      string // of the server; "" for none
		required, optional, none string // what becomes of a login
	}{
		{"production", in, in, in},
		{"staging", "tagged staging", "tagged staging", in},
		{"", "has no environment tag", in, in},
		{"Production", "tagged Production", "tagged Production", in},
		{"'; --", "no environment's name", "no environment's name", in},
	} {
		t.Run("tag "+c.tag, func(t *testing.T) {
			mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
				untagged(t, s)
				if c.tag != "" {
					tag(t, s, c.tag)
				}
				for rule, want := range map[proxy.TagRule]string{proxy.TagRequired: c.required, proxy.TagOptional: c.optional, proxy.TagNone: c.none} {
					g := start(t, s.Addr(), everything, of("production", rule, newClock(time.Now())), controlled)
					if want == in {
						letsIn(t, g)
					} else {
						keepsOut(t, g, want, out, "production", "guardrail tag --backend main production", "event ")
					}
				}
			})
		})
	}
}

// A snapshot of production that is restored for staging is production's until it
// is tagged anew, and the error says so.
func TestARestoredSnapshotIsToldAsOne(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		c := newClock(time.Now())
		g := start(t, s.Addr(), everything, of("staging", proxy.TagOptional, c), controlled)
		keepsOut(t, g, "this proxy is for staging", "tagged production", "as a restored snapshot is", "guardrail tag --backend main staging --replace production")
		tag(t, s, "staging")
		pass(c, retry)
		letsIn(t, g)
	})
}

func TestAnAccountMayReadTheTagItself(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		without := start(t, s.Addr(), everything, of("production", proxy.TagRequired, newClock(time.Now())))
		keepsOut(t, without, "is not known", "there is no control account", "backends.main.control", "GRANT SELECT ON guardrail.environment")
		s.Exec(t, "GRANT SELECT ON guardrail.environment TO app")
		letsIn(t, without)
		tag(t, s, "staging")
		keepsOut(t, without, "tagged staging") // without any wait
		s.Exec(t, "DROP TABLE guardrail.environment")
		keepsOut(t, without, "has no environment tag")
	})
}

func TestATagIsSeenThatIsWrittenLater(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		c := newClock(time.Now())
		g := start(t, s.Addr(), everything, of("development", proxy.TagOptional, c), controlled)
		letsIn(t, g)
		tag(t, s, "production")
		pass(c, retry)
		keepsOut(t, g, "development", "production")
		tag(t, s, "development")
		pass(c, retry)
		letsIn(t, g)
		tag(t, s, "production")
		letsIn(t, g) // what was read stands for ten seconds
		pass(c, 10*time.Second)
		keepsOut(t, g, "development", "production")
	})
}

func TestAControlAccountThatCannotRead(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		s.User(t, "control")
		c := newClock(time.Now())
		g := start(t, s.Addr(), everything, of("production", proxy.TagRequired, c), controlled)
		keepsOut(t, g, "the control account needs: GRANT SELECT ON guardrail.* TO control")
		s.Exec(t, "ALTER USER control IDENTIFIED BY 'another'")
		pass(c, retry)
		keepsOut(t, g, "the proxy's log says why")
	})
}

func TestARefusedServerIsOnRecordAndCounted(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		g := start(t, s.Addr(), everything, of("development", proxy.TagOptional, newClock(time.Now())))
		s.Exec(t, "GRANT SELECT ON guardrail.environment TO app")
		keepsOut(t, g)
		events := g.record.all()
		if len(events) != 1 {
			t.Fatalf("events: %+v", events)
		}
		e := events[0]
		if e.Decision != audit.IdentityMismatch || e.Account != "app" || e.Backend != "main" || e.Code != 1045 || e.Rule != "identity" ||
			!strings.Contains(e.Reason, "for development") || !strings.Contains(e.Reason, "tagged production") || !strings.Contains(e.Reason, s.Version()) {
			t.Errorf("event: %+v", e)
		}
		want := `# HELP guardrail_backend_identity Which environment's tag was last read in the backend's data, and whether it is the proxy's: match, mismatch, missing, unknown; always 1.
# TYPE guardrail_backend_identity gauge
guardrail_backend_identity{backend="main",environment="development",state="mismatch",tag="production"} 1
`
		if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "guardrail_backend_identity"); err != nil {
			t.Error(err)
		}
		if got := g.server.Identity(); !strings.Contains(got, "tag production") {
			t.Errorf("for /readyz: %s", got)
		}
	})
}

func TestAWrongServerIsKnownBeforeAClientComes(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		g := start(t, s.Addr(), everything, of("development", proxy.TagOptional, newClock(time.Now())), controlled)
		eventually(t, "the mismatch is on record", func() bool {
			events := g.record.all()
			return len(events) == 1 && events[0].Decision == audit.IdentityMismatch
		})
		if err := g.server.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "tagged production") {
			t.Errorf("ready: %v", err)
		}
	})
}

// Two listeners lead to one backend: what is behind it is told once.
func TestAWrongServerIsToldOnceByAllListeners(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		seen := proxy.NewLastSeen()
		sharing := func(o *proxy.Options) { o.LastSeen = seen }
		first := start(t, s.Addr(), everything, of("development", proxy.TagOptional, newClock(time.Now())), controlled, sharing)
		second := start(t, s.Addr(), everything, of("development", proxy.TagOptional, newClock(time.Now())), controlled, sharing)
		for _, g := range []*guard{first, second} {
			if err := g.server.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "tagged production") {
				t.Errorf("ready: %v", err)
			}
		}
		eventually(t, "the mismatch is on record", func() bool { return len(first.record.all())+len(second.record.all()) > 0 })
		if n := len(first.record.all()) + len(second.record.all()); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
