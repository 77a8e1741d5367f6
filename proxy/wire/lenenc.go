package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every decoding error: the peer sent a message
// that the protocol does not allow. The connection cannot go on.
var ErrMalformed = errors.New("malformed packet")

func malformed(message string) error { return fmt.Errorf("%s: %w", message, ErrMalformed) }

// cursor walks over a payload. The first read past its end sets bad, and every
// later read returns zero values, so that a decoder checks once, at its end.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.rest) {
		c.bad, c.rest = true, nil
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) uint8() byte {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// lenencInt reads a length-encoded integer. 0xfb (NULL) and 0xff are malformed
// here: a caller that allows NULL looks first.
func (c *cursor) lenencInt() uint64 {
	switch first := c.uint8(); first {
	case 0xfb, 0xff:
		c.bad, c.rest = true, nil
		return 0
	case 0xfc:
		return uint64(c.uint16())
	case 0xfd:
		b := c.bytes(3)
		if b == nil {
			return 0
		}
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16
	case 0xfe:
		if b := c.bytes(8); b != nil {
			return binary.LittleEndian.Uint64(b)
		}
		return 0
	default:
		return uint64(first)
	}
}

func (c *cursor) lenencBytes() []byte {
	n := c.lenencInt()
	if n > uint64(len(c.rest)) {
		c.bad, c.rest = true, nil
		return nil
	}
	return c.bytes(int(n))
}

// nulBytes reads up to and including a NUL, which is left out. Without a NUL
// it takes the rest, as the server does for the last field of a message.
func (c *cursor) nulBytes() []byte {
	for i, b := range c.rest {
		if b == 0 {
			s := c.rest[:i:i]
			c.rest = c.rest[i+1:]
			return s
		}
	}
	return c.all()
}

func (c *cursor) all() []byte {
	b := c.rest
	c.rest = nil
	return b
}

// AppendLenencInt appends n as a length-encoded integer.
func AppendLenencInt(dst []byte, n uint64) []byte {
	switch {
	case n < 0xfb:
		return append(dst, byte(n))
	case n < 1<<16:
		return append(dst, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 0xfe), n)
}

// AppendLenencBytes appends b with its length in front.
func AppendLenencBytes[T string | []byte](dst []byte, b T) []byte {
	return append(AppendLenencInt(dst, uint64(len(b))), b...)
}
