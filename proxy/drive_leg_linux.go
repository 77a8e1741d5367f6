package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// leg is one of a session's two connections, plain or with TLS.
type leg struct {
	of      *polled
	fd      int
	tls     *tls.Conn // nil on a plain leg
	records *records  // beneath tls
	pending []byte    // written as soon as the peer takes it
	armed   uint32    // events that epoll watches; 0 when it does not
}

// takeLeg makes a leg of a connection, by a descriptor of its own. It reports
// false for a connection that is not the kernel's, with TLS or without.
func takeLeg(p *polled, conn net.Conn) (leg, bool) {
	g := leg{of: p}
	raw := conn
	if secured, ok := conn.(*tls.Conn); ok {
		beneath, ok := secured.NetConn().(*replaceable)
		if !ok {
			return leg{}, false
		}
		g.tls, raw = secured, beneath.Conn
	}
	var err error
	g.fd, err = takeFD(raw)
	return g, err == nil
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

// detach closes the connection that the leg was made of, and puts the loop's
// records in its place beneath TLS.
func (g *leg) detach(conn net.Conn) {
	if g.tls == nil {
		_ = conn.Close()
		return
	}
	beneath := g.tls.NetConn().(*replaceable)
	_ = beneath.Conn.Close()
	g.records = &records{loop: g.of.loop}
	beneath.Conn = g.records
}

// open takes records off the bytes that came from a leg with TLS, and feeds the
// session with what is in them.
func (p *polled) open(g *leg, b []byte) {
	g.records.arrived = b
	defer func() { g.records.arrived = nil }()
	for !p.closed && !p.closing {
		n, err := fill(g.tls, p.loop.opened)
		p.sendRecords(g) // TLS may have something to say of its own
		if n > 0 {
			p.feed(g, p.loop.opened[:n])
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			p.gone(g)
		}
	}
}

// fill reads until b is full or there is nothing more. One read of TLS is one record.
func fill(from *tls.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = from.Read(b[n:])
		n += more
	}
	return n, err
}

// send sends what the session gives to a leg.
func (p *polled) send(g *leg, b []byte) {
	if p.closed {
		return
	}
	if g.tls == nil {
		p.write(g, b)
		return
	}
	if _, err := g.tls.Write(b); err != nil {
		p.gone(g)
		return
	}
	p.sendRecords(g)
}

// sendRecords sends what TLS has made for a leg.
func (p *polled) sendRecords(g *leg) {
	if b := g.records.made; len(b) > 0 {
		p.write(g, b)
		g.records.giveBack()
	}
}

// takeLeave tells a peer behind TLS that the connection ends here, and was not
// cut off, as far as it takes that at once.
func (p *polled) takeLeave(g *leg) {
	if g.records == nil || len(g.pending) > 0 {
		return
	}
	if g.tls.CloseWrite() == nil {
		_, _ = writeFD(g.fd, g.records.made)
	}
	g.records.giveBack()
}

// write sends what the peer takes and keeps the rest.
func (p *polled) write(g *leg, b []byte) {
	if len(g.pending) == 0 {
		n, ok := p.writeOnce(g, b)
		if !ok {
			return
		}
		b = b[n:]
	}
	g.pending = append(g.pending, b...)
}

func (p *polled) flush(g *leg) {
	n, ok := p.writeOnce(g, g.pending)
	if !ok {
		return
	}
	if n == len(g.pending) {
		g.pending = nil
		return
	}
	g.pending = append(g.pending[:0], g.pending[n:]...)
}

// writeOnce reports false when the peer is gone.
func (p *polled) writeOnce(g *leg, b []byte) (n int, ok bool) {
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

// records is what crypto/tls reads from and writes to on a leg: the loop's
// bytes. Where there are none it says what it would say at a deadline, after
// which it may be read again.
type records struct {
	net.Conn // nil: crypto/tls asks for nothing but what stands below
	loop     *loop
	arrived  []byte // not yet read
	made     []byte // not yet sent; the loop's buffer, borrowed
}

func (r *records) Read(b []byte) (int, error) {
	if len(r.arrived) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, r.arrived)
	r.arrived = r.arrived[n:]
	return n, nil
}

func (r *records) Write(b []byte) (int, error) {
	if r.made == nil {
		r.made, r.loop.sealed = r.loop.sealed, nil
	}
	r.made = append(r.made, b...)
	return len(b), nil
}

// SetWriteDeadline is asked for before a connection is taken leave of.
func (r *records) SetWriteDeadline(time.Time) error { return nil }

// maxSealed bounds the buffer that a loop keeps for records, in bytes.
const maxSealed = 1 << 20

// giveBack returns the borrowed buffer, after what it holds was sent.
func (r *records) giveBack() {
	if cap(r.made) <= maxSealed {
		r.loop.sealed = r.made[:0]
	}
	r.made = nil
}
