package proxy

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// pollBuffer is how much one read takes, in bytes.
const pollBuffer = 128 << 10

// loop drives the sessions whose both connections are plain: one
// level-triggered epoll instance on a thread of its own. Each readable
// connection is read once, the session is fed, and what it sends is written at
// once. A goroutine for a session would cost two thread switches a statement.
//
// All fields but the inbox belong to the loop's goroutine.
type loop struct {
	log    *zap.Logger
	epoll  int
	wake   int // eventfd: the inbox has something
	buffer []byte
	legs   []*leg // by file descriptor
	done   chan struct{}

	mu       sync.Mutex
	inbox    []*polled // adopted, not yet looked after
	resumed  []*polled // what they waited for is there
	stopping bool
}

// polled is one session with a loop.
type polled struct {
	loop    *loop
	session *session
	client  leg
	server  leg
	ended   func(error)
	closed  bool
	closing bool // the server is gone; close when the client has all
	err     error
}

// leg is one of a session's two connections.
type leg struct {
	of      *polled
	fd      int
	pending []byte // written as soon as the peer takes it
	armed   uint32 // events that epoll watches; 0 when it does not
}

func startLoops(n int, log *zap.Logger) ([]*loop, error) {
	var loops []*loop
	for range n {
		l, err := newLoop(log)
		if err != nil {
			for _, started := range loops {
				started.stop()
			}
			return nil, err
		}
		loops = append(loops, l)
		go l.run()
	}
	return loops, nil
}

func newLoop(log *zap.Logger) (*loop, error) {
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
	return &loop{log: log, epoll: epoll, wake: wake, buffer: make([]byte, pollBuffer), done: make(chan struct{})}, nil
}

// adopt takes a session over, with its two connections. It reports false, and
// leaves both as they are, where that cannot be done.
func (l *loop) adopt(s *session, client, server net.Conn, ended func(error)) bool {
	clientFD, err := takeFD(client)
	if err != nil {
		return false
	}
	serverFD, err := takeFD(server)
	if err != nil {
		_ = unix.Close(clientFD)
		return false
	}
	p := &polled{loop: l, session: s, ended: ended}
	p.client = leg{of: p, fd: clientFD}
	p.server = leg{of: p, fd: serverFD}
	s.wires = p
	l.mu.Lock()
	if l.stopping {
		l.mu.Unlock()
		_ = unix.Close(clientFD)
		_ = unix.Close(serverFD)
		return false
	}
	l.inbox = append(l.inbox, p)
	// The originals leave Go's own poller, which would wake up for every packet.
	_ = client.Close()
	_ = server.Close()
	l.rouse()
	l.mu.Unlock()
	return true
}

