package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// streamed is how many megabytes a result has that must not be held in memory: GUARDRAIL_STREAM_MB, or what suits CI.
func streamed(t *testing.T) int {
	t.Helper()
	mb, err := strconv.Atoi(os.Getenv("GUARDRAIL_STREAM_MB"))
	switch {
	case err == nil:
		return mb
	case proxy.Raced:
		return 50
	}
	return 300
}

// mostHeap is by how much the heap of a proxy, and of the client in the same process, may grow while a result of any
// size passes: well above the buffers of a session, and well below any part of a result that somebody could hold.
const mostHeap = 4 << 20

func TestALargeResultPassesInConstantMemory(t *testing.T) {
	s := mysqltest.MySQL(t)
	s.User(t, "app")
	g := start(t, s.Addr(), everything)
	mb := streamed(t)
	text := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT REPEAT('x', 1 << 20) FROM n", mb)
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": {InsecureSkipVerify: true}} {
		for protocol, ask := range map[string]func(*rawClient, testing.TB, string){"text": (*rawClient).ask, "prepared": (*rawClient).askPrepared} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				c := loginOver(t, g.addr, "app", config)
				_ = c.conn.SetDeadline(time.Time{})
				if e := c.query(t, fmt.Sprintf("SET cte_max_recursion_depth = %d", mb)); e != nil {
					t.Fatal(e)
				}
				peak := watchHeap(t)
				ask(c, t, text)
				got := c.drain(t)
				grown, heap := peak()
				if want := mb << 20; got < want {
					t.Errorf("%d bytes came, want %d", got, want)
				}
				if grown > mostHeap {
					t.Errorf("the heap grew by %d bytes while %d MB passed", grown, mb)
				}
				t.Logf("%d MB: the heap grew by at most %d KiB, to %d KiB", mb, grown>>10, heap>>10)
			})
		}
	}
}

// ask sends a query.
func (c *rawClient) ask(t testing.TB, text string) {
	t.Helper()
	c.send(t, 0, append([]byte{mysql.COM_QUERY}, text...)...)
}

// askPrepared prepares a query of one column without parameters, and executes it.
func (c *rawClient) askPrepared(t testing.TB, text string) {
	t.Helper()
	c.send(t, 0, onStatement(mysql.COM_STMT_EXECUTE, c.prepares(t, text), 0, 1, 0, 0, 0)...)
}

// drain reads a result of one column to its end, now and then slowly, and returns how many bytes it had.
func (c *rawClient) drain(t testing.TB) (n int) {
	t.Helper()
	r := bufio.NewReaderSize(c.conn, 64<<10)
	slow := time.NewTicker(time.Millisecond)
	defer slow.Stop()
	for ends, packets := 0, 0; ends < 2; packets++ {
		header, err := r.Peek(wire.HeaderLen + 1)
		if err != nil {
			t.Fatal(err)
		}
		length, first := wire.PayloadLen(header), header[wire.HeaderLen]
		if first == wire.HeaderErr {
			t.Fatalf("an error behind %d bytes", n)
		}
		if first == wire.HeaderEOF && length < 9 {
			ends++
		}
		n += wire.HeaderLen + length
		if packets%50 == 7 {
			for left := wire.HeaderLen + length; left > 0; left -= min(left, 32<<10) {
				if _, err := r.Discard(min(left, 32<<10)); err != nil {
					t.Fatal(err)
				}
				<-slow.C
			}
		} else if _, err := r.Discard(wire.HeaderLen + length); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// watchHeap watches the heap until the function that it returns is called, which says by how much it had grown, and to
// what, when it was largest.
func watchHeap(t testing.TB) func() (grown, heap int64) {
	t.Helper()
	runtime.GC()
	before := heapNow()
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			peak.Store(max(peak.Load(), heapNow()))
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	return func() (int64, int64) {
		close(stop)
		<-stopped
		return peak.Load() - before, peak.Load()
	}
}

// heapNow is what lies on the heap, garbage included.
func heapNow() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// A tool such as pt-table-checksum says the same of one piece of a table after the other, for hours.
func TestALongSessionStaysSmall(t *testing.T) {
	const statements = 5000
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		c := login(t, start(t, s.Addr(), everything).addr, "app")
		chunk := func(i int) {
			lower, upper := i*1000, i*1000+999
			c.ask(t, fmt.Sprintf("SELECT COALESCE(LOWER(CONV(BIT_XOR(CAST(CRC32(CONCAT_WS('#', id, note)) AS UNSIGNED)), 10, 16)), '%d')"+
				" AS crc FROM shop.orders FORCE INDEX (PRIMARY) WHERE id >= %d AND id <= %d /* chunk %d */", i, lower, upper, i))
			c.answered()
			id := c.prepares(t, fmt.Sprintf("SELECT COUNT(*) FROM shop.orders WHERE id BETWEEN %d AND %d", lower, upper))
			c.executes(t, id, 0, 1, 0, 0, 0)
			c.send(t, 0, onStatement(mysql.COM_STMT_CLOSE, id)...)
		}
		for i := range statements / 10 {
			chunk(i)
		}
		runtime.GC()
		before := heapNow()
		for i := statements / 10; i < statements; i++ {
			chunk(i)
		}
		runtime.GC()
		if grown := heapNow() - before; grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
	})
}
