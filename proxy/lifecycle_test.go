package proxy_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		select {
		case <-tick.C:
			if holds() {
				tick.Stop()
				return
			}
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open files are counted on Linux: %v", err)
	}
	return len(entries)
}

func TestAThousandConnectionsLeaveNothingBehind(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		for name, leg := range map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS} {
			t.Run(name, func(t *testing.T) {
				g := start(t, s.Addr(), everything)
				pool := g.open(t, "app", "", leg)
				pool.SetMaxIdleConns(-1) // each statement a connection of its own
				one(t, pool).Close()
				eventually(t, "the first session ends", func() bool { return sessions(t, g) == 0 })
				goroutines, files := runtime.NumGoroutine(), openFiles(t)
				var clients sync.WaitGroup
				for range 10 {
					clients.Go(func() {
						for range 100 {
							if _, err := pool.ExecContext(t.Context(), "DO 1"); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				clients.Wait()
				eventually(t, "all sessions end", func() bool { return sessions(t, g) == 0 })
				eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
				eventually(t, "files are closed", func() bool { return openFiles(t) <= files+2 })
			})
		}
	})
}

func sessions(t *testing.T, g *guard) int {
	t.Helper()
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "guardrail_sessions" {
			return int(f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	t.Fatal("no metric guardrail_sessions")
	return 0
}

func TestABackendKilledUnderLoad(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		pool := g.open(t, "app", "")
		var failed, worked atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for ctx.Err() == nil {
					if _, err := pool.ExecContext(t.Context(), "DO 1"); err != nil {
						failed.Add(1)
					} else {
						worked.Add(1)
					}
				}
			})
		}
		eventually(t, "the load runs", func() bool { return worked.Load() > 100 })
		s.Kill(t)
		eventually(t, "clients get an error", func() bool { return failed.Load() > 0 })
		cancel()
		clients.Wait()
		s.Restart(t)
		eventually(t, "new connections work", func() bool { return pool.PingContext(t.Context()) == nil })
		if got := value[int](t, one(t, pool), "SELECT 1"); got != 1 {
			t.Errorf("got %d", got)
		}
	}, mysqltest.Own())
}

func TestAClientThatLeavesTakesItsServerConnectionAlong(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		c := login(t, g.addr, "app")
		c.send(t, 0, append([]byte{3}, "SELECT SLEEP(30)"...)...)
		connections := func() (n int) {
			if err := s.Admin().QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		eventually(t, "the statement runs", func() bool { return connections() == 1 })
		c.conn.Close()
		eventually(t, "the session ends", func() bool { return sessions(t, g) == 0 })
	})
}

func TestAServerThatHangsUpIsSeenAtOnce(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		for name, leg := range map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS} {
			t.Run(name, func(t *testing.T) {
				g := start(t, s.Addr(), everything)
				conn := one(t, g.open(t, "app", "", leg))
				id := value[int](t, conn, "SELECT CONNECTION_ID()")
				if _, err := s.Admin().Exec(fmt.Sprintf("KILL %d", id)); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the session ends", func() bool { return sessions(t, g) == 0 })
				if _, err := conn.ExecContext(t.Context(), "DO 1"); err == nil {
					t.Error("a statement on a killed connection worked")
				}
			})
		}
	})
}

func TestASlowReaderGetsEveryByte(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	g := start(t, s.Addr(), everything)
	c := login(t, g.addr, "app")
	const rows, width = 64, 1_000_000
	text := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 64) SELECT REPEAT('x', 1000000) FROM n"
	c.send(t, 0, append([]byte{3}, text...)...)
	seen := 0
	for range rows + 4 { // count, definition, EOF, rows, EOF
		if len(c.read(t)) >= width {
			seen++
		}
	}
	if seen != rows {
		t.Errorf("%d rows of %d", seen, rows)
	}
}

func TestStopEndsEverySession(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		var conns []*sql.Conn
		for _, leg := range []func(*mysql.Config){func(*mysql.Config) {}, withTLS} {
			conns = append(conns, one(t, g.open(t, "app", "", leg)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := g.server.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range conns {
			if _, err := c.ExecContext(t.Context(), "DO 1"); err == nil {
				t.Error("a session goes on after Stop")
			}
		}
		if n := testutil.CollectAndCount(g.registry, "guardrail_sessions"); n != 1 || sessions(t, g) != 0 {
			t.Errorf("%d sessions are counted", sessions(t, g))
		}
	})
}

func TestAServerThatStopsLeavesTheSessionsOfOthersOnItsLoops(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		loops, err := proxy.StartLoops(1, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(loops.Stop)
		shared := func(o *proxy.Options) { o.Loops = loops }
		staying, stopping := start(t, s.Addr(), everything, shared), start(t, s.Addr(), everything, shared)
		stays, ends := one(t, staying.open(t, "app", "")), one(t, stopping.open(t, "app", ""))
		if err := stopping.server.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := ends.ExecContext(t.Context(), "DO 1"); err == nil {
			t.Error("a session goes on after its server has stopped")
		}
		if _, err := stays.ExecContext(t.Context(), "DO 1"); err != nil {
			t.Errorf("a session of another server: %v", err)
		}
	})
}
