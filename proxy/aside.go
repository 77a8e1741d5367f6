package proxy

import "sync"

// asides do what would hold up an event loop, in the order in which it came and
// as much of it at a time as there are loops.
type asides struct {
	most int

	mu      sync.Mutex
	waiting []func()
	working int
	stopped bool
	running sync.WaitGroup
}

// do has work done by another goroutine. Once stopped, it drops it.
func (a *asides) do(work func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return
	}
	a.waiting = append(a.waiting, work)
	if a.working < a.most {
		a.working++
		a.running.Go(a.work)
	}
}

// work works until nothing waits.
func (a *asides) work() {
	for next := a.next(); next != nil; next = a.next() {
		next()
	}
}

func (a *asides) next() func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		a.working--
		return nil
	}
	next := a.waiting[0]
	a.waiting[0] = nil // what it holds on to is large
	a.waiting = a.waiting[1:]
	return next
}

// stop drops what waits, and waits for what is being done.
func (a *asides) stop() {
	a.mu.Lock()
	a.stopped, a.waiting = true, nil
	a.mu.Unlock()
	a.running.Wait()
}
