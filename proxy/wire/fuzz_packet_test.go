package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

func FuzzCutMessage(f *testing.F) {
	raw, _ := wire.AppendPacket(nil, 0, []byte("\x03SELECT 1"))
	everyLength(f, append(raw, "behind"...), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, seq uint8) {
		m, need, ok, err := wire.CutMessage(b, seq)
		switch {
		case err != nil:
			if !errors.Is(err, wire.ErrOutOfOrder) {
				t.Errorf("error %v", err)
			}
			return
		case !ok:
			if need <= 0 {
				t.Error("neither a message nor a wish for more")
			}
			return
		}
		encoded, next := wire.AppendPacket(nil, seq, m.Payload())
		if !bytes.Equal(encoded, m.Raw) || !bytes.HasPrefix(b, m.Raw) || m.Seq+1 != next {
			t.Errorf("% x was cut to % x", b, m.Raw)
		}
		payload, after, err := wire.ReadMessage(bytes.NewReader(b), wire.MaxPayload-1)
		if err != nil || !bytes.Equal(payload, m.Payload()) || after != next {
			t.Errorf("cut to % x, read as % x, %v", m.Payload(), payload, err)
		}
	})
}

func FuzzReadMessage(f *testing.F) {
	raw, _ := wire.AppendPacket(nil, 7, []byte("hello"))
	everyLength(f, append(raw, "behind"...), uint16(100))
	f.Add(raw, uint16(4))
	f.Fuzz(func(t *testing.T, b []byte, limit uint16) {
		r := bytes.NewReader(b)
		payload, next, err := wire.ReadMessage(r, int(limit))
		if err != nil {
			return
		}
		encoded, after := wire.AppendPacket(nil, b[3], payload)
		if len(payload) > int(limit) || !bytes.Equal(encoded, b[:len(b)-r.Len()]) || after != next {
			t.Errorf("% x was read as % x", b, payload)
		}
	})
}

func FuzzRenumber(f *testing.F) {
	raw, _ := wire.AppendPacket(nil, 7, []byte("hello"))
	everyLength(f, append(raw, "behind"...), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, seq uint8) {
		before := bytes.Clone(b)
		wire.Renumber(b, seq)
		if len(b) < wire.HeaderLen {
			return
		}
		if _, _, _, err := wire.CutMessage(b, seq); err != nil {
			t.Errorf("%v", err)
		}
		before[3] = seq
		if wire.PayloadLen(b) < wire.MaxPayload && !bytes.Equal(before, b) {
			t.Errorf("% x became % x", before, b)
		}
	})
}

func FuzzQueryText(f *testing.F) {
	everyLength(f, append([]byte{2, 1, 2, 1, 0xfd, 0, 1, 'a', 0x08, 0, 1, 'b', 5, 'v', 'a', 'l', 'u', 'e'}, "SELECT 1"...))
	f.Add([]byte{0, 1, 'D', 'O'})
	f.Fuzz(func(t *testing.T, body []byte) {
		text, err := wire.QueryText(body)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(body, text) || len(text) > len(body)-2 {
			t.Errorf("% x holds the text %q", body, text)
		}
		for _, capabilities := range []wire.Capability{0, mysql.CLIENT_QUERY_ATTRIBUTES} {
			m, _, ok, err := wire.CutMessage(wire.AppendQuery(nil, text, capabilities), 0)
			if err != nil || !ok || m.Payload()[0] != mysql.COM_QUERY {
				t.Fatalf("%q: % x, %v", text, m.Raw, err)
			}
			again := m.Payload()[1:]
			if capabilities != 0 {
				again, err = wire.QueryText(again)
			}
			if err != nil || !bytes.Equal(again, text) {
				t.Errorf("%q came back as %q, %v", text, again, err)
			}
		}
	})
}

func FuzzProcessKill(f *testing.F) {
	everyLength(f, []byte{1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, body []byte) {
		if id, ok := wire.ProcessKill(body); ok && !bytes.Equal(binary.LittleEndian.AppendUint32(nil, id), body) {
			t.Errorf("% x became %d", body, id)
		}
	})
}

// FuzzCompressed reads what a peer may send as compressed packets, and carries
// it as the content of such packets.
func FuzzCompressed(f *testing.F) {
	for _, algorithm := range []wire.Compression{wire.Zlib, wire.Zstd} {
		var stream bytes.Buffer
		if _, err := compressed(f, &stream, algorithm).Write(bytes.Repeat([]byte("content "), 20)); err != nil {
			f.Fatal(err)
		}
		everyLength(f, stream.Bytes(), uint8(algorithm))
	}
	f.Add(lying(f, "much", 1), uint8(wire.Zlib))
	f.Add(lying(f, "little", 1<<20), uint8(wire.Zlib))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		algorithm := wire.Zlib + wire.Compression(n%2)
		plain, err := io.ReadAll(compressed(t, bytes.NewBuffer(bytes.Clone(b)), algorithm))
		if packets := len(b)/7 + 1; len(plain) > packets*wire.MaxPayload {
			t.Errorf("%d bytes became %d, %v", len(b), len(plain), err)
		}
		var stream bytes.Buffer
		if _, err := compressed(t, &stream, algorithm).Write(b); err != nil {
			t.Fatal(err)
		}
		again, err := io.ReadAll(compressed(t, &stream, algorithm))
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("% x came back as % x, %v", b, again, err)
		}
	})
}
