package proxy

import (
	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// infile passes the client's packets on as the data that the server has asked
// for with LOAD DATA LOCAL, up to the empty packet that ends them. They are not
// commands, whatever they look like, and they are numbered on from the server's
// request: a command, which is numbered 0, is never taken for one of them. It
// returns what it did not use.
func (s *session) infile(p []byte) (rest []byte, err error) {
	sent := 0
	for s.inflight.answer.phase == answerInfile {
		if n := min(s.fileLeft, len(p)-sent); n > 0 {
			sent, s.fileLeft = sent+n, s.fileLeft-n
		}
		if s.fileLeft > 0 || len(p)-sent < wire.HeaderLen {
			break
		}
		if s.unnumbered {
			p[sent+3] = s.fileSeq
		}
		if p[sent+3] != s.fileSeq {
			return nil, s.fail(p[sent+3]+1, mysql.ER_NET_PACKETS_OUT_OF_ORDER, "08S01", "Got packets out of order", wire.ErrOutOfOrder)
		}
		s.fileSeq++
		n := wire.PayloadLen(p[sent:])
		sent, s.fileLeft = sent+wire.HeaderLen, n
		if n == 0 && !s.fileLong {
			s.inflight.answer.phase = answerFirst
		}
		s.fileLong = n == wire.MaxPayload
	}
	if sent > 0 {
		s.wires.toServer(p[:sent])
	}
	return p[sent:], nil
}
