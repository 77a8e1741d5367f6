package audit

import (
	"fmt"
	"sync"
	"time"
)

// patience ends after CommitTimeout of one attempt to write. A timer for each
// attempt would do too, but a timer that is set wakes a thread of Go's, and
// attempts are as frequent as destructive statements.
type patience struct {
	mu    sync.Mutex
	since time.Time // of the attempt; zero between attempts
	ended bool
}

// begin starts an attempt.
func (p *patience) begin(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since, p.ended = at, false
}

// end ends the attempt, and reports whether it took too long and those who waited
// for it were told.
func (p *patience) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
	return p.ended
}

// look tells those who wait, by fail, when the attempt takes longer than limit.
func (p *patience) look(limit time.Duration, fail func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() || p.ended || time.Since(p.since) < limit {
		return
	}
	p.ended = true
	fail()
}

// watchOver looks at the writer's patience until it is stopped, often enough that
// nobody waits for more than a tenth longer.
func (b *Book) watchOver() (stop func()) {
	tick := time.NewTicker(max(b.o.CommitTimeout/10, time.Millisecond))
	ended, done := make(chan struct{}), make(chan struct{})
	go func() { // ended by stop
		defer close(done)
		for {
			select {
			case <-tick.C:
				b.patience.look(b.o.CommitTimeout, func() {
					b.metrics.failures.Inc()
					b.fail(b.tookTooLong())
				})
			case <-ended:
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(ended)
		<-done
	}
}

func (b *Book) tookTooLong() error {
	return fmt.Errorf("the store took more than %v", b.o.CommitTimeout)
}
