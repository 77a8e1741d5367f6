package proxy

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"

	"guardrail/policy"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// The client is greeted before the backend is dialled, with a thread id of the
// proxy's own. Drivers give that id to KILL when a query is cancelled, and what
// CONNECTION_ID() or the process list says is the server's: both find the session.

// ownThreads is the lowest thread id that the proxy gives. No server counts
// that far, and it fits in 31 bits, which some drivers keep it in.
const ownThreads = 1 << 30

// thread is one session as KILL may name it.
type thread struct {
	own, server uint32 // ids: the one in our greeting, the one in the server's
	user, app   string
}

// threads are the sessions of a Server. The zero value is ready.
type threads struct {
	mu   sync.Mutex
	byID map[uint32]thread
}

// newThreadID returns an id for a greeting. It is random, because behind a
// balancer KILL may reach another proxy than the one that gave the id.
func newThreadID() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return ownThreads | binary.LittleEndian.Uint32(b[:])&(ownThreads-1)
}

func (t *threads) add(th thread) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = make(map[uint32]thread)
	}
	t.byID[th.own], t.byID[th.server] = th, th
}

func (t *threads) remove(th thread) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, th.own)
	delete(t.byID, th.server)
}

// find returns the session that an id names.
func (t *threads) find(id uint64) (th thread, ok bool) {
	if id != uint64(uint32(id)) {
		return thread{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	th, ok = t.byID[uint32(id)]
	return th, ok
}

// kill handles a KILL of one of this proxy's sessions, by either id, and
// reports false for everything else. A session of the same account needs no
// privilege for it, as at the server; a deny holds all the same.
func (s *session) kill(message wire.Message, v *verdict, text []byte) bool {
	if len(v.statements) != 1 || v.statements[0].Kind != "kill" {
		return false
	}
	id, start, end, ok := sqlparse.KillTarget(text, s.state.mode)
	if !ok {
		return false
	}
	target, ok := s.server.threads.find(id)
	if !ok {
		return false
	}
	if target.user == s.user && target.app == s.name && v.decision.Cause == policy.ByNoGrant {
		own := v.statements[0]
		own.Needs = nil
		v = s.judge(s.state.schema, []sqlparse.Statement{own})
	}
	if s.pass(message, v, text) == passes { // it destroys nothing, so that the record is not waited for
		named := slices.Concat(text[:start], strconv.AppendUint(nil, uint64(target.server), 10), text[end:])
		s.forward(wire.Message{Raw: wire.AppendQuery(nil, named, s.serverCapabilities)}, answerFirst, 0)
	}
	return true
}
