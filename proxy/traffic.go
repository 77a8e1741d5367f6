package proxy

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"guardrail/policy"
	"guardrail/policy/traffic"
	"guardrail/sqlparse"
)

// Traffic counts what apps send, by account and shape of text, for the Servers
// of a process. A statement costs one atomic addition to a counter that hangs
// on its remembered verdict, and that hardly any other core writes to; all else
// is done by whoever drains it.
type Traffic struct {
	mu     sync.Mutex
	tolls  []*toll
	unkept atomic.Uint64
}

// NewTraffic returns a Traffic that has counted nothing.
func NewTraffic() *Traffic { return &Traffic{} }

const (
	maxNewShapes = 4096     // shapes that one event loop takes up between two drains
	maxNewText   = 16 << 20 // bytes of text that it keeps for them
	maxAccounts  = 16       // counted apart in one shape; further ones are "*", any account
	keptExample  = 4 << 10  // a longer example is told once, and not kept in memory
)

// toll gathers the counters of one event loop that have changed.
type toll struct {
	server  *Server
	mu      sync.Mutex
	changed []*passage // since the last drain
	shapes  int        // new ones since then
	bytes   int        // of their texts
}

// toll returns what an event loop of a Server counts with; nil where traffic is not recorded.
func (t *Traffic) toll(s *Server) *toll {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &toll{server: s}
	t.tolls = append(t.tolls, c)
	return c
}

// shapeSeen is a shape of text as one app sends it.
type shapeSeen struct {
	app      string
	key      shapeKey
	accounts atomic.Pointer[passage]

	// The rest is the drain's.
	text            []byte // nil when it is known what is told of it
	example, masked string
}

// passage counts how often an account has sent a shape since the last drain.
type passage struct {
	of             *shapeSeen
	account        string
	next           *passage
	count, refused atomic.Uint64
	first          time.Time // when count became 1; under the toll's lock
}

// take takes up a shape that is new to the loop. It returns nil, which is not
// counted, where there are too many of them.
func (c *toll) take(app *policy.App, key shapeKey, text []byte) *shapeSeen {
	if c == nil || app == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shapes >= maxNewShapes || c.bytes+len(text) > maxNewText {
		c.server.options.Traffic.unkept.Add(1)
		return nil
	}
	c.shapes, c.bytes = c.shapes+1, c.bytes+len(text)
	return &shapeSeen{app: app.Name(), key: key, text: slices.Clone(text)}
}

// by returns the counter of an account.
func (n *shapeSeen) by(account string) *passage {
	for {
		head, others := n.accounts.Load(), 0
		for p := head; p != nil; p = p.next {
			if p.account == account {
				return p
			}
			others++
		}
		if others >= maxAccounts && account != anyAccount {
			account = anyAccount
			continue
		}
		p := &passage{of: n, account: account, next: head}
		if n.accounts.CompareAndSwap(head, p) {
			return p
		}
	}
}

// anyAccount is the policy's word for accounts that no app names.
const anyAccount = "*"

// count counts a command whose verdict is final.
func (s *session) count(v *verdict, refused bool) {
	if v.seen == nil {
		return
	}
	p := v.seen.by(s.user)
	if p.count.Add(1) == 1 {
		s.verdicts.toll.enlist(p)
	}
	if refused {
		p.refused.Add(1)
	}
}

// enlist has a counter looked at by the next drain.
func (c *toll) enlist(p *passage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.first = c.server.options.Now()
	c.changed = append(c.changed, p)
}

// Drain returns what was counted since it was last called, and how many texts
// were not, as there were too many new shapes of them.
func (t *Traffic) Drain() (records []traffic.Record, unkept uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.tolls {
		records = append(records, c.drain()...)
	}
	return records, t.unkept.Swap(0)
}

func (c *toll) drain() []traffic.Record {
	c.mu.Lock()
	changed := c.changed
	c.changed, c.shapes, c.bytes = nil, 0, 0
	first := make([]time.Time, len(changed))
	for i, p := range changed {
		first[i] = p.first
	}
	c.mu.Unlock()
	now := c.server.options.Now()
	records := make([]traffic.Record, len(changed))
	for i, p := range changed {
		records[i] = c.server.recordOf(p.of)
		r := &records[i]
		r.Account, r.FirstSeen, r.LastSeen = p.account, first[i], now
		r.Count, r.Refused = p.count.Swap(0), p.refused.Swap(0)
	}
	return records
}

// recordOf is what a record says of a shape.
func (s *Server) recordOf(n *shapeSeen) traffic.Record {
	example, masked := n.told(s.options.Reader)
	return traffic.Record{
		App: n.app, Backend: s.options.Backend.Name, Environment: s.options.Environment,
		Schema: n.key.schema, Server: n.key.mode.Server.String(), SQLMode: n.key.mode.SQLMode.String(),
		LowerCaseNames: n.key.lowerCaseNames, Shape: shapeID(n.key.shape),
		Example: example, Masked: masked,
	}
}

// told makes the example of a shape when it is first asked for. The text itself
// is forgotten then.
func (n *shapeSeen) told(reader *sqlparse.Reader) (example, masked string) {
	if n.text == nil {
		return n.example, n.masked
	}
	var ok bool
	if example, ok = reader.Example(n.text, n.key.mode); !ok {
		example, masked = "", sqlparse.Mask(n.text, n.key.mode)
	}
	n.text = nil
	if len(example) <= keptExample {
		n.example, n.masked = example, masked
	}
	return example, masked
}
