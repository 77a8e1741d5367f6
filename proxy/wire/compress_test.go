package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"

	"guardrail/proxy/wire"
)

func compressed(t testing.TB, stream io.ReadWriter, algorithm wire.Compression) *wire.Compressed {
	t.Helper()
	c, err := new(wire.Codecs).Compress(stream, algorithm, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompressedPacketsComeOutAsTheyWentIn(t *testing.T) {
	for name, algorithm := range map[string]wire.Compression{"zlib": wire.Zlib, "zstd": wire.Zstd} {
		for _, size := range []int{0, 1, 45, 46, 1000, wire.MaxPayload - 5, wire.MaxPayload - 4, wire.MaxPayload, wire.MaxPayload + 1} {
			var stream bytes.Buffer
			message, _ := wire.AppendPacket(nil, 0, bytes.Repeat([]byte("x"), size))
			if _, err := compressed(t, &stream, algorithm).Write(message); err != nil {
				t.Fatal(err)
			}
			if size > 1000 && stream.Len() > size/100 {
				t.Errorf("%s: %d equal bytes became %d", name, size, stream.Len())
			}
			got, err := io.ReadAll(compressed(t, &stream, algorithm))
			if err != nil || !bytes.Equal(got, message) {
				t.Errorf("%s: %d bytes came back as %d, %v", name, len(message), len(got), err)
			}
		}
	}
}

func TestCompressedPacketsAreNumbered(t *testing.T) {
	var stream bytes.Buffer
	c := compressed(t, &stream, wire.Zlib)
	numbers := func() (got []byte) {
		for stream.Len() > 0 {
			header := stream.Next(7)
			stream.Next(wire.PayloadLen(header))
			got = append(got, header[3])
		}
		return got
	}
	command, _ := wire.AppendPacket(nil, 0, []byte("command"))
	goesOn, _ := wire.AppendPacket(nil, 3, []byte("goes on"))
	for i, p := range [][]byte{command, goesOn, goesOn, command} {
		if i == 3 {
			c.Begin()
		}
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if got := numbers(); !bytes.Equal(got, []byte{0, 1, 2, 0}) {
		t.Errorf("numbers of what a client sends: %v", got)
	}
	stream.Write([]byte{0, 0, 0, 41, 0, 0, 0})
	stream.Write([]byte{1, 0, 0, 41, 0, 0, 0, 'x'})
	if _, err := c.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(goesOn); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); !bytes.Equal(got, []byte{42}) {
		t.Errorf("the number of an answer: %v", got)
	}
}

// lying is a compressed packet that says its payload was length bytes long.
func lying(t testing.TB, plain string, length int) []byte {
	t.Helper()
	var payload bytes.Buffer
	w := zlib.NewWriter(&payload)
	_, _ = io.WriteString(w, plain)
	w.Close()
	n := payload.Len()
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, byte(length), byte(length >> 8), byte(length >> 16)}, payload.Bytes()...)
}

func TestACompressedPacketThatLies(t *testing.T) {
	bomb := strings.Repeat("x", 1<<20)
	for name, packet := range map[string][]byte{
		"longer than it says":  lying(t, bomb, 1000),
		"shorter than it says": lying(t, "x", 1000),
		"not compressed":       {4, 0, 0, 0, 9, 0, 0, 'a', 'b', 'c', 'd'},
	} {
		for _, algorithm := range []wire.Compression{wire.Zlib, wire.Zstd} {
			_, err := io.ReadAll(compressed(t, bytes.NewBuffer(packet), algorithm))
			if !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
