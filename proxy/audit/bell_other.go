//go:build !linux

package audit

import "time"

// bell wakes the writer.
type bell struct{ rung chan struct{} }

func newBell() (*bell, error) { return &bell{make(chan struct{}, 1)}, nil }

// ring ends the wait of now, or the next.
func (b *bell) ring() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// wait waits until the bell rings, at most for limit.
func (b *bell) wait(limit time.Duration) {
	limited := time.NewTimer(limit)
	defer limited.Stop()
	select {
	case <-b.rung:
	case <-limited.C:
	}
}

func (*bell) close() error { return nil }
