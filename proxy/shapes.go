package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"guardrail/proxy/metrics"
	"guardrail/sqlparse"
)

const (
	// shapeWays is how many places a shape may be at: those of one set.
	shapeWays = 4
	// maxShapeSets bounds the number of one app's shapes.
	maxShapeSets = 4096
	// maxShapeWeight bounds what one app's shapes hold, in bytes, about.
	maxShapeWeight = 16 << 20
	// heaviestShape is the weight of the heaviest that is remembered.
	heaviestShape = 256 << 10
)

// shapeKey is all that a verdict about a text hangs on, besides the app.
type shapeKey struct {
	shape          []byte
	mode           sqlparse.Mode
	schema         string
	lowerCaseNames bool
}

// shapeID names a shape in records: a hash of it, the same everywhere.
func shapeID(shape []byte) string {
	sum := sha256.Sum256(shape)
	return hex.EncodeToString(sum[:16])
}

// shapes are one app's verdicts: a table of sets of a few places each, as in a
// CPU's cache. Those who ask take no lock and write to nothing that others read
// often. Those who put push out what was not asked for since it was last spared,
// so that shapes which come once do not displace those that come again.
type shapes struct {
	seed   maphash.Seed
	sets   atomic.Pointer[[]shapeSet] // a power of two
	hits   atomic.Uint64
	misses atomic.Uint64

	mu      sync.Mutex
	entries int
	weight  int
	evicted uint64
	hand    int // the set that a search for weight to lose begins with
}

type shapeSet [shapeWays]atomic.Pointer[knownShape]

// knownShape is one remembered verdict.
type knownShape struct {
	hash    uint64
	key     shapeKey
	verdict *verdict
	weight  int
	asked   atomic.Bool // since it was last spared
}

func newShapes() *shapes {
	s := &shapes{seed: maphash.MakeSeed()}
	s.sets.Store(&[]shapeSet{{}})
	return s
}

// get returns the verdict about a text, or nil, and counts that it was asked for.
func (s *shapes) get(k shapeKey) *verdict {
	v := s.find(k)
	if v != nil {
		s.hits.Add(1)
	} else {
		s.misses.Add(1)
	}
	return v
}

func (s *shapes) find(k shapeKey) *verdict {
	hash := s.hash(k)
	sets := *s.sets.Load()
	set := &sets[hash&uint64(len(sets)-1)]
	for i := range set {
		e := set[i].Load()
		if e == nil || e.hash != hash || !e.key.equal(k) {
			continue
		}
		if !e.asked.Load() {
			e.asked.Store(true)
		}
		return e.verdict
	}
	return nil
}

// hash finds the set. What it does not tell apart, equal does.
func (s *shapes) hash(k shapeKey) uint64 {
	const odd = 0x9e3779b97f4a7c15
	schema := maphash.String(s.seed, k.schema)
	return maphash.Bytes(s.seed, k.shape) ^ (schema+uint64(k.mode.SQLMode)<<8+uint64(k.mode.Charset))*odd
}

func (k shapeKey) equal(other shapeKey) bool {
	return bytes.Equal(k.shape, other.shape) && k.mode == other.mode && k.schema == other.schema && k.lowerCaseNames == other.lowerCaseNames
}

// clone is the key with memory of its own: the bytes are the lexer's, which are
// written over with the next text.
func (k shapeKey) clone() shapeKey {
	k.shape, k.schema = bytes.Clone(k.shape), strings.Clone(k.schema)
	return k
}

// put remembers a verdict.
func (s *shapes) put(k shapeKey, v *verdict) {
	e := &knownShape{hash: s.hash(k), key: k, verdict: v, weight: weightOf(k, v)}
	if e.weight > heaviestShape {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.weight+e.weight > maxShapeWeight {
		s.lose()
	}
	for !s.place(e) {
		s.grow()
	}
}

// place puts an entry into its set: in the place of the same shape, where
// there is none, or in that of another where the table may not grow.
func (s *shapes) place(e *knownShape) bool {
	sets := *s.sets.Load()
	set := &sets[e.hash&uint64(len(sets)-1)]
	for i := range set {
		if old := set[i].Load(); old != nil && old.hash == e.hash && old.key.equal(e.key) {
			s.replace(&set[i], e)
			return true
		}
	}
	for i := range set {
		if set[i].Load() == nil {
			s.replace(&set[i], e)
			return true
		}
	}
	if len(sets) < maxShapeSets {
		return false
	}
	s.replace(set.victim(), e)
	s.evicted++
	return true
}

// replace puts an entry, or none, in the place of another, or of none.
func (s *shapes) replace(place *atomic.Pointer[knownShape], e *knownShape) {
	if old := place.Swap(e); old != nil {
		s.entries--
		s.weight -= old.weight
	}
	if e != nil {
		s.entries++
		s.weight += e.weight
	}
}

// victim is the place of the first that was not asked for since it was last
// spared. Where all were, all are spared once and the first has to go.
func (set *shapeSet) victim() *atomic.Pointer[knownShape] {
	for i := range set {
		if !set[i].Load().asked.Load() {
			return &set[i]
		}
	}
	for i := range set {
		set[i].Load().asked.Store(false)
	}
	return &set[0]
}

// lose makes the next set lighter by what was not asked for since it was last spared.
func (s *shapes) lose() {
	sets := *s.sets.Load()
	set := &sets[s.hand%len(sets)]
	s.hand++
	for i := range set {
		e := set[i].Load()
		if e != nil && !e.asked.Swap(false) {
			s.replace(&set[i], nil)
			s.evicted++
		}
	}
}

// grow doubles the table. Those who ask meanwhile find the old one.
func (s *shapes) grow() {
	old := *s.sets.Load()
	sets := make([]shapeSet, 2*len(old))
	for i := range old {
		for j := range old[i] {
			if e := old[i][j].Load(); e != nil {
				// What shared a set has at most as many places in each of the two.
				sets[e.hash&uint64(len(sets)-1)][j].Store(e)
			}
		}
	}
	s.sets.Store(&sets)
}

func (s *shapes) stats() metrics.ShapeStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return metrics.ShapeStats{Entries: s.entries, Hits: s.hits.Load(), Misses: s.misses.Load(), Evictions: s.evicted}
}

// weightOf is about what an entry holds on to, in bytes.
func weightOf(k shapeKey, v *verdict) int {
	const entry = int(unsafe.Sizeof(knownShape{}) + unsafe.Sizeof(verdict{}))
	return entry + len(k.shape) + len(k.schema) + weightOfAll(v.statements)
}

// weightOfAll counts the names twice: what is read holds on to parts of the
// text that the parser was given.
func weightOfAll(statements []sqlparse.Statement) (n int) {
	for i := range statements {
		st := &statements[i]
		n += int(unsafe.Sizeof(*st)) + len(st.Reason) + 64*(len(st.Pinned)+len(st.Sets)) + weightOfAll(st.Inner)
		for _, need := range st.Needs {
			n += int(unsafe.Sizeof(need)) + 2*len(need.Object.Schema) + 2*len(need.Object.Name)
		}
	}
	return n
}
