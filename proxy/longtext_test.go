package proxy

import (
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"go.uber.org/zap"

	"guardrail/proxy/wire"
)

// pair are the two ends of a connection of the kernel's.
func pair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{near, far} {
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
	}
	return near, far
}

// looped is a session that a loop drives.
type looped struct{ client, server net.Conn }

func newLooped(t *testing.T, guard *Server) looped {
	t.Helper()
	d := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41})
	near, client := pair(t)
	far, server := pair(t)
	if !guard.loops.adopt(0, d.session, near, far, func(error) { d.session.leave() }) {
		t.Skip("no event loops on this system")
	}
	return looped{client, server}
}

// query sends a text as the client.
func (l looped) query(t *testing.T, text string) {
	t.Helper()
	packet, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, text...))
	if _, err := l.client.Write(packet); err != nil {
		t.Error(err)
	}
}

// arrives is what a peer gets.
func arrives(t *testing.T, from net.Conn) string {
	t.Helper()
	payload, _, err := wire.ReadMessage(from, 1<<24)
	if err != nil {
		t.Fatal(err)
	}
	return string(payload[1:])
}

// onLoops gives a Server loops of its own, whose helpers are busy until freed.
func onLoops(t *testing.T, guard *Server) (free func()) {
	t.Helper()
	loops, err := StartLoops(1, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	guard.loops = loops
	freed, busy := make(chan struct{}), make(chan struct{})
	loops.asides.do(func() {
		close(busy)
		<-freed
	})
	<-busy
	free = sync.OnceFunc(func() { close(freed) })
	t.Cleanup(func() {
		free()
		loops.Stop()
	})
	return free
}

// waiting is how much waits for a helper.
func waiting(guard *Server) int {
	guard.loops.asides.mu.Lock()
	defer guard.loops.asides.mu.Unlock()
	return len(guard.loops.asides.waiting)
}

// selects is a text of so many statements.
func selects(n int) string { return strings.Repeat("SELECT a FROM t WHERE b = 1;", n) }

func TestALongTextHoldsUpNoOtherSession(t *testing.T) {
	guard := guardingBy(t, plainGrants)
	free := onLoops(t, guard)
	long, other := newLooped(t, guard), newLooped(t, guard)
	text := selects(longText/len(selects(1)) + 1)
	long.query(t, text)
	for range 3 {
		other.query(t, "SELECT 1")
		if got := arrives(t, other.server); got != "SELECT 1" {
			t.Fatalf("the other session's server got %.100q", got)
		}
		packet, _ := wire.AppendPacket(nil, 1, wire.OK{Status: 2}.Append(nil, mysql.CLIENT_PROTOCOL_41))
		if _, err := other.server.Write(packet); err != nil {
			t.Fatal(err)
		}
		arrives(t, other.client)
	}
	if n := waiting(guard); n != 1 {
		t.Errorf("%d long texts wait for a helper", n)
	}
	free()
	if got := arrives(t, long.server); got != text {
		t.Errorf("the server got %d bytes of %d: %.100q", len(got), len(text), got)
	}
}

func TestALongTextIsReadToItsEnd(t *testing.T) {
	guard := guardingBy(t, plainGrants)
	onLoops(t, guard)()
	l := newLooped(t, guard)
	for range 2 { // the second time its shape may be remembered
		l.query(t, selects(longText/len(selects(1))+1)+"DROP DATABASE shop")
		if got := arrives(t, l.client); !strings.Contains(got, "DROP DATABASE on shop") {
			t.Fatalf("the client got %.200q", got)
		}
	}
	l.query(t, "SELECT 1")
	if got := arrives(t, l.server); got != "SELECT 1" {
		t.Errorf("the server got %.100q", got)
	}
	if s := guard.caches[0].stats(); s.Hits+s.Misses != 3 {
		t.Errorf("three texts are %d hits and %d misses", s.Hits, s.Misses)
	}
}

// A session that has ended while its text was waiting is not gone on with.
func TestALongTextOfASessionThatHasEnded(t *testing.T) {
	guard := guardingBy(t, plainGrants)
	free := onLoops(t, guard)
	l := newLooped(t, guard)
	l.query(t, selects(longText/len(selects(1))+1))
	for waiting(guard) == 0 {
		runtime.Gosched()
	}
	_ = l.server.Close()
	if _, err := io.ReadAll(l.client); err != nil {
		t.Fatal(err)
	}
	free()
	last := make(chan struct{})
	guard.loops.asides.do(func() { close(last) })
	<-last // the loop still takes what is resumed, and nothing has panicked
	next := newLooped(t, guard)
	next.query(t, "SELECT 1")
	if got := arrives(t, next.server); got != "SELECT 1" {
		t.Errorf("the server got %.100q", got)
	}
}