// takeFD duplicates the descriptor of a connection. The duplicate keeps the
// socket, and its non-blocking mode, when the original is closed.
func takeFD(c net.Conn) (int, error) {
	file, ok := c.(syscall.Conn)
	if !ok {
		return 0, errors.New("not a connection of the kernel's")
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	taken, dupErr := 0, error(nil)
	err = raw.Control(func(fd uintptr) { taken, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
	return taken, errors.Join(err, dupErr)
}

// rouse makes the loop look into its inbox. It is called under the lock, and
// not while the loop is stopping: its descriptor may be another's by then.
func (l *loop) rouse() {
	one := [8]byte{1}
	_, _ = unix.Write(l.wake, one[:])
}

// stop ends all sessions and waits for the loop's goroutine.
func (l *loop) stop() {
	l.mu.Lock()
	if !l.stopping {
		l.stopping = true
		l.rouse()
	}
	l.mu.Unlock()
	<-l.done
}

func (l *loop) run() {
	runtime.LockOSThread()
	defer close(l.done)
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := unix.EpollWait(l.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			l.log.Error("epoll_wait failed; all sessions of this loop are closed", zap.Error(err))
			l.close()
			return
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == l.wake {
				if !l.takeInbox() {
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

// takeInbox starts the sessions that were adopted. It reports false when the
// loop is to stop.
func (l *loop) takeInbox() bool {
	var counter [8]byte
	_, _ = unix.Read(l.wake, counter[:])
	l.mu.Lock()
	adopted, resumed, stopping := l.inbox, l.resumed, l.stopping
	l.inbox, l.resumed = nil, nil
	l.mu.Unlock()
	for _, p := range adopted {
		l.register(&p.client)
		l.register(&p.server)
		p.rearm()
	}
	for _, p := range resumed {
		p.guarded(p.resume)
	}
	return !stopping
}

func (l *loop) register(g *leg) {
	for g.fd >= len(l.legs) {
		l.legs = append(l.legs, make([]*leg, g.fd+64-len(l.legs))...)
	}
	l.legs[g.fd] = g
}

func (l *loop) close() {
	l.mu.Lock()
	l.stopping = true
	adopted := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, p := range adopted {
		p.close(nil)
	}
	for _, g := range l.legs {
		if g != nil {
			g.of.close(nil)
		}
	}
	_ = unix.Close(l.epoll)
	_ = unix.Close(l.wake)
}

// guarded handles what has come for a session; a panic costs its session and nothing else.
func (p *polled) guarded(handle func()) {
	defer func() {
		if r := recover(); r != nil {
			p.loop.log.Error("panic in a session; the session is closed", zap.Any("panic", r), zap.Stack("stack"))
			p.close(fmt.Errorf("panic: %v", r))
		}
	}()
	handle()
}

// later is called by the session while it is fed.
func (p *polled) later() func() {
	return func() {
		p.loop.mu.Lock()
		defer p.loop.mu.Unlock()
		if !p.loop.stopping { // its descriptors may be closed, and others' by now
			p.loop.resumed = append(p.loop.resumed, p)
			p.loop.rouse()
		}
	}
}

// resume feeds the session that what it waits for is there.
func (p *polled) resume() {
	if p.closed || p.closing {
		return
	}
	p.fed(p.session.resume())
	p.settle()
}

func (p *polled) event(g *leg, events uint32) {
	if len(g.pending) > 0 && events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		p.flush(g)
	}
	if !p.closed && g.armed&unix.EPOLLIN != 0 && events&^uint32(unix.EPOLLOUT) != 0 {
		p.read(g)
	}
	p.settle()
}

// settle closes a session that has ended, or watches for what it can use now.
func (p *polled) settle() {
	switch {
	case p.closed:
	case p.closing && len(p.client.pending) == 0:
		p.close(p.err)
	default:
		p.rearm()
	}
}

// read reads once from a leg and feeds the session.
func (p *polled) read(g *leg) {
	n, errno := readFD(g.fd, p.loop.buffer)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
	case errno != 0 || n == 0:
		p.gone(g)
	case g == &p.client:
		p.fed(p.session.fromClient(p.loop.buffer[:n]))
	default:
		p.fed(p.session.fromServer(p.loop.buffer[:n]))
	}
}

// fed takes the session's word after it was fed. When it ends, the client
// still gets what it was told last.
func (p *polled) fed(err error) {
	if err != nil {
		p.err, p.closing = err, true
	}
}

// gone ends the session because a peer has closed. When it is the server, the
// client still gets all that was on the way to it.
func (p *polled) gone(g *leg) {
	p.closing = true
	if g == &p.client {
		p.client.pending = nil
	}
}

// rearm makes epoll watch for what the session can use now: bytes from a leg
// whose other leg takes what it is given, and room where bytes are pending.
func (p *polled) rearm() {
	client, server := uint32(0), uint32(0)
	if !p.closing {
		if len(p.server.pending) == 0 && p.session.wantsClient() {
			client |= unix.EPOLLIN
		}
		if len(p.client.pending) == 0 {
			server |= unix.EPOLLIN
		}
	}
	if len(p.client.pending) > 0 {
		client |= unix.EPOLLOUT
	}
	if len(p.server.pending) > 0 && !p.closing {
		server |= unix.EPOLLOUT
	}
	p.arm(&p.client, client)
	p.arm(&p.server, server)
}

// arm changes what epoll watches for on a leg. A leg that nothing is wanted of
// is taken out, because epoll reports a hang-up whether it is wanted or not.
func (p *polled) arm(g *leg, events uint32) {
	if g.armed == events {
		return
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case g.armed == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL
	}
	g.armed = events
	event := unix.EpollEvent{Events: events, Fd: int32(g.fd)}
	if err := unix.EpollCtl(p.loop.epoll, op, g.fd, &event); err != nil {
		p.close(fmt.Errorf("epoll_ctl: %w", err))
	}
}

// toClient is called by the session while it is fed.
func (p *polled) toClient(b []byte) { p.write(&p.client, b) }

// toServer is called by the session while it is fed.
func (p *polled) toServer(b []byte) { p.write(&p.server, b) }

// command is called by the session while it is fed.
func (p *polled) command(b []byte) { p.write(&p.server, b) }

// write sends what the peer takes and keeps the rest.
func (p *polled) write(g *leg, b []byte) {
	if p.closed {
		return
	}
	if len(g.pending) == 0 {
		n, ok := p.send(g, b)
		if !ok {
			return
		}
		b = b[n:]
	}
	g.pending = append(g.pending, b...)
}

func (p *polled) flush(g *leg) {
	n, ok := p.send(g, g.pending)
	if !ok {
		return
	}
	if n == len(g.pending) {
		g.pending = nil
		return
	}
	g.pending = append(g.pending[:0], g.pending[n:]...)
}

// send writes once. It reports false when the peer is gone.
func (p *polled) send(g *leg, b []byte) (n int, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	n, errno := writeFD(g.fd, b)
	switch errno {
	case 0:
		return n, true
	case unix.EAGAIN, unix.EINTR:
		return 0, true
	}
	p.gone(g)
	return 0, false
}

// close ends the session and both of its connections.
func (p *polled) close(err error) {
	if p.closed {
		return
	}
	p.closed = true
	for _, g := range []*leg{&p.client, &p.server} {
		if g.fd < len(p.loop.legs) {
			p.loop.legs[g.fd] = nil
		}
		_ = unix.Close(g.fd) // takes it out of epoll too
		g.pending = nil
	}
	p.ended(err)
}

// readFD and writeFD do not tell the scheduler of the call: the descriptors
// are non-blocking, so that it returns at once.
func readFD(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

func writeFD(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}
