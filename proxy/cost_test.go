package proxy

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/wire"
)

// unread is a driver of which nothing is asked but speed.
type unread struct {
	commands int
	last     int // bytes of the last command
}

func (u *unread) toClient([]byte)  {}
func (u *unread) toServer([]byte)  {}
func (u *unread) command(p []byte) { u.commands, u.last = u.commands+1, len(p) }
func (u *unread) later() func()    { return func() {} }

// forgetful is a recorder that keeps nothing.
type forgetful struct{}

func (forgetful) Record(audit.Event) error { return nil }

// costs returns what feeds a session one statement and its answer, and counts
// the commands that the server gets.
func costs(t testing.TB, policies, text string, change ...func(*Server)) (statement func(), sent *unread) {
	t.Helper()
	guard := guardingBy(t, policies)
	guard.options.Recorder = forgetful{}
	now := time.Now()
	guard.options.Now = func() time.Time { // so that no machine is too fast for a limit
		now = now.Add(time.Microsecond)
		return now
	}
	for _, c := range change {
		c(guard)
	}
	return costsOf(t, guard, text)
}

func costsOf(t testing.TB, guard *Server, text string) (statement func(), sent *unread) {
	t.Helper()
	d := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41})
	s := d.session
	sent = &unread{}
	s.wires = sent
	query, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, text...))
	answer, _ := wire.AppendPacket(nil, 1, wire.OK{Status: 2, AffectedRows: 1}.Append(nil, s.serverCapabilities))
	return func() {
		if err := s.fromClient(query); err != nil {
			t.Fatal(err)
		}
		if err := s.fromServer(answer); err != nil {
			t.Fatal(err)
		}
	}, sent
}

const (
	plainGrants = "app: app\naccounts: [app]\nenvironments: [production]\ngrants: ['SELECT, INSERT, UPDATE, DELETE ON *.*']\n"
	rowsDemand  = plainGrants + "require: ['ROWS <= 1000 FOR DELETE']\n"
	allDemands  = plainGrants + "require: ['ROWS <= 1000 FOR DELETE', 'PRIMARY KEY FOR DELETE']\n" +
		"limits: {max_allowed_packet: 1M, max_user_connections: 100, max_queries_per_second: 1000000}\n"
)

// cheap are statements that no demand of allDemands is about.
var cheap = map[string]string{
	"select": "SELECT a, b FROM orders WHERE id = 1",
	"update": "UPDATE orders SET a = 1 WHERE id = 1",
}

func TestStatementsWithoutQuestionsPayNothingForThem(t *testing.T) {
	for name, text := range cheap {
		t.Run(name, func(t *testing.T) {
			plain, _ := costs(t, plainGrants, text)
			demanding, sent := costs(t, allDemands, text)
			want, got := fewest(plain), fewest(demanding)
			if got > want {
				t.Errorf("%v allocations with demands and limits, %v without", got, want)
			}
			sent.commands = 0
			demanding()
			if sent.commands != 1 {
				t.Errorf("the server got %d commands", sent.commands)
			}
		})
	}
}

// tolled makes a Server count its traffic.
func tolled(s *Server) {
	s.options.Traffic = NewTraffic()
	s.caches[0].toll = s.options.Traffic.toll(s)
}

func TestCountingAKnownShapeAllocatesNothing(t *testing.T) {
	plain, _ := costs(t, plainGrants, cheap["select"])
	counting, _ := costs(t, plainGrants, cheap["select"], tolled)
	if want, got := fewest(plain), fewest(counting); got > want {
		t.Errorf("%v allocations when counted, %v when not", got, want)
	}
}

