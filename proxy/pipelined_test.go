package proxy_test

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// outcome reads the whole answer to a COM_QUERY, or a COM_STMT_EXECUTE, in words: its results one behind the other, each
// "ok", "error 1142" or the first values of its rows.
func (c *rawClient) outcome(t testing.TB, binaryRows bool) string {
	t.Helper()
	var results []string
	for more := true; more; {
		var result string
		result, more = c.result(t, binaryRows)
		results = append(results, result)
	}
	return strings.Join(results, "; ")
}

func (c *rawClient) result(t testing.TB, binaryRows bool) (result string, more bool) {
	t.Helper()
	first := c.read(t)
	switch first[0] {
	case wire.HeaderOK:
		ok, err := wire.DecodeOK(first, 0)
		if err != nil {
			t.Fatal(err)
		}
		return "ok", ok.Status&wire.StatusMoreResults != 0
	case wire.HeaderErr:
		return failed(t, first), false
	}
	for range int(first[0]) + 1 { // definitions and an EOF
		c.read(t)
	}
	rows := []string{"rows"}
	for {
		row := c.read(t)
		switch {
		case row[0] == wire.HeaderErr:
			return failed(t, row), false
		case row[0] == wire.HeaderEOF && len(row) < 9:
			end, err := wire.DecodeEOF(row)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(rows, " "), end.Status&wire.StatusMoreResults != 0
		case binaryRows:
			rows = append(rows, fmt.Sprint(binary.LittleEndian.Uint32(row[2:])))
		default:
			values, err := wire.DecodeTextRow(row, int(first[0]))
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, string(values[0]))
		}
	}
}

func failed(t testing.TB, payload []byte) string {
	t.Helper()
	e, err := wire.DecodeErr(payload)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("error %d", e.Code)
}

// preparation reads the answer to a COM_STMT_PREPARE.
func (c *rawClient) preparation(t testing.TB) string {
	t.Helper()
	first := c.read(t)
	if first[0] == wire.HeaderErr {
		return failed(t, first)
	}
	p, err := wire.DecodePrepareOK(first)
	if err != nil {
		t.Fatal(err)
	}
	c.definitions(t, p)
	return "prepared"
}

// definitions reads the parameters and columns of a statement, and the EOF behind either.
func (c *rawClient) definitions(t testing.TB, p wire.PrepareOK) {
	t.Helper()
	for _, n := range []uint16{p.Params, p.Columns} {
		for n > 0 {
			c.read(t)
			if n--; n == 0 {
				c.read(t)
			}
		}
	}
}

// compressedConn is a connection in compressed packets.
type compressedConn struct {
	net.Conn
	packets *wire.Compressed
}

func (c compressedConn) Read(p []byte) (int, error)  { return c.packets.Read(p) }
func (c compressedConn) Write(p []byte) (int, error) { c.packets.Begin(); return c.packets.Write(p) }

// everyLeg logs a client in over each kind of connection that there is with a server.
func everyLeg(t *testing.T, s *mysqltest.Server, addr string, do func(t *testing.T, c *rawClient)) {
	secure := &tls.Config{InsecureSkipVerify: true}
	for name, leg := range map[string]struct {
		config       *tls.Config
		capabilities wire.Capability
	}{
		"plain": {nil, 0}, "TLS": {secure, 0}, "zlib": {nil, mysql.CLIENT_COMPRESS},
		"zlib inside TLS": {secure, mysql.CLIENT_COMPRESS}, "zstd": {nil, mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM},
	} {
		if strings.HasPrefix(name, "zstd") && s.Flavour() == "mariadb" {
			continue // it has none
		}
		t.Run(name, func(t *testing.T) {
			c := loginOver(t, addr, "app", leg.config, leg.capabilities)
			if algorithm := wire.CompressionOf(leg.capabilities); algorithm != wire.NoCompression {
				packets, err := new(wire.Codecs).Compress(c.conn, algorithm, 0)
				if err != nil {
					t.Fatal(err)
				}
				c.conn = compressedConn{c.conn, packets}
			}
			do(t, c)
		})
	}
}

// saying is one command, and how its answer is read and what it is.
type saying struct {
	payload string
	want    string // "" where there is no answer
	read    func(c *rawClient, t testing.TB) string
}

func (c *rawClient) textOutcome(t testing.TB) string   { return c.outcome(t, false) }
func (c *rawClient) binaryOutcome(t testing.TB) string { return c.outcome(t, true) }
func (c *rawClient) anyPacket(t testing.TB) string {
	if p := c.read(t); p[0] == wire.HeaderErr {
		return failed(t, p)
	}
	return "ok"
}

