package proxy

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// A greeting carries the thread id that drivers cancel queries with, so the
// backend's connection must be there before the client is greeted, and a client
// that may not come in must not cause one. One connection is therefore kept
// ready: it has been greeted by the backend and nothing was said on it yet. A
// client that is refused hands it back.

// spareAge is how long a connection may wait for its login. Servers give ten
// seconds (connect_timeout).
const spareAge = 5 * time.Second

// knownAddresses bounds the addresses that are remembered.
const knownAddresses = 10_000

// spare keeps the connection that is ready. The zero value is.
type spare struct {
	mu     sync.Mutex
	up     *upstream
	expiry *time.Timer
	closed bool
	known  map[netip.Addr]bool // addresses that have logged in
}

// take returns the connection that is ready, or nil.
func (s *spare) take() *upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	up := s.up
	if up != nil {
		s.expiry.Stop()
		s.up = nil
	}
	return up
}

// put makes up the connection that is ready, or closes it where there is one or
// it has waited for too long.
func (s *spare) put(up *upstream) {
	left := spareAge - time.Since(up.since)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.up != nil || left <= 0 {
		_ = up.conn.Close()
		return
	}
	s.up = up
	s.expiry = time.AfterFunc(left, func() { s.expire(up) })
}

func (s *spare) expire(up *upstream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up == up {
		s.up = nil
		_ = up.conn.Close()
	}
}

func (s *spare) has() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.up != nil || s.closed
}

// close closes the connection that is ready, and every later one.
func (s *spare) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if up := s.take(); up != nil {
		_ = up.conn.Close()
	}
}

// knows reports whether an address has logged in before. For a stranger, which
// may be a port scan, nothing is dialled before it has said who it is.
func (s *spare) knows(from netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[from]
}

// remember takes note of an address that has logged in.
func (s *spare) remember(from netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= knownAddresses {
		s.known = make(map[netip.Addr]bool)
	}
	s.known[from] = true
}

// keepsReady reports whether a connection can be kept for the next client,
// whoever that is.
func (b *backend) keepsReady() bool { return b.options.ProxyProtocol == 0 }

// keep makes up the connection that is ready, where there can be one.
func (b *backend) keep(up *upstream) {
	if b.keepsReady() {
		b.spare.put(up)
		return
	}
	_ = up.conn.Close()
}

// ready returns a connection that the backend has greeted.
func (b *backend) ready(ctx context.Context) (*upstream, error) {
	if up := b.spare.take(); up != nil {
		return up, nil
	}
	return b.dial(ctx, netip.AddrPort{})
}

// readyFor is ready for a client that has said who it is.
func (b *backend) readyFor(ctx context.Context, client netip.AddrPort) (*upstream, error) {
	if b.keepsReady() {
		return b.ready(ctx)
	}
	return b.dial(ctx, client)
}

// refill dials the next connection to keep ready, while the login that took the
// last one goes on. It returns when that is done.
func (b *backend) refill(ctx context.Context) {
	if !b.keepsReady() || b.spare.has() {
		return
	}
	if up, err := b.dial(ctx, netip.AddrPort{}); err == nil {
		b.spare.put(up)
	}
}
