package audit_test

import (
	"path/filepath"
	"testing"
	"time"

	"guardrail/proxy/audit"
)

// BenchmarkRecord measures what a refusal costs the loop that records it: with
// a store that works, with one that is full, and at an allowed destructive
// statement, which waits for the commit.
func BenchmarkRecord(b *testing.B) {
	run := func(name string, e audit.Event, breaks func(*audit.Store)) {
		b.Run(name, func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "audit.db"), "")
			k := keep(b, s, func(o *audit.Options) { o.FlushEvery = 0 })
			if err := k.Record(loss(time.Now())); err != nil {
				b.Fatal(err)
			}
			if breaks != nil {
				breaks(s)
			}
			e.Identify()
			b.ReportAllocs()
			for b.Loop() {
				e.Time = time.Now()
				if err := k.Record(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("refused", drop(time.Now()), nil)
	run("refused-store-full", drop(time.Now()), func(s *audit.Store) { audit.Fill(b, s) })
	run("destroys", loss(time.Now()), nil)
}