// chatter is n commands in an order that r decides. A client that does not wait knows a statement's id all the same:
// MySQL counts those of a connection, MariaDB has an id for the one prepared last.
func chatter(r *rand.Rand, n int, flavour string) (all []saying) {
	say := func(payload, want string, read func(*rawClient, testing.TB) string) {
		all = append(all, saying{payload, want, read})
	}
	id := func(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
	prepared := 0
	for i := len(all); len(all) < n; i++ {
		switch r.IntN(8) {
		case 0:
			say(fmt.Sprintf("\x03SELECT %d", i), fmt.Sprintf("rows %d", i), (*rawClient).textOutcome)
		case 1:
			say("\x03DROP TABLE shop.orders", "error 1142", (*rawClient).textOutcome)
		case 2:
			say("\x0e", "ok", (*rawClient).anyPacket)
		case 3:
			say(fmt.Sprintf("\x03SELECT %d; DO 1; SELECT 'second'", i), fmt.Sprintf("rows %d; ok; rows second", i), (*rawClient).textOutcome)
		case 4:
			say("\x03SELECT 1; DROP DATABASE shop", "error 1044", (*rawClient).textOutcome)
		case 5:
			say("\x16TRUNCATE shop.orders", "error 1142", (*rawClient).preparation)
		case 6:
			say("\x08", "error 1227", (*rawClient).anyPacket)
		case 7: // prepared, executed and closed without waiting
			if prepared++; flavour == "mariadb" {
				prepared = -1
			}
			say("\x16SELECT CAST(? AS SIGNED)", "prepared", (*rawClient).preparation)
			say("\x17"+id(prepared)+"\x00\x01\x00\x00\x00\x00\x01\x03\x00"+id(i), fmt.Sprintf("rows %d", i), (*rawClient).binaryOutcome)
			say("\x19"+id(prepared), "", nil)
			say("\x17"+id(prepared)+"\x00\x01\x00\x00\x00\x00\x01\x03\x00"+id(i), "error 1243", (*rawClient).anyPacket)
		}
	}
	return all
}

func TestAnswersOfAPipelinedClientComeInTheirPlaces(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		everyLeg(t, s, g.addr, func(t *testing.T, c *rawClient) {
			r := rand.New(rand.NewPCG(1, 1))
			all := chatter(r, 300, s.Flavour())
			var stream []byte
			for _, s := range all {
				stream, _ = wire.AppendPacket(stream, 0, []byte(s.payload))
			}
			written := make(chan error, 1)
			go func() { written <- inPieces(c.conn, stream, r) }()
			for i, s := range all {
				if s.read == nil {
					continue
				}
				if got := s.read(c, t); got != s.want {
					t.Fatalf("command %d, %.40q: %s, want %s", i, s.payload, got, s.want)
				}
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		})
	})
}

// inPieces writes p in some pieces, whose ends are not those of packets.
func inPieces(to net.Conn, p []byte, r *rand.Rand) error {
	for len(p) > 0 {
		n := 1 + r.IntN(min(len(p), 3000))
		if _, err := to.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func TestTheStatementPreparedLastIsNeverAnOlderOne(t *testing.T) {
	const execute = "\x17\xff\xff\xff\xff\x00\x01\x00\x00\x00"
	s := mysqltest.MariaDB(t)
	shop(t, s)
	g := start(t, s.Addr(), shopPolicy)
	everyLeg(t, s, g.addr, func(t *testing.T, c *rawClient) {
		all := []saying{
			{execute, "error 1243", (*rawClient).anyPacket},
			{"\x16SELECT 11", "prepared", (*rawClient).preparation},
			{execute, "rows 11", (*rawClient).binaryOutcome},
			{"\x16SELECT 22", "prepared", (*rawClient).preparation},
			{execute, "rows 22", (*rawClient).binaryOutcome},
			{"\x16DROP TABLE shop.orders", "error 1142", (*rawClient).preparation},
			{execute, "error 1243", (*rawClient).anyPacket},
			{"\x16SELECT 33", "prepared", (*rawClient).preparation},
			{"\x16SELECT nothing FROM shop.orders", "error 1054", (*rawClient).preparation},
			{execute, "error 1243", (*rawClient).anyPacket},
			{"\x16SELECT 44", "prepared", (*rawClient).preparation},
			{"\x19\xff\xff\xff\xff", "", nil},
			{execute, "error 1243", (*rawClient).anyPacket},
		}
		for _, s := range all {
			c.queue(0, []byte(s.payload)...)
		}
		c.flush(t)
		for i, s := range all {
			if s.read == nil {
				continue
			}
			if got := s.read(c, t); got != s.want {
				t.Errorf("command %d, %.40q: %s, want %s", i, s.payload, got, s.want)
			}
		}
	})
}
