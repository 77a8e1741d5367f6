package proxy_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// slow is a recorder that stores destructive statements when it is told to.
type slow struct {
	record
	mu       sync.Mutex
	waiting  []func(error)
	finished []audit.Event
}

func (r *slow) Submit(e *audit.Event, done func(error)) (wait bool, err error) {
	if err := r.record.Record(*e); err != nil {
		return false, err
	}
	if e.Decision != audit.AllowedDestructive {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, done)
	return true, nil
}

func (r *slow) Finished(e *audit.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = append(r.finished, *e)
}

func (r *slow) waits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}

// answer ends the wait of all.
func (r *slow) answer(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, done := range r.waiting {
		done(err)
	}
	r.waiting = nil
}

func (r *slow) ends() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]audit.Event(nil), r.finished...)
}

// startSlow runs a proxy whose recorder takes its time.
func startSlow(t *testing.T, s *mysqltest.Server) (*guard, *slow) {
	r := &slow{}
	return start(t, s.Addr(), shopPolicy, func(o *proxy.Options) { o.Recorder = r }), r
}

func TestADestructiveStatementWaitsForTheRecordAndNobodyElseDoes(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g, r := startSlow(t, s)
		pool := g.open(t, "app", "shop", leg)
		c, others := one(t, pool), pool
		const remove = "DELETE FROM sessions WHERE id = 1"
		run1 := func(err chan error) {
			_, e := c.ExecContext(t.Context(), remove)
			err <- e
		}
		for _, row := range []struct {
			name   string
			answer error
			code   int
			left   int
		}{
			{"not recorded", errors.New("disk full"), 1105, 2},
			{"recorded", nil, 0, 1},
		} {
			ended := make(chan error, 1)
			go run1(ended)
			eventually(t, "the statement waits", func() bool { return r.waits() == 1 })
			for range 8 { // on every loop
				if got := value[int](t, one(t, others), "SELECT COUNT(*) FROM sessions"); got != 2 {
					t.Errorf("%s: %d rows while the record is waited for", row.name, got)
				}
			}
			r.answer(row.answer)
			if got := codeOf(<-ended); got != row.code {
				t.Errorf("%s: error %d", row.name, got)
			}
			if got := value[int](t, c, "SELECT COUNT(*) FROM sessions"); got != row.left {
				t.Errorf("%s: %d rows are left", row.name, got)
			}
		}
		ends := r.ends()
		if len(ends) != 1 || ends[0].Rows != 1 || ends[0].Duration <= 0 || ends[0].Code != 0 || ends[0].ID != r.all()[1].ID {
			t.Errorf("finished: %+v", ends)
		}
	})
}

func TestAPreparedDeleteIsRecordedWhenItIsExecuted(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g, r := startSlow(t, s)
		c := one(t, g.open(t, "app", "shop", leg))
		st, err := c.PrepareContext(t.Context(), "DELETE FROM sessions WHERE id < ?")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.all()); n != 0 {
			t.Errorf("%d events when it was prepared", n)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := st.ExecContext(t.Context(), 3)
			ended <- err
		}()
		eventually(t, "the statement waits", func() bool { return r.waits() == 1 })
		r.answer(nil)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if ends := r.ends(); len(ends) != 1 || ends[0].Rows != 2 {
			t.Errorf("finished: %+v", ends)
		}
	})
}

func TestAClientMayLeaveWhileTheRecordIsWaitedFor(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g, r := startSlow(t, s)
		c := login(t, g.addr, "app")
		c.queue(0, append([]byte{3}, "DELETE FROM shop.sessions WHERE id = 1"...)...)
		c.queue(0, 0x0e)
		c.flush(t)
		eventually(t, "the statement waits", func() bool { return r.waits() == 1 })
		c.conn.Close()
		eventually(t, "the session ends", func() bool { return sessions(t, g) == 0 })
		r.answer(nil)
		other := login(t, g.addr, "app")
		if got := other.text(t, "SELECT COUNT(*) FROM shop.sessions"); got != "2" {
			t.Errorf("%s rows, though its client had left", got)
		}
	})
}

// full refuses at once what destroys, as a Book does while it cannot write.
type full struct{ record }

func (r *full) Submit(e *audit.Event, _ func(error)) (wait bool, err error) {
	if e.Decision == audit.AllowedDestructive || e.Decision == audit.AllowedUnread {
		return false, errors.New("full")
	}
	return false, r.record.Record(*e)
}

// Behind a statement that could not be recorded, a pipelined long text is looked at
// again before it was read, and is forwarded as an empty one.
func TestALongTextBehindARefusal(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy, func(o *proxy.Options) { o.Recorder = &full{} })
	c := login(t, g.addr, "app")
	long := "DROP TABLE IF EXISTS shop.orders"
	for i := range 10085 {
		long += fmt.Sprintf(", shop.n%05d", i)
	}
	query := func(text string) []byte {
		p, _ := wire.AppendPacket(nil, 0, append([]byte{3}, text...))
		return p
	}
	all := append(query("DELETE FROM shop.sessions WHERE id = 1"), query(long)...)
	write := func(b []byte) {
		if _, err := c.conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write(query("DO SLEEP(0.5)"))
	time.Sleep(100 * time.Millisecond)
	write(all[:10<<10])
	time.Sleep(100 * time.Millisecond)
	write(all[10<<10:])
	for range 3 {
		_ = c.conn.SetReadDeadline(time.Now().Add(time.Minute))
		t.Logf("%.120s", c.outcome(t, false))
	}
	var n int
	if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop.orders").Scan(&n); err != nil {
		t.Error(err)
	}
}
