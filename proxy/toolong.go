package proxy

import (
	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// tooLong is a message that is longer than the server takes. It is read away,
// so that its client comes to read the error, and the session ends as it would
// at the server.
type tooLong struct {
	left int  // bytes of a packet
	last bool // no other packet follows it
	seq  byte
}

// readAway drops what came of a message that is too long, and returns what is
// not yet enough to go on.
func (s *session) readAway(p []byte) (rest []byte, err error) {
	t := s.tooLong
	for {
		n := min(t.left, len(p))
		p, t.left = p[n:], t.left-n
		switch {
		case t.left > 0:
			return nil, nil
		case t.last:
			return nil, s.fail(t.seq+1, mysql.ER_NET_PACKET_TOO_LARGE, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes", errEnd)
		case len(p) < wire.HeaderLen:
			return p, nil
		}
		t.left, t.seq = wire.PayloadLen(p), p[3]
		t.last = t.left < wire.MaxPayload
		p = p[wire.HeaderLen:]
	}
}

// longest is how long a message of the client may be, headers included: what
// the server takes, and never more than the proxy's own bound.
func (s *session) longest() int {
	longest := s.server.options.MaxMessage
	if n := s.state.maxPacket; n > 0 {
		longest = min(longest, n-1+wire.HeaderLen*(1+n/wire.MaxPayload))
	}
	return longest
}
