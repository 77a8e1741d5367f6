package proxy

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/policy"
	"guardrail/proxy/metrics"
	"guardrail/sqlparse"
)

// keyOf is a key that differs from those of other numbers in its shape alone.
func keyOf(n int) shapeKey { return shapeKey{shape: fmt.Appendf(nil, "shape %d", n), schema: "shop"} }

func TestAVerdictIsFoundByAllThatItHangsOn(t *testing.T) {
	s := newShapes()
	keys := []shapeKey{
		{shape: []byte("a")},
		{shape: []byte("b")},
		{shape: []byte("a"), schema: "shop"},
		{shape: []byte("a"), lowerCaseNames: true},
		{shape: []byte("a"), mode: sqlparse.Mode{SQLMode: sqlparse.ANSIQuotes}},
		{shape: []byte("a"), mode: sqlparse.Mode{Charset: sqlparse.CharsetUTF8}},
		{shape: []byte("a"), mode: sqlparse.Mode{Server: sqlparse.Server{Flavour: sqlparse.MySQL, Version: 80000}}},
	}
	verdicts := make([]*verdict, len(keys))
	for i, k := range keys {
		if s.get(k) != nil {
			t.Errorf("key %d is known before it was put", i)
		}
		verdicts[i] = &verdict{files: i}
		s.put(k, verdicts[i])
	}
	for i, k := range keys {
		if got := s.get(k); got != verdicts[i] {
			t.Errorf("key %d: %+v", i, got)
		}
	}
	again := &verdict{}
	s.put(keys[0], again)
	if got := s.get(keys[0]); got != again {
		t.Error("a verdict that was made again did not take the place of the older one")
	}
	want := metrics.ShapeStats{Entries: len(keys), Hits: uint64(len(keys)) + 1, Misses: uint64(len(keys))}
	if got := s.stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The key's bytes are the lexer's, which are written over with the next text.
func TestAKeyIsKept(t *testing.T) {
	current := &policy.Current{Set: compiled(t, plainGrants), Generation: 1}
	app, c := current.Set.App("app"), newVerdicts(current)
	shape := []byte("one")
	c.remember(app, shapeKey{shape: shape}, &verdict{}, nil)
	copy(shape, "two")
	if c.get(app, shapeKey{shape: []byte("one")}) == nil || c.get(app, shapeKey{shape: shape}) != nil {
		t.Error("the key changed with the caller's bytes")
	}
}

func TestShapesThatComeOnceDisplaceNoneThatComeAgain(t *testing.T) {
	const hot, flood, between = 500, 300_000, 50_000 // once in that many others: more than there is room for
	s := newShapes()
	asks := func(i int) {
		if k := keyOf(-1 - i); s.get(k) == nil {
			s.put(k, &verdict{})
		}
	}
	for i := range 2 * hot {
		asks(i % hot)
	}
	before := s.stats().Misses
	for i := range flood {
		s.put(keyOf(i), &verdict{})
		if every := between / hot; i%every == 0 {
			asks(i / every % hot)
		}
	}
	st := s.stats()
	if st.Entries > maxShapeSets*shapeWays || st.Entries < maxShapeSets {
		t.Errorf("%d shapes are remembered of %d, want at most %d", st.Entries, flood, maxShapeSets*shapeWays)
	}
	if int(st.Evictions)+st.Entries < flood {
		t.Errorf("%d evicted and %d there of %d", st.Evictions, st.Entries, flood)
	}
	asked := flood / (between / hot)
	if missed := int(st.Misses - before); missed > asked/20 {
		t.Errorf("%d of %d texts that come again were not remembered", missed, asked)
	}
}

func TestHeavyShapesAreBoundedByWeight(t *testing.T) {
	s := newShapes()
	heavy := strings.Repeat("x", heaviestShape/2)
	for i := range 1000 {
		s.put(shapeKey{shape: fmt.Append(nil, heavy, i)}, &verdict{})
	}
	if s.weight > maxShapeWeight || s.entries < maxShapeWeight/heaviestShape {
		t.Errorf("%d shapes of %d bytes", s.entries, s.weight)
	}
	k := shapeKey{shape: []byte(strings.Repeat("x", heaviestShape))}
	if s.put(k, &verdict{}); s.get(k) != nil {
		t.Error("a shape that is too heavy is remembered")
	}
	for s.entries > 0 {
		s.lose()
	}
	if s.weight != 0 {
		t.Errorf("none is left, and they weigh %d", s.weight)
	}
}

func TestShapesAreAskedForFromManySides(t *testing.T) {
	s := newShapes()
	var all sync.WaitGroup
	for side := range 4 {
		all.Go(func() {
			for i := range 20_000 {
				n := i * (side + 1) % 30_000
				if v := s.get(keyOf(n)); v != nil && v.files != n {
					t.Errorf("shape %d has the verdict of %d", n, v.files)
				}
				s.put(keyOf(n), &verdict{files: n})
			}
		})
	}
	all.Wait()
	found := 0
	for i := range *s.sets.Load() {
		for j := range shapeWays {
			if (*s.sets.Load())[i][j].Load() != nil {
				found++
			}
		}
	}
	if found != s.stats().Entries {
		t.Errorf("%d are there, %d were counted", found, s.stats().Entries)
	}
}

// compiled is the set of a policy.
func compiled(t testing.TB, text string) *policy.Set {
	t.Helper()
	p, err := policy.Parse([]policy.Source{{File: "app.yaml", Text: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile("production")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestVerdictsEndWithTheirPolicies(t *testing.T) {
	first, second := &policy.Current{Set: compiled(t, plainGrants), Generation: 1}, &policy.Current{Set: compiled(t, plainGrants), Generation: 2}
	old, app := first.Set.App("app"), second.Set.App("app")
	c := newVerdicts(first)
	c.put(old, keyOf(1), &verdict{})
	c.get(old, keyOf(1))
	c.follow(second)
	c.follow(first) // a session that looked at the policies a moment earlier
	c.put(old, keyOf(1), &verdict{})
	if c.get(old, keyOf(1)) != nil {
		t.Error("a verdict of an app that is no longer in force")
	}
	c.put(app, keyOf(1), &verdict{})
	if c.get(app, keyOf(1)) == nil {
		t.Error("no verdict of the app in force")
	}
	c.put(nil, keyOf(2), &verdict{})
	if c.get(nil, keyOf(2)) != nil {
		t.Error("a verdict of nobody's")
	}
	if got, want := c.stats(), (metrics.ShapeStats{Entries: 1, Hits: 2}); got != want {
		t.Errorf("%+v, want %+v: what was counted stays counted", got, want)
	}
}

// A client that sends ever new shapes: memory stays, and what another app sends
// stays known.
func TestHostileShapes(t *testing.T) {
	const floods = 20_000
	guard := guardingBy(t, plainGrants)
	guard.options.Recorder = forgetful{}
	other := compiled(t, plainGrants).App("app")
	apps := map[*policy.App]*shapes{guard.app(): (*guard.caches[0].apps.Load())[guard.app()], other: newShapes()}
	guard.caches[0].apps.Store(&apps)
	hostile := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
	victim := newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
	victim.app = other
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	hot := []byte("SELECT a FROM orders WHERE id = 1")
	victim.judgeText(hot)
	before := heap()
	for i := range floods {
		hostile.judgeText(fmt.Appendf(nil, "SELECT a%d, b FROM orders JOIN items ON items.o = orders.id WHERE c%d = 1", i, i))
		victim.judgeText(hot)
	}
	if grown := heap() - before; grown > 2*maxShapeWeight {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if st := apps[other].stats(); st.Misses != 1 || st.Hits != floods || st.Evictions != 0 {
		t.Errorf("the other app: %+v", st)
	}
	if st := apps[guard.app()].stats(); st.Entries > maxShapeSets*shapeWays || st.Evictions == 0 {
		t.Errorf("the hostile app: %+v", st)
	}
}

func TestAKnownShapeAllocatesNothing(t *testing.T) {
	for name, text := range cheap {
		statement, _ := costs(t, plainGrants, text)
		if n := fewest(statement); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// decided is a session in which a text can be judged.
func decided(b *testing.B, policies string) *session {
	guard := guardingBy(b, policies)
	guard.options.Recorder = forgetful{}
	return newScripted(guard, form{server: mysql.CLIENT_PROTOCOL_41, client: mysql.CLIENT_PROTOCOL_41}).session
}

const join = "SELECT `users`.`id`, `users`.`name`, `orders`.`total`, `orders`.`created_at`, COUNT(`items`.`id`) AS `item_count` FROM `users` " +
	"INNER JOIN `orders` ON `orders`.`user_id` = `users`.`id` LEFT JOIN `items` ON `items`.`order_id` = `orders`.`id` WHERE " +
	"`users`.`company_id` = 42 AND `orders`.`state` IN ('paid', 'sent', 'done') AND `orders`.`created_at` >= '2026-01-01 00:00:00' " +
	"GROUP BY `orders`.`id` ORDER BY `orders`.`created_at` DESC LIMIT 20"

// BenchmarkKnown reads a text of a known shape and decides, under policies of
// so many lines.
func BenchmarkKnown(b *testing.B) {
	for name, text := range map[string]string{"point": "SELECT c FROM sbtest1 WHERE id=12345", "join": join} {
		for _, lines := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/lines=%d", name, lines), func(b *testing.B) {
				policies := strings.Builder{}
				policies.WriteString("app: app\naccounts: [app]\nenvironments: [production]\ngrants:\n  - SELECT ON shop.*\n")
				for i := range lines {
					fmt.Fprintf(&policies, "  - SELECT, INSERT ON shop.table_%d\n", i)
				}
				s := decided(b, policies.String())
				known(b, s, []byte(text))
			})
		}
	}
}

// BenchmarkKnownAmong is a shape that comes again, among so many that have
// come by, each of which was asked for twice.
func BenchmarkKnownAmong(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("shapes=%d", n), func(b *testing.B) {
			s := decided(b, plainGrants)
			of := (*s.server.caches[0].apps.Load())[s.app]
			for i := range n {
				of.put(keyOf(i), &verdict{})
				of.get(keyOf(i))
			}
			known(b, s, []byte("SELECT c FROM sbtest1 WHERE id=12345"))
		})
	}
}

// BenchmarkHostile is a shape that comes again, while another client of the
// same app sends a new one before each.
func BenchmarkHostile(b *testing.B) {
	s := decided(b, plainGrants)
	of := (*s.server.caches[0].apps.Load())[s.app]
	text := []byte("SELECT c FROM sbtest1 WHERE id=12345")
	s.judgeText(text)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		of.put(keyOf(i), &verdict{})
		b.StartTimer()
		s.judgeText(text)
	}
}

// BenchmarkNewShape reads a text of a shape that never came before, and decides.
func BenchmarkNewShape(b *testing.B) {
	s := decided(b, plainGrants)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.judgeText(fmt.Appendf(nil, "SELECT c%d FROM sbtest1 WHERE id=12345", i))
	}
}

// known judges a text again and again.
func known(b *testing.B, s *session, text []byte) {
	if v := s.judgeText(text); !v.decision.Allowed() {
		b.Fatalf("refused: %+v", v.decision)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.judgeText(text)
	}
}
