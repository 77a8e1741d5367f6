package audit

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"guardrail/proxy/poll"
)

// bell wakes the writer. Most who ring it are the loops, which never leave their
// threads: a goroutine that was woken by Go's means would first have to be stolen
// from the loop's processor by another thread, for which that sleeps a while.
type bell struct {
	epoll, event int
	rung         atomic.Bool // and not yet heard
	busy         bool        // the last wait ended by ringing; the writer's
}

func newBell() (*bell, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("eventfd: %w", err), unix.Close(epoll))
	}
	b := &bell{epoll: epoll, event: event}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
		return nil, errors.Join(fmt.Errorf("epoll_ctl: %w", err), b.close())
	}
	return b, nil
}

// ring ends the wait of now, or the next.
func (b *bell) ring() {
	if !b.rung.Swap(true) {
		_, _ = unix.Write(b.event, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only where it has rung 2^64 times
	}
}

// wait waits until the bell rings, at most for limit.
func (b *bell) wait(limit time.Duration) {
	wait := poll.WaitNoticed
	if b.busy {
		wait = poll.Wait
	}
	var events [1]unix.EpollEvent
	n, err := wait(b.epoll, events[:], limit)
	if err != nil {
		time.Sleep(limit) // never: the descriptors are the bell's own
	}
	b.busy = n > 0
	if b.busy {
		var counter [8]byte
		_, _ = unix.Read(b.event, counter[:])
		b.rung.Store(false)
	}
}

func (b *bell) close() error { return errors.Join(unix.Close(b.epoll), unix.Close(b.event)) }
