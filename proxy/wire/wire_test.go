package wire_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

func TestMessagesOfEverySizeSurviveTheirPackets(t *testing.T) {
	for _, size := range []int{0, 1, 250, wire.MaxPayload - 1, wire.MaxPayload, wire.MaxPayload + 1, 2 * wire.MaxPayload} {
		payload := bytes.Repeat([]byte{'x'}, size)
		raw, next := wire.AppendPacket(nil, 7, payload)
		if want := byte(7 + size/wire.MaxPayload + 1); next != want {
			t.Errorf("%d bytes: next sequence id %d, want %d", size, next, want)
		}
		m, _, ok, err := wire.CutMessage(append(raw, 0xee), 7)
		if err != nil || !ok {
			t.Fatalf("%d bytes: cut: %v, %v", size, ok, err)
		}
		if len(m.Raw) != len(raw) || m.Seq != next-1 || !bytes.Equal(m.Payload(), payload) {
			t.Errorf("%d bytes: came back as %d bytes with sequence id %d", size, len(m.Payload()), m.Seq)
		}
	}
}

func TestCutMessageWaitsForEveryByte(t *testing.T) {
	raw, _ := wire.AppendPacket(nil, 0, []byte("\x03SELECT 1"))
	for n := range raw {
		_, need, ok, err := wire.CutMessage(raw[:n], 0)
		if ok || err != nil || need < 1 || n+need > len(raw) {
			t.Errorf("%d of %d bytes: ok %v, need %d, error %v", n, len(raw), ok, need, err)
		}
	}
}

func TestCutMessageRefusesAWrongSequence(t *testing.T) {
	raw, _ := wire.AppendPacket(nil, 1, []byte("\x03SELECT 1"))
	if _, _, _, err := wire.CutMessage(raw, 0); !errors.Is(err, wire.ErrOutOfOrder) {
		t.Errorf("sequence id 1 for a command: %v", err)
	}
	long, _ := wire.AppendPacket(nil, 0, make([]byte, wire.MaxPayload+1))
	long[wire.HeaderLen+wire.MaxPayload+3] = 9
	if _, _, _, err := wire.CutMessage(long, 0); !errors.Is(err, wire.ErrOutOfOrder) {
		t.Errorf("sequence id 9 for a continuation: %v", err)
	}
}

func TestReadMessageReadsNothingBehindTheMessage(t *testing.T) {
	raw, _ := wire.AppendPacket(nil, 3, []byte("hello"))
	r := bytes.NewReader(append(raw, "behind"...))
	payload, next, err := wire.ReadMessage(iotest.OneByteReader(r), 100)
	if err != nil || string(payload) != "hello" || next != 4 || r.Len() != len("behind") {
		t.Errorf("got %q, next %d, %d bytes left, error %v", payload, next, r.Len(), err)
	}
}

func TestReadMessageHoldsItsLimit(t *testing.T) {
	raw, _ := wire.AppendPacket(nil, 0, make([]byte, 101))
	if _, _, err := wire.ReadMessage(bytes.NewReader(raw), 100); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("101 bytes with a limit of 100: %v", err)
	}
}

func TestReadMessageTakesNoMemoryForWhatIsOnlyAnnounced(t *testing.T) {
	announced := []byte{0, 0, 4, 1, 'x'} // 256 KiB, of which one byte comes
	const runs = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, _, err := wire.ReadMessage(bytes.NewReader(announced), 1<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("one byte of 256 KiB: %v", err)
		}
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) / runs; took > 16<<10 {
		t.Errorf("%d bytes were allocated for one that came", took)
	}
}

