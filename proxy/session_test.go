package proxy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// scripted is a driver without sockets. It answers commands as a server would
// and hands every byte over in pieces of its own choice.
type scripted struct {
	session  *session
	client   bytes.Buffer // what the client got
	received bytes.Buffer // what the server got
	commands bytes.Buffer // of that, what is not answered yet
	answers  bytes.Buffer // what the server has said and the session has not seen yet
	deaf     bool         // the server does not answer
}

func (d *scripted) toClient(p []byte) { d.client.Write(p) }

func (d *scripted) command(p []byte) { d.toServer(p) }

func (d *scripted) toServer(p []byte) {
	d.received.Write(p)
	if d.deaf {
		return
	}
	d.commands.Write(p)
	for {
		message, _, ok, err := wire.CutMessage(d.commands.Bytes(), 0)
		if err != nil || !ok {
			return
		}
		d.answers.Write(serverAnswer(message.Payload(), d.session.serverCapabilities))
		d.commands.Next(len(message.Raw))
	}
}

// serverAnswer is what a server says to a command.
func serverAnswer(command []byte, capabilities wire.Capability) []byte {
	end := func(seq byte) []byte {
		if capabilities&mysql.CLIENT_DEPRECATE_EOF != 0 {
			packet, _ := wire.AppendPacket(nil, seq, wire.OK{Header: wire.HeaderEOF, Status: 2}.Append(nil, capabilities))
			return packet
		}
		packet, _ := wire.AppendPacket(nil, seq, []byte{wire.HeaderEOF, 0, 0, 2, 0})
		return packet
	}
	rows := func(columns, count, width int) []byte {
		out, seq := wire.AppendPacket(nil, 1, []byte{byte(columns)})
		for range columns {
			out, seq = wire.AppendPacket(out, seq, []byte("\x03defdefinition"))
		}
		if capabilities&mysql.CLIENT_DEPRECATE_EOF == 0 {
			out = append(out, end(seq)...)
			seq++
		}
		for range count {
			row := []byte{}
			for range columns {
				row = wire.AppendLenencBytes(row, strings.Repeat("v", width))
			}
			out, seq = wire.AppendPacket(out, seq, row)
		}
		return append(out, end(seq)...)
	}
	ok := func(o wire.OK) []byte {
		packet, _ := wire.AppendPacket(nil, 1, o.Append(nil, capabilities))
		return packet
	}
	switch text := string(command[1:]); command[0] {
	case mysql.COM_STMT_PREPARE:
		out, seq := wire.AppendPacket(nil, 1, []byte{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0})
		out, seq = wire.AppendPacket(out, seq, []byte("\x03defparameter"))
		if capabilities&mysql.CLIENT_DEPRECATE_EOF == 0 {
			out = append(out, end(seq)...)
		}
		return out
	case mysql.COM_STMT_CLOSE, mysql.COM_STMT_SEND_LONG_DATA, mysql.COM_QUIT:
		return nil
	case mysql.COM_QUERY:
		switch {
		case text == askState+askTrack:
			out, seq := wire.AppendPacket(nil, 1, []byte{6})
			for range 6 {
				out, seq = wire.AppendPacket(out, seq, []byte("\x03defdefinition"))
			}
			if capabilities&mysql.CLIENT_DEPRECATE_EOF == 0 {
				out, seq = append(out, end(seq)...), seq+1
			}
			var row []byte
			for _, v := range []string{"ANSI_QUOTES", "utf8mb4", "shop", "0", "67108864", ""} {
				row = wire.AppendLenencBytes(row, v)
			}
			out, seq = wire.AppendPacket(out, seq, row)
			return append(out, end(seq)...)
		case strings.HasPrefix(text, "SELECT"):
			return rows(2, 3, 40)
		case strings.HasPrefix(text, "SET sql_mode"):
			return ok(wire.OK{Status: 2 | wire.StatusSessionChanged, SessionState: wire.AppendVariable(nil, "sql_mode", []byte("ANSI_QUOTES"))})
		}
	case mysql.COM_STMT_EXECUTE:
		return rows(1, 2, 300)
	}
	return ok(wire.OK{Status: 2, AffectedRows: 1})
}

