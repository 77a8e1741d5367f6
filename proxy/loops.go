package proxy

import (
	"errors"
	"net"

	"go.uber.org/zap"
)

// Loops are the event loops that sessions run on, shared by the Servers of a
// process. On systems other than Linux there are none, and a session has
// goroutines of its own.
type Loops struct{ loops []*loop }

// StartLoops starts n event loops, one for each core that sessions may use. A
// busy loop holds on to one of GOMAXPROCS while it waits; let that be larger
// than n, so that logins and the record's writers need not wait for a loop.
func StartLoops(n int, log *zap.Logger) (*Loops, error) {
	ls := &Loops{}
	for range n {
		l, err := startLoop(log)
		if errors.Is(err, errors.ErrUnsupported) {
			return ls, nil
		}
		if err != nil {
			ls.Stop()
			return nil, err
		}
		ls.loops = append(ls.loops, l)
	}
	return ls, nil
}

// Stop ends all sessions that are left, and the loops.
func (ls *Loops) Stop() {
	for _, l := range ls.loops {
		l.stop()
	}
}

func (ls *Loops) number() int { return len(ls.loops) }

// adopt gives a session to the loop at a place. See loop.adopt.
func (ls *Loops) adopt(place int, s *session, client, server net.Conn, ended func(error)) bool {
	return place < len(ls.loops) && ls.loops[place].adopt(s, client, server, ended)
}

// evict ends all sessions of a Server, and waits until they are.
func (ls *Loops) evict(s *Server) {
	for _, l := range ls.loops {
		l.evict(s)
	}
}
