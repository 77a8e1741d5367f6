package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

const (
	retryEvery   = time.Second      // while the store fails
	beatEvery    = 15 * time.Second // an idle store is written to, so that its failing is known before it matters
	tellEvery    = time.Minute      // a failing store is logged again
	pruneEvery   = time.Minute
	attemptLimit = 30 * time.Second

	// Writing takes at most a tenth of a processor's time from the loops, but
	// for what destroys, and what waits is stored in this time nevertheless.
	restFactor = 9
	restLimit  = time.Second
)

// batch is what is stored at once, or not at all. A store takes a number of a
// writer once, so that a batch whose commit was not heard of may be sent again.
type batch struct {
	writer string
	number int64
	at     time.Time
	deltas []*delta

	// The rest is the Book's, under its lock.
	waiters []func(error)
	failed  bool     // the waiters were told that it failed
	losses  []*delta // the destructive statements as they were before they were turned into refusals
}

func (b *batch) events() int64 {
	var n int64
	for _, d := range b.deltas {
		n += d.count
	}
	return n
}

// writer is the goroutine that stores what a Book takes in. Its fields are its own.
type writer struct {
	*Book
	name    string // of this process in the store
	number  int64  // of the last batch
	pending *batch // could not be written yet
	resumed bool   // the store has said where it stands

	tried, told, pruned time.Time
	due                 time.Time // the next batch of all that waits
}

func newWriter(b *Book) *writer {
	w := &writer{Book: b, name: b.tally.name()}
	if w.name == "" {
		w.name = rand.Text()
	}
	return w
}

// run writes until the book is stopped, then once more.
func (w *writer) run() {
	defer close(w.done)
	defer w.tally.close()
	tick := time.NewTicker(w.o.FlushEvery)
	defer tick.Stop()
	for {
		w.flush()
		select {
		case <-w.wake:
		case <-tick.C:
		case <-w.stop:
			w.end()
			return
		}
	}
}

// flush writes what waits. Between attempts at a failing store it returns at once.
func (w *writer) flush() {
	now := w.o.Now()
	failing := w.Health().Err != nil
	if failing && now.Sub(w.tried) < retryEvery {
		return
	}
	all := !now.Before(w.due)
	w.gather(now, !all, failing || now.Sub(w.tried) >= beatEvery)
	if w.pending != nil {
		w.attempt(now)
	}
	if all {
		took := w.o.Now().Sub(now)
		w.due = now.Add(took + max(min(restFactor*took, restLimit), w.o.FlushEvery/2))
	}
	if w.pending == nil && now.Sub(w.pruned) >= pruneEvery {
		w.prune(now)
	}
}

// end stores the rest and signs off.
func (w *writer) end() {
	for range 2 { // what could not be written before, and what came since
		w.gather(w.o.Now(), false, true)
		w.attempt(w.o.Now())
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.o.CommitTimeout)
	defer cancel()
	if err := w.o.Store.signOff(ctx, w.name); err != nil {
		w.o.Log.Error("the record was not closed in order", zap.Error(err))
	}
}

// gather makes the next batch, unless the one before is not written yet: of all
// that waits or, so that these wait for nothing else, of destructive statements.
// With nothing to write it makes an empty one only if asked to.
func (w *writer) gather(now time.Time, lossesOnly, empty bool) {
	if w.pending != nil {
		return
	}
	w.mu.Lock()
	p := &batch{writer: w.name, number: w.number + 1, at: now, deltas: w.intake.drain(now, lossesOnly), waiters: w.waiters}
	w.waiters = nil
	w.mu.Unlock()
	if len(p.deltas) == 0 && !empty && w.resumed {
		return
	}
	if err := w.lines.write(p.deltas); err != nil {
		w.metrics.lineFailures.Inc()
	}
	w.pending = p
}

// attempt tries to store the pending batch. Destructive statements are told so
// when it is stored, when it failed, or when it takes too long.
func (w *writer) attempt(now time.Time) {
	w.tried = now
	p := w.pending
	told := make(chan struct{})
	overdue := time.AfterFunc(w.o.CommitTimeout, func() {
		defer close(told)
		w.fail(p, fmt.Errorf("the store took more than %v", w.o.CommitTimeout))
	})
	err := w.write(p)
	if !overdue.Stop() {
		<-told
	}
	w.metrics.commits.Observe(time.Since(now).Seconds())
	written := errors.Is(err, errWritten)
	if err != nil && !written {
		w.metrics.failures.Inc()
		w.fail(p, err)
		w.keep(p)
		w.complain(now, err)
		return
	}
	w.number, w.pending = p.number, nil
	w.stored(p, written)
}

// write stores a batch, after asking the store where it stands if that is not known.
func (w *writer) write(p *batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	if !w.resumed {
		if err := w.resume(ctx, p); err != nil {
			return err
		}
	}
	err := w.o.Store.write(ctx, p)
	if errors.Is(err, errReplaced) {
		w.resumed = false
	}
	return err
}

