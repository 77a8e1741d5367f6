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
	room    *sync.Cond // signalled when the session may want the client again
	err     error      // why the session ends
	ended   bool
}

// driveBlocking runs a session until either side ends it.
func driveBlocking(s *session, client, server net.Conn) error {
	d := &blocking{client: client, server: server, session: s}
	d.room = sync.NewCond(&d.mu)
	s.wires = d
	var pumps sync.WaitGroup
	pumps.Go(d.fromServer)
	d.fromClient()
	pumps.Wait()
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
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.room.Signal()
	defer d.survive()
	if len(p) > 0 && !d.ended {
		if err := to(p); err != nil {
			d.end(err)
		}
	}
	if readErr != nil {
		d.end(readErr)
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

func (d *blocking) write(to net.Conn, p []byte) {
	if d.ended {
		return
	}
	if _, err := to.Write(p); err != nil {
		d.end(err)
	}
}

func clearDeadline(c net.Conn) error { return c.SetDeadline(time.Time{}) }