// newScripted returns a session of an app that may do everything but destroy.
func newScripted(t testing.TB, client, server wire.Capability) *scripted {
	t.Helper()
	p, err := policy.Parse([]policy.Source{{File: "app.yaml", Text: []byte(
		"app: app\naccounts: [app]\nenvironments: [production]\ngrants: ['SELECT, INSERT, UPDATE, DELETE ON *.*']\nrequire: ['WHERE FOR DELETE']\n")}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile("production")
	if err != nil {
		t.Fatal(err)
	}
	app, _ := set.Login("app", netip.MustParseAddr("127.0.0.1"), time.Now())
	guard := &Server{
		options: Options{
			Environment: "production", MaxMessage: 1 << 20, Now: time.Now, Log: zap.NewNop(),
			Policies: policy.NewLive(set, time.Now()), Reader: sqlparse.NewReader(sqlparse.Options{}),
			Recorder: audit.NewLog(zap.NewNop()), Metrics: metrics.New(prometheus.NewRegistry(), "production", "", "", ""),
		},
		backend: &backend{},
	}
	guard.tokens.New = func() any { return new(sqlparse.Tokens) }
	s := &session{
		server: guard, log: zap.NewNop(), app: app, name: "app", user: "app", generation: 1, verdicts: newVerdicts(),
		from: netip.MustParseAddr("127.0.0.1"), clientCapabilities: client, serverCapabilities: server,
	}
	s.state.mode = sqlparse.Mode{Server: sqlparse.Server{Flavour: sqlparse.MySQL, Version: 90704}, Charset: sqlparse.CharsetUTF8}
	s.state.schema, s.state.tracked = "shop", true
	d := &scripted{session: s}
	s.wires = d
	return d
}

// play feeds the client's bytes and the server's answers in pieces of at most
// piece(n) bytes, in an order that turn decides, until nothing moves.
func (d *scripted) play(input []byte, piece func(int) int, clientsTurn func() bool) error {
	for len(input) > 0 || d.answers.Len() > 0 {
		fromClient := len(input) > 0 && d.session.wantsClient() && (d.answers.Len() == 0 || clientsTurn())
		if !fromClient && d.answers.Len() == 0 {
			return fmt.Errorf("stuck with %d bytes of the client", len(input))
		}
		// Copies, so that a session that keeps what is not its own is caught.
		if fromClient {
			n := piece(len(input))
			p := bytes.Clone(input[:n])
			input = input[n:]
			if err := d.session.fromClient(p); err != nil {
				return err
			}
			clear(p)
			continue
		}
		p := bytes.Clone(d.answers.Next(piece(d.answers.Len())))
		if err := d.session.fromServer(p); err != nil {
			return err
		}
		clear(p)
	}
	return nil
}

// conversation is a client that says much without waiting.
func conversation() []byte {
	var out []byte
	say := func(code byte, body string) { out, _ = wire.AppendPacket(out, 0, append([]byte{code}, body...)) }
	say(mysql.COM_PING, "")
	say(mysql.COM_QUERY, "SELECT a, b FROM t WHERE id = 1")
	say(mysql.COM_QUERY, "DROP TABLE t")
	say(mysql.COM_QUERY, "SET sql_mode = 'ANSI_QUOTES'")
	say(mysql.COM_QUERY, `DELETE FROM t WHERE "name" = "name"`)
	say(mysql.COM_STMT_PREPARE, "SELECT a FROM t WHERE id = ?")
	say(mysql.COM_STMT_SEND_LONG_DATA, "\x01\x00\x00\x00\x00\x00data")
	say(mysql.COM_STMT_EXECUTE, "\x01\x00\x00\x00\x00\x01\x00\x00\x00")
	say(mysql.COM_STMT_CLOSE, "\x01\x00\x00\x00")
	say(mysql.COM_STMT_EXECUTE, "\x01\x00\x00\x00\x00\x01\x00\x00\x00")
	say(mysql.COM_SHUTDOWN, "")
	say(mysql.COM_RESET_CONNECTION, "")
	say(mysql.COM_QUERY, `DELETE FROM t WHERE "name" = 'x'`)
	say(mysql.COM_QUERY, "INSERT INTO t VALUES ('"+strings.Repeat("x", 5000)+"')")
	say(mysql.COM_QUIT, "")
	return out
}

// forms are the pairs of capabilities that clients and servers meet with.
var forms = map[string][2]wire.Capability{
	"new client":     {mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF, mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF},
	"old client":     {0, mysql.CLIENT_SESSION_TRACK},
	"no tracking":    {mysql.CLIENT_DEPRECATE_EOF, mysql.CLIENT_SESSION_TRACK | mysql.CLIENT_DEPRECATE_EOF},
	"no EOF changes": {mysql.CLIENT_SESSION_TRACK, mysql.CLIENT_SESSION_TRACK},
}

func whole(n int) int { return n }

func TestAConversationIsTheSameHoweverItsBytesAreCut(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			want := newScripted(t, form[0], form[1])
			if err := want.play(conversation(), whole, func() bool { return true }); err != nil {
				t.Fatal(err)
			}
			got := want.received.String()
			for _, forbidden := range []string{"DROP TABLE t", `"name" = "name"`} {
				if strings.Contains(got, forbidden) {
					t.Errorf("the server got %q", forbidden)
				}
			}
			for _, forwarded := range []string{"SELECT a, b", `"name" = 'x'`, strings.Repeat("x", 5000)} {
				if !strings.Contains(got, forwarded) {
					t.Errorf("the server did not get %.20q", forwarded)
				}
			}
			for seed := range uint64(200) {
				r := rand.New(rand.NewPCG(seed, 1))
				cut := newScripted(t, form[0], form[1])
				most := 1 + r.IntN(40)
				piece := func(n int) int { return 1 + r.IntN(min(n, most)) }
				if err := cut.play(conversation(), piece, func() bool { return r.IntN(2) == 0 }); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if got, want := withoutEvents(cut.client.Bytes()), withoutEvents(want.client.Bytes()); !bytes.Equal(got, want) {
					t.Fatalf("seed %d: the client got another answer: %s", seed, firstDifference(got, want))
				}
				if !bytes.Equal(cut.received.Bytes(), want.received.Bytes()) {
					t.Fatalf("seed %d: the server got other commands: %s", seed, firstDifference(cut.received.Bytes(), want.received.Bytes()))
				}
			}
		})
	}
}