// resume asks the store where this writer ended, and counts what was taken in
// and is neither stored nor in memory: that a process before this one was
// killed with, or that a damaged store held.
func (w *writer) resume(ctx context.Context, p *batch) error {
	last, err := w.o.Store.resume(ctx, w.name)
	if err != nil {
		return err
	}
	w.mu.Lock()
	lost := w.tally.settle(last.events, w.intake.events+p.events())
	if lost > 0 {
		w.intake.add(w.gap(lost), lost)
	}
	w.mu.Unlock()
	w.number, p.number, w.resumed = last.number, last.number+1, true
	if lost > 0 {
		w.lost(lost)
	}
	return nil
}

// gap is the event that tells of lost ones.
func (w *writer) gap(lost int64) *Event {
	e := Event{
		Time: w.o.Now(), Environment: w.o.Environment, Decision: RecordGap, Cause: string(RecordGap), Rule: string(RecordGap),
		Reason: fmt.Sprintf("%d events were taken in and are not in this store: the process was killed before it stored them, or the store was replaced", lost),
	}
	e.Identify()
	return &e
}

func (w *writer) lost(n int64) {
	h := w.Health()
	h.Lost += n
	w.health.Store(&h)
	w.metrics.lost.Add(float64(n))
	w.o.Log.Error("events are missing in the record: a process was killed before it stored them, or the store was replaced", zap.Int64("events", n))
}

// mourn records that other proxies on a shared store were killed. How many
// refusals went with them nobody knows; their destructive statements are there.
func (w *writer) mourn(ctx context.Context, now time.Time) {
	dead, err := w.o.Store.claimDead(ctx, now)
	if err != nil {
		w.o.Log.Error("the record's other writers could not be looked at", zap.Error(err))
	}
	for _, name := range dead {
		e := w.gap(0)
		e.Reason = "proxy " + name + " ended without storing what it had: refusals of its last quarter of a second may be missing"
		w.mu.Lock()
		w.tally.add(1)
		w.intake.add(e, 1)
		w.mu.Unlock()
		w.lost(1)
	}
}

// fail tells everyone who waits that nothing could be stored. From then on
// Submit answers by itself, until a batch is stored.
func (b *Book) fail(p *batch, err error) {
	answer := ErrNotRecorded
	b.mu.Lock()
	b.failing = err
	waiters := append(p.waiters, b.waiters...)
	p.waiters, b.waiters = nil, nil
	p.failed = true
	if b.o.OnFailure == Forward {
		answer = nil
		b.metrics.unrecorded.Add(float64(len(waiters)))
	} else {
		b.intake.turn()
	}
	h := b.Health()
	if h.Err == nil {
		h.Since = b.o.Now()
	}
	h.Err = err
	b.health.Store(&h)
	b.metrics.up.Set(0)
	b.mu.Unlock()
	for _, done := range waiters {
		done(answer)
	}
}

// keep prepares a batch that failed for the next attempt: the destructive
// statements in it were refused.
func (w *writer) keep(p *batch) {
	if w.o.OnFailure == Forward || p.losses != nil {
		return
	}
	p.losses = losses(p.deltas)
	p.deltas = turned(p.deltas)
}

func losses(deltas []*delta) []*delta {
	out := []*delta{}
	for _, d := range deltas {
		if d.loss() {
			out = append(out, d)
		}
	}
	return out
}

// stored tells everyone who waits that the batch is stored. Where its
// destructive statements were refused meanwhile, refusals are recorded too.
func (w *writer) stored(p *batch, earlier bool) {
	var refused []*delta
	switch {
	case w.o.OnFailure == Forward || !p.failed:
	case p.losses == nil: // it took too long
		refused = turned(losses(p.deltas))
	case earlier: // an attempt that seemed to fail had not
		refused = turned(p.losses)
	}
	w.mu.Lock()
	for _, d := range refused {
		w.tally.add(d.count)
		w.intake.put(d)
	}
	w.failing = nil
	waiters := p.waiters
	p.waiters = nil
	w.healed()
	w.mu.Unlock()
	for _, done := range waiters {
		done(nil)
	}
}

// healed takes note that the store works. It is called with the lock held.
func (w *writer) healed() {
	h := w.Health()
	w.metrics.up.Set(1)
	if h.Err == nil {
		return
	}
	now := w.o.Now()
	w.o.Log.Info("the record can be written again", zap.Duration("after", now.Sub(h.Since)))
	h.Err, h.Since = nil, now
	w.health.Store(&h)
	w.told = time.Time{}
}

// complain logs that the store fails, now and again.
func (w *writer) complain(now time.Time, err error) {
	if now.Sub(w.told) < tellEvery {
		return
	}
	w.told = now
	w.o.Log.Error("the record cannot be written; it is tried again every second", zap.String("on_failure", string(w.o.OnFailure)), zap.Error(err))
}

// prune removes what is too old or too much, a little at a time.
func (w *writer) prune(now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	w.mourn(ctx, now)
	more, err := w.o.Store.prune(ctx, w.o.Retention, now)
	if err != nil {
		w.o.Log.Error("old events could not be removed from the record", zap.Error(err))
	}
	if !more || err != nil {
		w.pruned = now
	}
}