func TestGreetingRoundTrip(t *testing.T) {
	g := wire.Greeting{
		ServerVersion: "9.7.4", ThreadID: 42, Salt: []byte("abcdefghijklmnopqrst"), Collation: 255, Status: 2,
		Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SSL | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_LONG_PASSWORD,
		AuthPlugin:   "caching_sha2_password",
	}
	back, err := wire.DecodeGreeting(g.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if back.ServerVersion != g.ServerVersion || back.ThreadID != g.ThreadID || !bytes.Equal(back.Salt, g.Salt) ||
		back.Capabilities != g.Capabilities || back.Collation != g.Collation || back.AuthPlugin != g.AuthPlugin {
		t.Errorf("got %+v, want %+v", back, g)
	}
}

func TestHandshakeResponseRoundTrip(t *testing.T) {
	full := wire.HandshakeResponse{
		Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_CONNECT_WITH_DB |
			mysql.CLIENT_CONNECT_ATTRS | mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA | mysql.CLIENT_LONG_PASSWORD,
		MaxPacketSize: 1 << 24, Collation: 45, User: "app", AuthResponse: []byte{1, 0, 2}, Database: "accounting",
		AuthPlugin: "mysql_native_password", Attributes: []byte("\x03_os\x05Linux"),
	}
	for name, drop := range map[string]wire.Capability{
		"all":           0,
		"no schema":     mysql.CLIENT_CONNECT_WITH_DB,
		"no attributes": mysql.CLIENT_CONNECT_ATTRS,
		"short auth":    mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
	} {
		want := full
		want.Capabilities &^= drop
		got, err := wire.DecodeHandshakeResponse(want.Append(nil))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(got.Append(nil), want.Append(nil)) || got.User != "app" || !bytes.Equal(got.AuthResponse, want.AuthResponse) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	if !wire.IsSSLRequest(wire.HandshakeResponse{Capabilities: mysql.CLIENT_SSL}.AppendSSLRequest(nil)) {
		t.Error("an SSLRequest is not seen as one")
	}
}

func TestEveryCutMessageIsMalformed(t *testing.T) {
	response := wire.HandshakeResponse{
		Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
		User:         "app", AuthResponse: []byte("12345678"),
	}.Append(nil)
	greeting := wire.Greeting{ServerVersion: "9.7.4", Salt: []byte("abcdefghijklmnopqrst"), AuthPlugin: "p"}.Append(nil)
	ok := wire.OK{AffectedRows: 300, LastInsertID: 70000, Status: 2}.Append(nil, 0)
	for name, c := range map[string]struct {
		whole  []byte
		upTo   int // shorter ones are malformed
		decode func([]byte) error
	}{
		"handshake response": {response, len(response), func(b []byte) error { _, err := wire.DecodeHandshakeResponse(b); return err }},
		"greeting":           {greeting, len(greeting) - len("p\x00"), func(b []byte) error { _, err := wire.DecodeGreeting(b); return err }},
		"OK":                 {ok, len(ok), func(b []byte) error { _, err := wire.DecodeOK(b, 0); return err }},
	} {
		if err := c.decode(c.whole); err != nil {
			t.Errorf("%s, whole: %v", name, err)
		}
		for n := range c.upTo {
			if err := c.decode(c.whole[:n]); !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s, %d of %d bytes: error %v", name, n, len(c.whole), err)
			}
		}
	}
}

func TestOKForClientsWithAndWithoutSessionTracking(t *testing.T) {
	const track = mysql.CLIENT_SESSION_TRACK
	block := wire.AppendVariable(nil, "sql_mode", []byte("ANSI_QUOTES"))
	ok := wire.OK{AffectedRows: 1, Status: 2 | wire.StatusSessionChanged, Info: []byte("Rows matched: 1"), SessionState: block}
	got, err := wire.DecodeOK(ok.Append(nil, track), track)
	if err != nil || !bytes.Equal(got.SessionState, block) || string(got.Info) != "Rows matched: 1" {
		t.Errorf("with tracking: %+v, %v", got, err)
	}
	got, err = wire.DecodeOK(ok.Append(nil, 0), 0)
	if err != nil || got.Status != 2 || string(got.Info) != "Rows matched: 1" {
		t.Errorf("without tracking: %+v, %v", got, err)
	}
}

func TestSessionStateBlock(t *testing.T) {
	block := wire.AppendVariable(nil, "sql_mode", []byte("ANSI"))
	block = append(block, byte(wire.StateSchema), 4, 3, 'a', 'p', 'p')
	block = wire.AppendVariable(block, "autocommit", []byte("ON"))
	var seen []string
	for len(block) > 0 {
		change, rest, err := wire.NextStateChange(block)
		if err != nil {
			t.Fatal(err)
		}
		block = rest
		switch change.Type {
		case wire.StateSchema:
			schema, err := change.Schema()
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, "schema="+schema)
		case wire.StateSystemVariable:
			if err := change.Variables(func(name string, value []byte) { seen = append(seen, name+"="+string(value)) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := strings.Join(seen, " "); got != "sql_mode=ANSI schema=app autocommit=ON" {
		t.Errorf("got %q", got)
	}
}

func TestTextRow(t *testing.T) {
	row, err := wire.DecodeTextRow([]byte("\x03abc\xfb\x00"), 3)
	if err != nil || string(row[0]) != "abc" || row[1] != nil || row[2] == nil || len(row[2]) != 0 {
		t.Errorf("got %q, %v", row, err)
	}
	if _, err := wire.DecodeTextRow([]byte("\x03ab"), 1); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a cut value: %v", err)
	}
}