// firstDifference shows where two streams part.
func firstDifference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-20)
	return fmt.Sprintf("at byte %d: %q, want %q", i, got[from:min(i+20, len(got))], want[from:min(i+20, len(want))])
}

// withoutEvents blanks the ids of events, which differ from run to run.
func withoutEvents(p []byte) []byte {
	out := bytes.Clone(p)
	for rest := out; ; {
		i := bytes.Index(rest, []byte("event "))
		if i < 0 || len(rest) < i+6+26 {
			return out
		}
		copy(rest[i+6:i+6+26], strings.Repeat("?", 26))
		rest = rest[i+6+26:]
	}
}

// FuzzSession feeds a session whatever comes, from both sides: it must never
// panic, and never forward a DROP.
func FuzzSession(f *testing.F) {
	f.Add(conversation(), []byte("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"), uint64(1))
	f.Add([]byte("\x0a\x00\x00\x00\x03DROP DATA"), []byte("\x01\x00\x00\x01\x05"), uint64(7))
	f.Fuzz(func(t *testing.T, client, server []byte, order uint64) {
		d := newScripted(t, mysql.CLIENT_SESSION_TRACK, mysql.CLIENT_SESSION_TRACK)
		d.deaf = true
		r := rand.New(rand.NewPCG(order, 2))
		for len(client)+len(server) > 0 {
			var err error
			if n := len(client); n > 0 && (len(server) == 0 || r.IntN(2) == 0) {
				n = 1 + r.IntN(n)
				err = d.session.fromClient(client[:n])
				client = client[n:]
			} else {
				n = 1 + r.IntN(len(server))
				err = d.session.fromServer(server[:n])
				server = server[n:]
			}
			if err != nil {
				break
			}
		}
		for rest := d.received.Bytes(); len(rest) > 0; {
			message, _, ok, err := wire.CutMessage(rest, 0)
			if err != nil || !ok {
				t.Fatalf("the server got half a message: % x, %v", rest, err)
			}
			if p := message.Payload(); p[0] == mysql.COM_QUERY && bytes.HasPrefix(bytes.ToUpper(p[1:]), []byte("DROP")) {
				t.Fatalf("the server got %q", p)
			}
			rest = rest[len(message.Raw):]
		}
	})
}
