package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/wire"
)

// Server accepts clients for one backend and guards their sessions.
type Server struct {
	options Options
	backend *backend
	life    context.Context // ends with Stop
	end     context.CancelFunc
	tags    *tagReader
	drift   *drift // nil where changes are not told
	rsaKey  func() rsaKey
	loops   *Loops
	caches  []*verdicts // one for each loop; at least one
	benches sync.Pool   // of *bench
	keys    *keyReader
	threads threads
	codecs  wire.Codecs

	mu        sync.Mutex
	stopped   bool
	listeners map[net.Listener]bool // being served
	closers   map[closer]bool       // logins under way and sessions outside the loops
	running   sync.WaitGroup        // accepted connections that are not with a loop
}

// closer is a connection that Stop must end.
type closer interface{ Close() error }

// New returns a Server that is ready to Serve. Stop ends what it starts.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	key, err := newRSAKey()
	if err != nil {
		return nil, fmt.Errorf("RSA key for caching_sha2_password: %w", err)
	}
	o.ClientTLS, o.Backend.TLS = inFullRecords(o.ClientTLS), inFullRecords(o.Backend.TLS)
	s := &Server{
		options:   o,
		backend:   &backend{options: o.Backend, dialer: net.Dialer{Timeout: o.LoginTimeout}},
		rsaKey:    func() rsaKey { return key },
		listeners: make(map[net.Listener]bool),
		closers:   make(map[closer]bool),
	}
	s.tags = newTagReader(&s.options, s.backend)
	s.life, s.end = context.WithCancel(context.Background())
	s.keys = newKeyReader(&s.options, s.backend, s.life)
	if s.loops = o.Loops; s.loops == nil {
		if s.loops, err = StartLoops(runtime.GOMAXPROCS(0), o.Log); err != nil {
			return nil, fmt.Errorf("event loops: %w", err)
		}
	}
	s.benches.New = func() any { return &bench{tokens: s.options.Reader.NewTokens()} }
	for range max(1, s.loops.number()) {
		cache := newVerdicts(o.Policies.Current())
		cache.toll = o.Traffic.toll(s)
		o.Metrics.Shapes(cache.stats)
		s.caches = append(s.caches, cache)
	}
	if o.Backend.Tag != TagNone && o.Sightings != nil {
		s.drift = newDrift()
		s.running.Go(s.followDrift)
	}
	if o.Backend.Tag != TagNone && s.tags.available() {
		s.running.Go(s.watchIdentity)
	}
	return s, nil
}

// errStopped is returned by Serve after Stop.
var errStopped = errors.New("server stopped")

// Serve accepts clients on listener until Stop, which makes it return nil.
func (s *Server) Serve(listener net.Listener) error {
	if !s.track(listener) {
		_ = listener.Close()
		return errStopped
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			s.mu.Lock()
			stopped := s.stopped
			s.mu.Unlock()
			if stopped {
				return nil
			}
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			return fmt.Errorf("accept: %w", err)
		}
		if !s.begin(conn) {
			_ = conn.Close()
			return nil
		}
		go s.handle(conn)
	}
}

func (s *Server) track(listener net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.listeners[listener] = true
	return true
}

func (s *Server) begin(c closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.closers[c] = true
	s.running.Add(1)
	return true
}

func (s *Server) finish(c closer) {
	s.mu.Lock()
	delete(s.closers, c)
	s.mu.Unlock()
	s.running.Done()
}

// handle takes one client from accept to the end of its session, or to the
// loop that goes on with it.
func (s *Server) handle(conn net.Conn) {
	defer s.finish(conn)
	defer func() {
		if p := recover(); p != nil {
			s.options.Log.Error("panic in a session; the session is closed", zap.Any("panic", p), zap.Stack("stack"))
			_ = conn.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(s.life, wholeLogin*s.options.LoginTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	_ = conn.SetWriteDeadline(deadline)
	s.expect(conn)
	address, err := s.clientAddress(conn)
	if err != nil {
		_ = conn.Close()
		s.options.Log.Info("connection refused", zap.Error(err))
		return
	}
	_, local := conn.(*net.UnixConn)
	l := &login{server: s, client: conn, raw: conn, from: address.Addr(), port: address.Port(), secure: local}
	session, err := l.run(ctx)
	if err != nil {
		s.loginFailed(l, err)
		return
	}
	cancel()
	s.options.Metrics.Login("ok")
	s.drive(session, l)
}

// expect bounds how long a client may take for its next message.
func (s *Server) expect(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(s.options.LoginTimeout))
}

// drive gives a logged-in session to an event loop, or, where a leg is
// compressed, to goroutines of its own.
func (s *Server) drive(session *session, l *login) {
	for _, c := range []net.Conn{l.raw, l.up.raw} {
		if err := clearDeadline(c); err != nil {
			s.options.Log.Debug("connection lost after login", zap.Error(err))
		}
	}
	s.options.Metrics.SessionOpened()
	place := s.loops.place(secured(l.client) || secured(l.up.conn))
	ended := func(err error) {
		session.leave()
		s.loops.leave(place)
		s.options.Metrics.SessionClosed()
		if err != nil && !errors.Is(err, errEnd) {
			s.options.Log.Info("session ended", zap.String("app", session.name), zap.String("account", session.user),
				zap.Stringer("client", session.from), zap.Error(err))
		}
	}
	session.verdicts = s.caches[place]
	if schema := session.state.schema; schema != "" {
		session.count(session.judgeUse(schema), false)
	}
	if s.loops.adopt(place, session, l.client, l.up.conn, ended) {
		return
	}
	ended(driveBlocking(session, l.client, l.up.conn))
}

// secured reports whether a connection has TLS.
func secured(c net.Conn) bool {
	_, ok := c.(*tls.Conn)
	return ok
}

// refill keeps a connection to the backend ready for the next login.
func (s *Server) refill() {
	ctx, cancel := context.WithTimeout(s.life, s.options.LoginTimeout)
	defer cancel()
	s.backend.refill(ctx)
}

// loginFailed counts and logs a login that came to nothing.
func (s *Server) loginFailed(l *login, err error) {
	var fromServer serverError
	var refused refusal
	switch {
	case errors.As(err, &fromServer):
		s.options.Metrics.Login("denied")
	case errors.As(err, &refused):
		s.options.Metrics.Login("refused")
	default:
		s.options.Metrics.Login("failed")
	}
	s.options.Log.Info("login failed", zap.String("account", l.response.User), zap.Stringer("client", l.from), zap.Error(err))
}

// Stop closes the listeners, ends every session and waits until all is closed,
// at most until ctx is done.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for c := range s.closers {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.end()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
		s.backend.spare.close()
		s.loops.evict(s)
		if s.options.Loops == nil {
			s.loops.Stop()
		}
		s.keys.close()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop: sessions are still open: %w", ctx.Err())
	}
}
