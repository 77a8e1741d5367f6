package proxy

import (
	"fmt"
	"sync"
	"unsafe"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"guardrail/proxy/poll"
)

// loop drives sessions: one level-triggered epoll instance and the goroutine
// that waits for it. Each readable connection is read once, the session is fed,
// and what it sends is written at once. A goroutine for a session would cost two
// thread switches a statement.
//
// All fields but those under the lock belong to the loop's goroutine.
type loop struct {
	log   *zap.Logger
	epoll int
	wake  int    // eventfd: there is something under the lock
	legs  []*leg // by file descriptor
	done  chan struct{}

	// What one event needs, lent to its session.
	read   []byte // from a connection
	opened []byte // out of TLS records
	sealed []byte // for TLS records; a leg borrows it while it writes

	mu       sync.Mutex
	adopted  []*polled // not yet looked after
	resumed  []*polled // what they waited for is there
	evicted  []eviction
	stopping bool
}

// readSize is how much one read takes, in bytes.
const readSize = 128 << 10

// eviction ends the sessions of one Server.
type eviction struct {
	server *Server
	done   chan struct{}
}

func startLoop(log *zap.Logger) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wake)}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &event); err != nil {
		_ = unix.Close(epoll)
		_ = unix.Close(wake)
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	l := &loop{
		log: log, epoll: epoll, wake: wake, done: make(chan struct{}),
		read: make([]byte, readSize), opened: make([]byte, readSize),
	}
	go l.run()
	return l, nil
}

// post changes what stands under the lock and makes the loop look. It reports
// false, and does nothing, when the loop is stopping: its descriptors may be
// another's by then.
func (l *loop) post(change func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping {
		return false
	}
	change()
	one := [8]byte{1}
	_, _ = unix.Write(l.wake, one[:])
	return true
}

// stop ends all sessions and waits for the loop's goroutine.
func (l *loop) stop() {
	l.post(func() { l.stopping = true })
	<-l.done
}

// evict ends all sessions of a Server and waits until they are.
func (l *loop) evict(s *Server) {
	e := eviction{server: s, done: make(chan struct{})}
	if !l.post(func() { l.evicted = append(l.evicted, e) }) {
		<-l.done
		return
	}
	select {
	case <-e.done:
	case <-l.done: // epoll failed, and all sessions have ended
	}
}

func (l *loop) run() {
	defer close(l.done)
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := poll.Wait(l.epoll, events, -1)
		if err != nil {
			l.log.Error("epoll_wait failed; all sessions of this loop are closed", zap.Error(err))
			l.close()
			return
		}
		for _, e := range events[:n] {
			if int(e.Fd) == l.wake {
				if !l.takePosted() {
					l.close()
					return
				}
				continue
			}
			if leg := l.leg(int(e.Fd)); leg != nil {
				leg.of.guarded(func() { leg.of.event(leg, e.Events) })
			}
		}
	}
}

func (l *loop) leg(fd int) *leg {
	if fd < len(l.legs) {
		return l.legs[fd]
	}
	return nil
}

// takePosted does what others want of the loop. It reports false when that is to stop.
func (l *loop) takePosted() bool {
	var counter [8]byte
	_, _ = unix.Read(l.wake, counter[:])
	l.mu.Lock()
	adopted, resumed, evicted, stopping := l.adopted, l.resumed, l.evicted, l.stopping
	l.adopted, l.resumed, l.evicted = nil, nil, nil
	l.mu.Unlock()
	for _, p := range adopted {
		p.guarded(p.begin)
	}
	for _, p := range resumed {
		p.guarded(p.resume)
	}
	for _, e := range evicted {
		l.end(func(s *session) bool { return s.server == e.server })
		close(e.done)
	}
	return !stopping
}

func (l *loop) register(g *leg) {
	for g.fd >= len(l.legs) {
		l.legs = append(l.legs, make([]*leg, g.fd+64-len(l.legs))...)
	}
	l.legs[g.fd] = g
}

// end closes the sessions that which is true for.
func (l *loop) end(which func(*session) bool) {
	for _, g := range l.legs {
		if g != nil && which(g.of.session) {
			g.of.close(nil)
		}
	}
}

func (l *loop) close() {
	l.mu.Lock()
	l.stopping = true
	adopted, evicted := l.adopted, l.evicted
	l.adopted, l.evicted = nil, nil
	l.mu.Unlock()
	for _, p := range adopted {
		p.close(nil)
	}
	l.end(func(*session) bool { return true })
	for _, e := range evicted {
		close(e.done)
	}
	_ = unix.Close(l.epoll)
	_ = unix.Close(l.wake)
}

// readFD and writeFD do not tell Go's scheduler of the call: the
// descriptors do not block.
func readFD(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

func writeFD(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}
