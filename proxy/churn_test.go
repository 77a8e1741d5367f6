package proxy_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

// crowd is how many clients are there at a time: GUARDRAIL_CLIENTS, or what suits CI.
func crowd() int {
	if n, err := strconv.Atoi(os.Getenv("GUARDRAIL_CLIENTS")); err == nil {
		return n
	}
	return 200
}

// All clients are connected at once, work, and leave in one way or another; then again.
func TestACrowdThatComesAndGoesLeavesNothingBehind(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy, func(o *proxy.Options) { o.LoginTimeout = 5 * time.Minute })
		plain, encrypted := g.open(t, "app", "shop"), g.open(t, "app", "shop", withTLS)
		for _, pool := range []*sql.DB{plain, encrypted} {
			pool.SetMaxIdleConns(-1)
			one(t, pool).Close()
		}
		eventually(t, "the first sessions end", func() bool { return sessions(t, g) == 0 })
		goroutines, files := runtime.NumGoroutine(), openFiles(t)
		began := time.Now()
		for round := range 3 {
			all := crowd()
			var here, clients sync.WaitGroup
			here.Add(all)
			begin := make(chan struct{})
			for i := range all {
				pool := plain
				if i%4 == 3 {
					pool = encrypted
				}
				clients.Go(func() { visitor{t, i + round, pool}.visit(&here, begin) })
			}
			here.Wait()
			eventually(t, "all clients have a session", func() bool { return sessions(t, g) == all })
			close(begin)
			clients.Wait()
			eventually(t, "all sessions end", func() bool { return sessions(t, g) == 0 })
		}
		t.Logf("3 times %d clients in %v", crowd(), time.Since(began))
		eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines+2 })
		eventually(t, "files are closed", func() bool { return openFiles(t) <= files+2 })
		eventually(t, "the server's connections end", func() bool {
			var n int
			if err := s.Admin().QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n == 0
		})
	}, mysqltest.Args("--max-connections=10000", "--connect-timeout=300", "--open-files-limit=20000", "--table-open-cache=400"))
}

// visitor is one client of a crowd.
type visitor struct {
	t      *testing.T
	number int
	pool   *sql.DB
}

// visit connects, waits until all are here, works a little and leaves.
func (v visitor) visit(here *sync.WaitGroup, begin <-chan struct{}) {
	conn, err := v.pool.Conn(v.t.Context())
	here.Done()
	if err != nil {
		v.t.Errorf("client %d: %v", v.number, err)
		return
	}
	defer conn.Close()
	<-begin
	for i := range 5 {
		id := v.number*5 + i
		var note sql.NullString
		if err := conn.QueryRowContext(v.t.Context(), "SELECT MAX(note) FROM orders WHERE id = ?", id).Scan(&note); err != nil {
			v.t.Errorf("client %d: %v", v.number, err)
		}
		if _, err := conn.ExecContext(v.t.Context(), fmt.Sprintf("DELETE FROM orders WHERE id = %d", id)); codeOf(err) != 1142 {
			v.t.Errorf("client %d: DELETE: %v", v.number, err)
		}
	}
	if v.number%3 == 0 { // leaves in the middle of an answer
		ctx, cancel := context.WithCancel(v.t.Context())
		rows, err := conn.QueryContext(ctx, "SELECT REPEAT('x', 1000000) FROM orders a, orders b, orders c, orders d, orders e")
		if err != nil || !rows.Next() {
			v.t.Errorf("client %d: %v", v.number, err)
		}
		cancel()
	}
}
