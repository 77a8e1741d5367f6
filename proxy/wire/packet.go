package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// HeaderLen is the length of a packet's header: payload length in three bytes,
// sequence id in one.
const HeaderLen = 4

// MaxPayload is the longest payload of one packet. A message whose packet has
// exactly this length goes on in the next packet, which may be empty.
const MaxPayload = 1<<24 - 1

// PayloadLen returns the payload length that a packet's header announces.
// header must hold at least three bytes.
func PayloadLen(header []byte) int {
	return int(header[0]) | int(header[1])<<8 | int(header[2])<<16
}

// AppendPacket appends payload as one message: a packet, or several where it
// is longer than MaxPayload. It returns the sequence id that follows.
func AppendPacket(dst []byte, seq byte, payload []byte) ([]byte, byte) {
	for {
		n := min(len(payload), MaxPayload)
		dst = append(dst, byte(n), byte(n>>8), byte(n>>16), seq)
		dst = append(dst, payload[:n]...)
		payload = payload[n:]
		seq++
		if n < MaxPayload {
			return dst, seq
		}
	}
}

// Message is one message cut out of a byte stream.
type Message struct {
	Raw []byte // the packets with their headers, as they came
	Seq byte   // sequence id of the last packet
}

// Payload returns what the packets carry, joined. It copies only when the
// message takes more than one packet.
func (m Message) Payload() []byte {
	if PayloadLen(m.Raw) < MaxPayload {
		return m.Raw[HeaderLen:]
	}
	joined := make([]byte, 0, len(m.Raw)-HeaderLen)
	for rest := m.Raw; len(rest) >= HeaderLen; {
		n := PayloadLen(rest)
		joined = append(joined, rest[HeaderLen:HeaderLen+n]...)
		rest = rest[HeaderLen+n:]
	}
	return joined
}

// ErrOutOfOrder says that a packet's sequence id is not the one expected,
// server error 1156.
var ErrOutOfOrder = fmt.Errorf("packets out of order: %w", ErrMalformed)

// CutMessage cuts the first message off buf, whose packets must be numbered
// seq, seq+1 and so on. Where buf does not hold the whole message it returns
// false and how many more bytes are surely needed.
func CutMessage(buf []byte, seq byte) (m Message, need int, ok bool, err error) {
	end := 0
	for {
		if len(buf)-end < HeaderLen {
			return Message{}, HeaderLen - (len(buf) - end), false, nil
		}
		if buf[end+3] != seq {
			return Message{}, 0, false, ErrOutOfOrder
		}
		n := PayloadLen(buf[end:])
		end += HeaderLen + n
		if len(buf) < end {
			return Message{}, end - len(buf), false, nil
		}
		if n < MaxPayload {
			return Message{Raw: buf[:end:end], Seq: seq}, 0, true, nil
		}
		seq++
	}
}

// Renumber gives the packets of the first message in buf, as far as it is there,
// the sequence ids seq, seq+1 and so on. Inside compressed packets nobody looks
// at them, and some clients get them wrong.
func Renumber(buf []byte, seq byte) {
	for at := 0; len(buf)-at >= HeaderLen; seq++ {
		buf[at+3] = seq
		n := PayloadLen(buf[at:])
		if n < MaxPayload {
			return
		}
		at += HeaderLen + n
	}
}

// ReadMessage reads one message of the connection phase from r, without
// reading a byte past it, and returns its payload and the sequence id that
// follows. A message longer than limit bytes is malformed.
func ReadMessage(r io.Reader, limit int) (payload []byte, next byte, err error) {
	var header [HeaderLen]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, 0, err
	}
	n := PayloadLen(header[:])
	if n > limit || n == MaxPayload {
		return nil, 0, fmt.Errorf("message of %d bytes, at most %d allowed here: %w", n, limit, ErrMalformed)
	}
	// The peer may be anyone yet: memory grows with what it sends, not with what it announces.
	var arrived bytes.Buffer
	switch _, err := io.CopyN(&arrived, r, int64(n)); {
	case errors.Is(err, io.EOF):
		return nil, 0, io.ErrUnexpectedEOF
	case err != nil:
		return nil, 0, err
	}
	return arrived.Bytes(), header[3] + 1, nil
}
