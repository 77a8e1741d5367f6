package wire

import (
	"bytes"
	"cmp"
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

// Compress returns a Compressed over stream. level is that of zstd; 0 stands for
// the server's default, 3.
func (c *Codecs) Compress(stream io.ReadWriter, algorithm Compression, level int) (*Compressed, error) {
	switch algorithm {
	case Zlib:
		return &Compressed{stream: stream, codec: (*zlibCodec)(c)}, nil
	case Zstd:
		return &Compressed{stream: stream, codec: zstdCodec{codecs: c, level: zstd.EncoderLevelFromZstd(cmp.Or(level, 3))}}, nil
	}
	return nil, fmt.Errorf("compression algorithm %d", algorithm)
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

// Codecs lends its connections what compresses and decompresses, which is too
// large for each to have its own. The zero value is ready.
type Codecs struct {
	zlibWriters, zlibReaders, zstdReaders sync.Pool
	zstdWriters                           [zstd.SpeedBestCompression + 1]sync.Pool // by level
}

type zlibCodec Codecs

func (z *zlibCodec) compress(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, ok := z.zlibWriters.Get().(*zlib.Writer)
	if !ok {
		w = zlib.NewWriter(nil)
	}
	defer z.zlibWriters.Put(w)
	w.Reset(&out)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

func (z *zlibCodec) decompress(payload []byte, length int) ([]byte, error) {
	r, err := z.reader(payload)
	if err != nil {
		return nil, err
	}
	defer z.zlibReaders.Put(r)
	plain := make([]byte, length)
	if _, err := io.ReadFull(r, plain); err != nil {
		return nil, err
	}
	if more, _ := r.Read(make([]byte, 1)); more > 0 {
		return nil, ErrMalformed
	}
	return plain, nil
}

func (z *zlibCodec) reader(payload []byte) (io.Reader, error) {
	if r, ok := z.zlibReaders.Get().(io.Reader); ok {
		return r, r.(zlib.Resetter).Reset(bytes.NewReader(payload), nil)
	}
	return zlib.NewReader(bytes.NewReader(payload))
}

type zstdCodec struct {
	codecs *Codecs
	level  zstd.EncoderLevel
}

func (z zstdCodec) compress(plain []byte) ([]byte, error) {
	writers := &z.codecs.zstdWriters[z.level]
	w, ok := writers.Get().(*zstd.Encoder)
	if !ok {
		var err error
		if w, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(z.level), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)); err != nil {
			return nil, err
		}
	}
	defer writers.Put(w)
	return w.EncodeAll(plain, nil), nil
}

func (z zstdCodec) decompress(payload []byte, length int) ([]byte, error) {
	r, ok := z.codecs.zstdReaders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if r, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxPayload+1)); err != nil {
			return nil, err
		}
	}
	defer z.codecs.zstdReaders.Put(r)
	return r.DecodeAll(payload, make([]byte, 0, length))
}
