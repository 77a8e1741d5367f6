package proxy

import (
	"errors"
	"net"
	"sync"

	"go.uber.org/zap"
)

// Loops are the event loops that sessions run on, shared by the Servers of a
// process. On systems other than Linux there are none, and a session has
// goroutines of its own.
type Loops struct {
	loops  []*loop
	asides asides

	mu       sync.Mutex
	sessions []int // of each loop
}

// together is how many sessions without TLS are put with one loop before the next
// gets any. A loop that is awake takes the next statement without being woken: on
// few sessions two loops spend a tenth more than one. More than these could keep a
// core busy.
const together = 8

// StartLoops starts n event loops, one for each core that sessions may use. A
// busy loop holds on to one of GOMAXPROCS while it waits; let that be larger
// than n, so that logins and the record's writers need not wait for a loop.
func StartLoops(n int, log *zap.Logger) (*Loops, error) {
	ls := &Loops{asides: asides{most: n}}
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
	ls.sessions = make([]int, len(ls.loops))
	return ls, nil
}

// Stop ends all sessions that are left, and the loops.
func (ls *Loops) Stop() {
	for _, l := range ls.loops {
		l.stop()
	}
	ls.asides.stop()
}

// help reports whether there is a loop that is not to be held up.
func (ls *Loops) help() bool { return ls != nil && len(ls.loops) > 0 }

func (ls *Loops) number() int { return len(ls.loops) }

// place chooses the loop of a new session: the first that has few, or the one that
// has the least. TLS may keep a core busy on its own. The session's end is told to
// leave. Where there are no loops, the place is 0.
func (ls *Loops) place(secured bool) int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if len(ls.sessions) == 0 {
		return 0
	}
	place := 0
	for i, n := range ls.sessions {
		if !secured && n < together {
			place = i
			break
		}
		if n < ls.sessions[place] {
			place = i
		}
	}
	ls.sessions[place]++
	return place
}

// leave takes note that a session has left its place.
func (ls *Loops) leave(place int) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if place < len(ls.sessions) {
		ls.sessions[place]--
	}
}

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
