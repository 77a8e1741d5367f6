package wire

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Compression is an algorithm of the compressed protocol.
type Compression uint8

// The zero value does not compress.
const (
	NoCompression Compression = iota
	Zlib                      // CLIENT_COMPRESS
	Zstd                      // CLIENT_ZSTD_COMPRESSION_ALGORITHM, MySQL only
)

// CompressionOf returns what both sides of a connection use that negotiated
// capabilities: zlib where both were.
func CompressionOf(capabilities Capability) Compression {
	switch {
	case capabilities&mysql.CLIENT_COMPRESS != 0:
		return Zlib
	case capabilities&mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM != 0:
		return Zstd
	}
	return NoCompression
}

// compressedHeaderLen is the length of a compressed packet's header: payload
// length in three bytes, sequence id in one, length before compression in
// three, where 0 says that the payload is not compressed.
const compressedHeaderLen = 7

// minCompressed is the shortest payload that is worth compressing, in bytes;
// the server's MIN_COMPRESS_LENGTH.
const minCompressed = 50

// Compressed carries packets in compressed packets over a stream, from the
// first command on. One goroutine may read while another writes.
type Compressed struct {
	stream io.ReadWriter
	codec  codec
	plain  []byte // read and decompressed, not yet taken

	mu  sync.Mutex
	seq byte // of the next compressed packet to write
}

// NewCompressed returns a Compressed over stream. level is that of zstd; 0
// stands for the server's default, 3.
func NewCompressed(stream io.ReadWriter, algorithm Compression, level int) (*Compressed, error) {
	c := &Compressed{stream: stream}
	switch algorithm {
	case Zlib:
		c.codec = zlibCodec{}
	case Zstd:
		codec, err := newZstdCodec(level)
		if err != nil {
			return nil, err
		}
		c.codec = codec
	default:
		return nil, fmt.Errorf("compression algorithm %d", algorithm)
	}
	return c, nil
}

// Read reads what the peer sent, decompressed.
func (c *Compressed) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if err := c.readPacket(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

func (c *Compressed) readPacket() error {
	var header [compressedHeaderLen]byte
	if _, err := io.ReadFull(c.stream, header[:]); err != nil {
		return err
	}
	c.mu.Lock()
	c.seq = header[3] + 1
	c.mu.Unlock()
	payload := make([]byte, PayloadLen(header[:]))
	if _, err := io.ReadFull(c.stream, payload); err != nil {
		return err
	}
	length := PayloadLen(header[4:])
	if length == 0 {
		c.plain = payload
		return nil
	}
	plain, err := c.codec.decompress(payload, length)
	if err != nil || len(plain) != length {
		return fmt.Errorf("compressed packet: %w: %w", ErrMalformed, err)
	}
	c.plain = plain
	return nil
}

// Begin says that the next Write is a command: its compressed packet is numbered
// 0. A server answers the second of two commands in one compressed packet only
// when it hears more, so that each wants a Write of its own.
func (c *Compressed) Begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq = 0
}

// Write sends bytes of packets, numbered after what was written or read last.
func (c *Compressed) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out, err := c.appendPackets(nil, p)
	if err != nil {
		return 0, err
	}
	if _, err := c.stream.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// appendPackets appends plain in as many compressed packets as it takes.
func (c *Compressed) appendPackets(dst, plain []byte) ([]byte, error) {
	for len(plain) > 0 {
		n := min(len(plain), MaxPayload)
		var err error
		if dst, err = c.appendPacket(dst, plain[:n]); err != nil {
			return nil, err
		}
		plain = plain[n:]
	}
	return dst, nil
}

func (c *Compressed) appendPacket(dst, plain []byte) ([]byte, error) {
	payload, length := plain, 0
	if len(plain) >= minCompressed {
		compressed, err := c.codec.compress(plain)
		if err != nil {
			return nil, err
		}
		if len(compressed) < len(plain) {
			payload, length = compressed, len(plain)
		}
	}
	n := len(payload)
	dst = append(dst, byte(n), byte(n>>8), byte(n>>16), c.seq, byte(length), byte(length>>8), byte(length>>16))
	c.seq++
	return append(dst, payload...), nil
}

// codec compresses single payloads. length is what the peer says the payload
// was, at most MaxPayload; decompress makes no more of it.
type codec interface {
	compress(plain []byte) ([]byte, error)
	decompress(payload []byte, length int) ([]byte, error)
}

type zlibCodec struct{}

func (zlibCodec) compress(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func (zlibCodec) decompress(payload []byte, length int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	plain := make([]byte, length)
	n, err := io.ReadFull(r, plain)
	if err != nil {
		return nil, err
	}
	if more, _ := r.Read(make([]byte, 1)); more > 0 {
		return nil, ErrMalformed
	}
	return plain[:n], r.Close()
}

type zstdCodec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newZstdCodec(level int) (zstdCodec, error) {
	if level == 0 {
		level = 3
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return zstdCodec{}, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxPayload+1))
	return zstdCodec{encoder, decoder}, err
}

func (z zstdCodec) compress(plain []byte) ([]byte, error) {
	return z.encoder.EncodeAll(plain, nil), nil
}

func (z zstdCodec) decompress(payload []byte, length int) ([]byte, error) {
	return z.decoder.DecodeAll(payload, make([]byte, 0, length))
}
