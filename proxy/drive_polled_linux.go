package proxy

import (
	"fmt"
	"net"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// polled is one session with a loop.
type polled struct {
	loop    *loop
	session *session
	client  leg
	server  leg
	ended   func(error)
	closed  bool
	closing bool // a peer is gone, or the session has ended; close when the client has all
	err     error
}

// adopt takes a session over, with its two connections. It reports false, and
// leaves both as they are, where that cannot be done.
func (l *loop) adopt(s *session, client, server net.Conn, ended func(error)) bool {
	p := &polled{loop: l, session: s, ended: ended}
	var ok bool
	if p.client, ok = takeLeg(p, client); !ok {
		return false
	}
	if p.server, ok = takeLeg(p, server); !ok {
		_ = unix.Close(p.client.fd)
		return false
	}
	s.wires = p
	adopted := l.post(func() {
		l.adopted = append(l.adopted, p)
		// The originals leave Go's own poller, which would wake up for every packet.
		p.client.detach(client)
		p.server.detach(server)
	})
	if !adopted {
		_ = unix.Close(p.client.fd)
		_ = unix.Close(p.server.fd)
	}
	return adopted
}

// begin is called by the loop when it starts to look after the session. TLS may
// hold bytes already that the login has not read.
func (p *polled) begin() {
	for _, g := range []*leg{&p.client, &p.server} {
		p.loop.register(g)
		if g.tls != nil {
			p.open(g, nil)
		}
	}
	p.settle()
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
	return func() { p.loop.post(func() { p.loop.resumed = append(p.loop.resumed, p) }) }
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
	n, errno := readFD(g.fd, p.loop.read)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
	case errno != 0 || n == 0:
		p.gone(g)
	case g.tls != nil:
		p.open(g, p.loop.read[:n])
	default:
		p.feed(g, p.loop.read[:n])
	}
}

// feed gives the session what came from a leg. When it ends, the client still
// gets what it was told last.
func (p *polled) feed(g *leg, b []byte) {
	if g == &p.client {
		p.fed(p.session.fromClient(b))
	} else {
		p.fed(p.session.fromServer(b))
	}
}

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
func (p *polled) toClient(b []byte) { p.send(&p.client, b) }

// toServer is called by the session while it is fed.
func (p *polled) toServer(b []byte) { p.send(&p.server, b) }

// command is called by the session while it is fed.
func (p *polled) command(b []byte) { p.send(&p.server, b) }

// close ends the session and both of its connections.
func (p *polled) close(err error) {
	if p.closed {
		return
	}
	for _, g := range []*leg{&p.client, &p.server} {
		p.takeLeave(g)
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
