package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"guardrail/proxy/identity"
)

// TagRule says what is asked of a backend's environment tag before a client is
// let in. The zero value asks the most.
type TagRule uint8

// The rules. Only TagNone lets a backend pass whose tag names another environment.
const (
	TagRequired TagRule = iota
	TagOptional
	TagNone
)

// tagState is how much is known of a server's tag.
type tagState uint8

const (
	tagUnknown tagState = iota // it could not be asked
	tagMissing                 // it was asked, and there is none
	tagRead
)

// reading is what is known of a server.
type reading struct {
	server identity.Server
	state  tagState
	tag    string
	why    string // it is not known
	// internal is set where why is more than a client may know.
	internal bool
}

// How long a reading stands: a backend that is tagged anew or has failed over
// is seen this much later, where the client's own account may not read the tag.
const (
	readingHolds    = 10 * time.Second
	readingRetries  = time.Second // of one that would refuse
	controlAttempts = 3           // where an address leads to several servers
	controlEvery    = 10 * time.Second
)

// tagReader reads the tag through the control account, and remembers it by
// server. A tag that was read on one server never stands for another.
type tagReader struct {
	control     identity.Control
	environment string
	now         func() time.Time
	asking      chan struct{} // holds a token while nobody asks

	mu       sync.Mutex
	readings map[identity.Server]held
	last     held // what was found last, whatever server it was
}

// held is a reading until it must be made again.
type held struct {
	reading
	until time.Time
}

func newTagReader(o *Options, b *backend) *tagReader {
	r := &tagReader{
		control:     o.Backend.Control,
		environment: o.Environment,
		now:         o.Now,
		asking:      make(chan struct{}, 1),
		readings:    make(map[identity.Server]held),
	}
	r.control.Address, r.control.TLS, r.control.Dial = o.Backend.Address, o.Backend.TLS, b.dialControl
	r.asking <- struct{}{}
	return r
}

// dialControl opens a connection for the control account, announced like any other.
func (b *backend) dialControl(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := b.dialer.DialContext(ctx, network, address)
	if err != nil || b.options.ProxyProtocol == 0 {
		return conn, err
	}
	if err := b.announce(conn, addrPort(conn.LocalAddr())); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (r *tagReader) available() bool { return r.control.User != "" }

// of returns what is known of the server that a client's connection has
// reached, asked now if it must be.
func (r *tagReader) of(ctx context.Context, server identity.Server) reading {
	switch {
	case !server.Known():
		return reading{why: "it does not tell which server it is"}
	case !r.available():
		return reading{server: server, why: "there is no control account"}
	}
	if found, ok := r.remembered(server); ok {
		return found
	}
	select {
	case <-r.asking:
		defer func() { r.asking <- struct{}{} }()
	case <-ctx.Done():
		return reading{server: server, why: "the control account did not answer in time"}
	}
	for range controlAttempts {
		if found, ok := r.remembered(server); ok { // another login has asked meanwhile
			return found
		}
		if found := r.ask(ctx); !found.server.Known() {
			return r.remember(reading{server: server, why: found.why, internal: found.internal})
		}
	}
	return r.remember(reading{server: server, why: "the control account reaches another server at this address"})
}

// current returns what is known of the server that the address leads to now.
func (r *tagReader) current(ctx context.Context) reading {
	select {
	case <-r.asking:
		defer func() { r.asking <- struct{}{} }()
		return r.ask(ctx)
	case <-ctx.Done():
		return reading{why: "the control account did not answer in time"}
	}
}

// ask reads the tag through a new connection.
func (r *tagReader) ask(ctx context.Context) reading {
	server, tag, err := r.control.Read(ctx)
	found := reading{server: server, state: tagRead, tag: tag.Environment}
	switch {
	case err == nil:
	case errors.Is(err, identity.ErrUntagged):
		found.state = tagMissing
	case errors.Is(err, identity.ErrDenied):
		found.state, found.why = tagUnknown, fmt.Sprintf("the control account needs: GRANT SELECT ON guardrail.* TO %s", r.control.User)
	default:
		found.state, found.why = tagUnknown, "the control account could not ask: "+err.Error()
		found.internal = true
	}
	if server.Known() {
		r.remember(found)
	}
	r.mu.Lock()
	r.last = held{found, r.now().Add(readingRetries)}
	r.mu.Unlock()
	return found
}

func (r *tagReader) remembered(server identity.Server) (reading, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.readings[server]
	return h.reading, ok && r.now().Before(h.until)
}

// maxReadings bounds the servers that are remembered.
const maxReadings = 1000

func (r *tagReader) remember(found reading) reading {
	lasts := readingRetries
	if found.state == tagRead && found.tag == r.environment {
		lasts = readingHolds
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.readings) >= maxReadings {
		clear(r.readings)
	}
	r.readings[found.server] = held{found, r.now().Add(lasts)}
	return found
}

// lately returns what the control account has found last, or finds now where
// that is too old.
func (r *tagReader) lately(ctx context.Context) reading {
	r.mu.Lock()
	last, fresh := r.last.reading, r.now().Before(r.last.until)
	r.mu.Unlock()
	if fresh {
		return last
	}
	return r.current(ctx)
}