// TestIdentityCostsStatementsNothing: a session of a backend whose tag is asked for
// does for a statement what one does whose is not, and sends the client's own
// bytes on, unless annotations are asked for.
func TestIdentityCostsStatementsNothing(t *testing.T) {
	of := func(change func(*Server)) (statement func(), sent *unread) {
		return costs(t, plainGrants, cheap["select"], change)
	}
	plain, alone := of(func(s *Server) { s.options.Backend.Tag = TagNone })
	guarded, sent := of(func(s *Server) { s.options.Backend.Tag = TagRequired })
	if want, got := fewest(plain), fewest(guarded); got > want {
		t.Errorf("%v allocations, %v where no tag is asked for", got, want)
	}
	annotated, more := of(func(s *Server) { s.options.Backend.Annotate = true })
	for _, statement := range []func(){plain, guarded, annotated} {
		statement()
	}
	if query := len(cheap["select"]) + wire.HeaderLen + 1; alone.last != query || sent.last != query || more.last <= query {
		t.Errorf("of %d bytes %d are sent on, %d with a tag, %d annotated", query, alone.last, sent.last, more.last)
	}
}

// fewest is what a statement allocates at the least: under the race detector a
// sync.Pool forgets at random.
func fewest(statement func()) float64 {
	least := testing.AllocsPerRun(1, statement)
	for range 200 {
		least = min(least, testing.AllocsPerRun(1, statement))
	}
	return least
}

// BenchmarkStatement is a whole statement in a session, all but its I/O.
func BenchmarkStatement(b *testing.B) {
	for name, text := range cheap {
		for kind, policies := range map[string]string{"plain": plainGrants, "rows": rowsDemand, "demands": allDemands} {
			b.Run(name+"/"+kind, func(b *testing.B) { benchmarkStatement(b, policies, text) })
		}
		b.Run(name+"/counted", func(b *testing.B) { benchmarkStatement(b, plainGrants, text, tolled) })
	}
}

func benchmarkStatement(b *testing.B, policies, text string, change ...func(*Server)) {
	statement, _ := costs(b, policies, text, change...)
	b.ReportAllocs()
	for b.Loop() {
		statement()
	}
}

// BenchmarkCount is what a statement of a known shape pays for being counted.
func BenchmarkCount(b *testing.B) {
	guard := guardingBy(b, plainGrants)
	tolled(guard)
	s := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
	v := s.judgeText([]byte(cheap["select"]))
	b.ReportAllocs()
	for b.Loop() {
		s.count(v, false)
	}
}

// BenchmarkRows is what walking over the rows of a large result costs.
func BenchmarkRows(b *testing.B) {
	guard := guardingBy(b, plainGrants)
	guard.options.Recorder = forgetful{}
	s := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
	s.wires = &unread{}
	query, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, "SELECT note FROM orders"...))
	head, _ := wire.AppendPacket(nil, 1, []byte{1})
	definition, _ := wire.AppendPacket(head, 2, make([]byte, 40))
	head, _ = wire.AppendPacket(definition, 3, []byte{wire.HeaderEOF, 0, 0, 2, 0})
	if err := errors.Join(s.fromClient(query), s.fromServer(head)); err != nil {
		b.Fatal(err)
	}
	row, _ := wire.AppendPacket(nil, 4, append([]byte{99}, make([]byte, 99)...))
	rows := bytes.Repeat(row, (128<<10)/len(row))
	b.SetBytes(int64(len(rows)))
	for b.Loop() {
		if err := s.fromServer(rows); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLongStatement is a statement of 40 MB that comes in pieces, as TLS has them.
func BenchmarkLongStatement(b *testing.B) {
	const piece = 16 << 10
	guard := guardingBy(b, plainGrants)
	guard.options.Recorder, guard.options.MaxMessage = forgetful{}, 1<<30
	s := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
	s.wires = &unread{}
	text := append([]byte("\x03INSERT INTO orders VALUES ('"), bytes.Repeat([]byte("x"), 40<<20)...)
	command, _ := wire.AppendPacket(nil, 0, append(text, "')"...))
	answer, _ := wire.AppendPacket(nil, 1, wire.OK{Status: 2, AffectedRows: 1}.Append(nil, s.serverCapabilities))
	for b.Loop() {
		for part := range slices.Chunk(command, piece) {
			if err := s.fromClient(part); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.fromServer(answer); err != nil {
			b.Fatal(err)
		}
	}
}
