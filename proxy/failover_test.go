package proxy_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// junction is an address that leads to one server now and to another later.
type junction struct {
	listener net.Listener
	to       atomic.Value // string
	relays   sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	talks []*talk
}

// talk is what was said on one connection.
type talk struct {
	trips  int  // times that the server's side spoke after the client's
	asking bool // the client's side spoke last
}

func newJunction(t *testing.T, to string) *junction {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := &junction{listener: listener}
	j.to.Store(to)
	j.relays.Go(j.accept)
	t.Cleanup(func() {
		listener.Close()
		j.cut()
		j.relays.Wait()
	})
	return j
}

func (j *junction) accept() {
	for {
		client, err := j.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", j.to.Load().(string))
		if err != nil {
			client.Close()
			continue
		}
		j.mu.Lock()
		this := &talk{}
		j.conns, j.talks = append(j.conns, client, server), append(j.talks, this)
		j.mu.Unlock()
		j.relays.Go(func() { j.relay(server, client, func() { j.spoke(this, true) }) })
		j.relays.Go(func() { j.relay(client, server, func() { j.spoke(this, false) }) })
	}
}

func (j *junction) relay(to, from net.Conn, speak func()) {
	defer to.Close()
	defer from.Close()
	_, _ = io.Copy(spoken{to, speak}, from)
}

// spoken is a connection that tells of each write.
type spoken struct {
	net.Conn
	tell func()
}

func (s spoken) Write(p []byte) (int, error) {
	s.tell()
	return s.Conn.Write(p)
}

func (j *junction) spoke(this *talk, asks bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if this.asking && !asks {
		this.trips++
	}
	this.asking = asks
}

// turns returns the round trips of the connection that has the most: others are
// kept ready for the next login.
func (j *junction) turns() (most int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range j.talks {
		most = max(most, t.trips)
	}
	return most
}

// cut ends every connection.
func (j *junction) cut() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.conns {
		c.Close()
	}
	j.conns = nil
}

// twoServers are two servers of one kind.
func twoServers(t *testing.T, s *mysqltest.Server) (one, other *mysqltest.Server) {
	t.Helper()
	if s.Flavour() == "mysql" {
		return s, mysqltest.MySQL(t, mysqltest.Own())
	}
	return s, mysqltest.MariaDB(t, mysqltest.Own())
}

// An address that leads to development's server is made to lead to production's,
// under load. Once it does, nothing gets through.
func TestAFailoverToAnotherEnvironmentUnderLoad(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		right, wrong := twoServers(t, s)
		for environment, server := range map[string]*mysqltest.Server{"development": right, "production": wrong} {
			untagged(t, server)
			tag(t, server, environment)
			server.Exec(t, "CREATE TABLE shop.hits (at INT)")
		}
		j := newJunction(t, right.Addr())
		g := start(t, j.listener.Addr().String(), everything, controlled, remembering(memory(t)), func(o *proxy.Options) {
			o.Environment, o.Backend.Tag = "development", proxy.TagOptional
		})
		stop := make(chan struct{})
		var clients sync.WaitGroup
		var hits, refusals atomic.Int64
		for range 8 {
			clients.Go(func() { hammer(t, g, stop, &hits, &refusals) })
		}
		eventually(t, "clients work", func() bool { return hits.Load() > 200 })
		j.to.Store(wrong.Addr())
		j.cut()
		eventually(t, "logins are refused", func() bool { return refusals.Load() > 200 })
		j.to.Store(right.Addr())
		before := hits.Load()
		eventually(t, "clients work again", func() bool { return hits.Load() > before+200 })
		close(stop)
		clients.Wait()
		var n int
		if err := wrong.Admin().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM shop.hits").Scan(&n); err != nil || n != 0 {
			t.Errorf("production has %d rows of development's clients, %v", n, err)
		}
		eventually(t, "the record tells of the other server", func() bool {
			return causes(g, audit.IdentityChanged) != "" && causes(g, audit.IdentityMismatch) != ""
		})
	})
}

// hammer logs in and writes a row, over and over.
func hammer(t *testing.T, g *guard, stop <-chan struct{}, hits, refusals *atomic.Int64) {
	pool := g.open(t, "app", "shop", func(c *mysql.Config) { c.Timeout = 5 * time.Second })
	pool.SetMaxIdleConns(-1)
	for {
		select {
		case <-stop:
			return
		default:
		}
		switch _, err := pool.ExecContext(t.Context(), "INSERT INTO hits VALUES (1)"); codeOf(err) {
		case 0:
			hits.Add(1)
		case 1045:
			refusals.Add(1)
		}
	}
}

// A login costs one round trip more than a direct one, in which the tag is asked
// for with all else. Nothing is asked for a statement.
func TestALoginCostsOneRoundTrip(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		s.Exec(t, "GRANT SELECT ON guardrail.environment TO app")
		trips := func(rule proxy.TagRule, statements int) int {
			j := newJunction(t, s.Addr())
			g := start(t, j.listener.Addr().String(), everything, of("production", rule, newClock(time.Now())))
			c := login(t, g.addr, "app")
			for range statements {
				c.text(t, "SELECT 1")
			}
			return j.turns()
		}
		trips(proxy.TagNone, 0) // from now on the server knows the account's password
		j := newJunction(t, s.Addr())
		login(t, j.listener.Addr().String(), "app")
		direct, asked, not := j.turns(), trips(proxy.TagRequired, 0), trips(proxy.TagNone, 0)
		t.Logf("%s: %d round trips at a direct login, %d through the proxy with the tag, %d without", s.Flavour(), direct, asked, not)
		if direct == 0 || asked != direct+1 || not != asked {
			t.Errorf("%d round trips at a direct login, %d through the proxy with the tag, %d without", direct, asked, not)
		}
		if got := trips(proxy.TagRequired, 10) - asked; got != 10 {
			t.Errorf("%d round trips for 10 statements", got)
		}
	})
}

// A server whose own autocommit is off begins a transaction with the first
// SELECT of a table, which is not to be ours.
func TestReadingTheTagLeavesNoTransaction(t *testing.T) {
	check := func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		s.Exec(t, "GRANT SELECT ON guardrail.environment TO app")
		g := start(t, s.Addr(), everything, of("production", proxy.TagRequired, newClock(time.Now())))
		c := login(t, g.addr, "app")
		if got := c.text(t, "SELECT @@autocommit"); got != "0" {
			t.Fatalf("autocommit is %s", got)
		}
		s.Exec(t, "SET SESSION lock_wait_timeout = 2", "ALTER TABLE guardrail.environment COMMENT = 'not locked by a session'")
	}
	mysqltest.Each(t, check, mysqltest.Args("--autocommit=0"))
}
