package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// blockingBuffer is how much is read from a connection at once, in bytes. A TLS
// record holds at most 16 KiB.
const blockingBuffer = 16 << 10

// blocking drives a session over connections that want to be read and written
// by goroutines, one for each direction. The session is fed under a lock, and
// writes happen under it too: a peer that does not read holds up its session,
// as it would hold up the server.
type blocking struct {
	client, server net.Conn

	mu      sync.Mutex
	session *session
	room    *sync.Cond     // signalled when the session may want the client again
	pumps   sync.WaitGroup // the goroutines besides fromClient's
	gone    chan struct{}  // closed when the session ends
	err     error          // why it does
	ended   bool
}

// driveBlocking runs a session until either side ends it.
func driveBlocking(s *session, client, server net.Conn) error {
	d := &blocking{client: client, server: server, session: s, gone: make(chan struct{})}
	d.room = sync.NewCond(&d.mu)
	s.wires = d
	d.pumps.Go(d.fromServer)
	d.fromClient()
	d.pumps.Wait()
	return d.err
}

func (d *blocking) fromClient() {
	buffer := make([]byte, blockingBuffer)
	for d.waitForRoom() {
		n, err := d.client.Read(buffer)
		d.feed(buffer[:n], err, d.session.fromClient)
	}
}

func (d *blocking) fromServer() {
	buffer := make([]byte, blockingBuffer)
	for !d.over() {
		n, err := d.server.Read(buffer)
		d.feed(buffer[:n], err, d.session.fromServer)
	}
}

// feed gives the session what was read, and ends it where reading ended.
func (d *blocking) feed(p []byte, readErr error, to func([]byte) error) {
	d.locked(func() error {
		if len(p) > 0 {
			if err := to(p); err != nil {
				return err
			}
		}
		return readErr
	})
}

// locked calls the session under the lock unless it has ended, and ends it
// where it says so.
func (d *blocking) locked(call func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.room.Signal()
	defer d.survive()
	if d.ended {
		return
	}
	if err := call(); err != nil {
		d.end(err)
	}
}

// survive turns a panic into the end of its session.
func (d *blocking) survive() {
	if p := recover(); p != nil {
		d.session.log.Error("panic in a session; the session is closed", zap.Any("panic", p), zap.Stack("stack"))
		d.end(fmt.Errorf("panic: %v", p))
	}
}

// end closes both connections, which ends the other goroutine's read.
func (d *blocking) end(err error) {
	if d.ended {
		return
	}
	d.ended = true
	close(d.gone)
	if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, errEnd) {
		d.err = err
	}
	_ = d.client.Close()
	_ = d.server.Close()
}

func (d *blocking) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended
}

// waitForRoom waits until the session wants the client, and reports false when
// it has ended.
func (d *blocking) waitForRoom() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.ended && !d.session.wantsClient() {
		d.room.Wait()
	}
	return !d.ended
}

// toClient is called by the session, under the lock.
func (d *blocking) toClient(p []byte) { d.write(d.client, p) }

// toServer is called by the session, under the lock.
func (d *blocking) toServer(p []byte) { d.write(d.server, p) }

// command is called by the session, under the lock.
func (d *blocking) command(p []byte) {
	begin(d.server)
	d.write(d.server, p)
}

// later is called by the session, under the lock, so that fromServer is still
// there and the pumps are waited for.
func (d *blocking) later() func() {
	ready := make(chan struct{})
	d.pumps.Go(func() { d.resume(ready) })
	return func() { close(ready) }
}

// resume feeds the session when what it waits for is ready.
func (d *blocking) resume(ready chan struct{}) {
	select {
	case <-ready:
		d.locked(d.session.resume)
	case <-d.gone:
	}
}

func (d *blocking) write(to net.Conn, p []byte) {
	if d.ended {
		return
	}
	if _, err := to.Write(p); err != nil {
		d.end(err)
	}
}

func clearDeadline(c net.Conn) error { return c.SetDeadline(time.Time{}) }
