package audit

import (
	"context"
	"errors"
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
	ahead  int64 // the last number that was written ahead of it
	at     time.Time
	deltas []*delta
	dead   *dead // whose heir it makes this writer; nil of most
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
	resumed int64  // the generation of the store that has said where it stands; 0 for none
	late    bool   // the attempt took too long, which was told and counted as a failure

	tried, told, pruned, looked time.Time
	due                         time.Time // the next batch of all that waits
}

func newWriter(b *Book) *writer {
	w := &writer{Book: b, name: b.tally.name()}
	if w.name == "" {
		w.name = newName(b.o.Environment)
	}
	return w
}

// run writes until the book is stopped, then once more.
func (w *writer) run() {
	defer close(w.done)
	defer func() { w.tally.close() }() // by then it may be another
	defer w.watchOver()()
	defer func() { _ = w.bell.close() }()
	for {
		w.flush()
		select {
		case <-w.stop:
			w.end()
			return
		default:
			w.bell.wait(w.o.FlushEvery)
		}
	}
}

// flush stores what waits: destructive statements at once, all else when it is
// due. Between attempts at a failing store it returns at once.
func (w *writer) flush() {
	now := w.o.Now()
	failing := w.Health().Err != nil
	if failing && now.Sub(w.tried) < retryEvery {
		return
	}
	if !w.look(now) {
		return
	}
	w.settle()
	if now.Before(w.due) {
		return
	}
	w.gather(now, failing || now.Sub(w.tried) >= beatEvery)
	if w.pending != nil {
		w.attempt(now)
	}
	took := w.o.Now().Sub(now)
	w.due = now.Add(took + max(min(restFactor*took, restLimit), w.o.FlushEvery/2))
	if w.pending == nil && now.Sub(w.pruned) >= pruneEvery {
		w.prune(now)
	}
}

// settle stores the destructive statements that wait, ahead of their batch, and
// tells their callers.
func (w *writer) settle() {
	w.mu.Lock()
	w.storing, w.losses = w.losses, nil
	waiting := len(w.storing)
	w.mu.Unlock()
	if waiting == 0 {
		return
	}
	start := w.o.Now()
	if err := w.inTime(w.writeAhead); err != nil {
		w.failed(start, err)
		return
	}
	w.mu.Lock()
	stored := w.storing
	w.storing, w.entry = nil, 0
	for i := range stored {
		w.intake.add(stored[i].event, 1)
	}
	w.mu.Unlock()
	if len(stored) == 0 { // it took too long, and they were refused: the next batch takes the entry back
		w.due = time.Time{}
	}
	for _, l := range stored {
		l.done(nil)
	}
}

// writeAhead stores those that wait as one entry.
func (w *writer) writeAhead() error {
	e, waiting := w.nextEntry()
	if !waiting {
		return w.tookTooLong() // the store did, when it was asked where it stands
	}
	return w.o.Store.writeAhead(e)
}

// nextEntry makes an entry of those that are being stored. Its number is never
// used again: what was told to have failed may come to be stored nevertheless,
// until the next batch takes it back.
func (w *writer) nextEntry() (e entry, waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.storing) == 0 {
		return entry{}, false
	}
	w.ahead++
	w.entry = w.ahead
	e = entry{Writer: w.name, Number: w.ahead, Batch: w.next(), Events: make([]Event, len(w.storing))}
	for i := range w.storing {
		e.Events[i] = *w.storing[i].event
	}
	return e, true
}

// next is the number of the batch that is gathered next.
func (w *writer) next() int64 {
	if w.pending != nil {
		return w.pending.number + 1
	}
	return w.number + 1
}

// end stores the rest and signs off.
func (w *writer) end() {
	w.looked = time.Time{}
	w.look(w.o.Now())
	for range 2 { // what could not be written before, and what came since
		w.settle()
		w.gather(w.o.Now(), true)
		w.attempt(w.o.Now())
	}
	if w.pending != nil { // another writer is to see that something is missing
		w.o.Log.Error("the record was not closed in order: not all is stored")
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.o.CommitTimeout)
	defer cancel()
	if err := w.o.Store.signOff(ctx, w.name); err != nil {
		w.o.Log.Error("the record was not closed in order", zap.Error(err))
	}
}

// gather makes the next batch of all that waits, unless the one before is not
// written yet. With nothing to write it makes an empty one only if asked to.
func (w *writer) gather(now time.Time, empty bool) {
	if w.pending != nil {
		return
	}
	w.mu.Lock()
	p := &batch{writer: w.name, number: w.next(), ahead: w.ahead, at: now, deltas: w.intake.drain(now)}
	w.mu.Unlock()
	if len(p.deltas) == 0 && !empty && w.resumed != 0 {
		return
	}
	if err := w.lines.write(p.deltas); err != nil {
		w.metrics.lineFailures.Inc()
	}
	w.pending = p
}

// attempt tries to store the pending batch.
func (w *writer) attempt(now time.Time) {
	p := w.pending
	err := w.inTime(func() error { return w.o.Store.write(p) })
	if errors.Is(err, errOutrun) {
		w.pending = nil
		return
	}
	if err != nil && !errors.Is(err, errWritten) {
		w.failed(now, err)
		return
	}
	w.number, w.pending = p.number, nil
	w.mu.Lock()
	w.failing = nil
	w.tally.disown(0)
	w.healed()
	w.mu.Unlock()
	if p.dead != nil {
		w.inherited(p)
	}
}

// inTime has the store written to, after asking it where it stands if that is not
// known. Where that takes too long, the destructive statements that wait are told
// that it failed.
func (w *writer) inTime(write func() error) error {
	start := time.Now()
	w.tried = w.o.Now()
	w.patience.begin(start)
	err := w.write(write)
	if w.late = w.patience.end(); w.late && err == nil {
		w.complain(w.o.Now(), w.tookTooLong())
	}
	w.metrics.commits.Observe(time.Since(start).Seconds())
	return err
}

func (w *writer) write(write func() error) error {
	if w.resumed == 0 || w.resumed != w.o.Store.begun() {
		if err := w.resume(); err != nil {
			return err
		}
	}
	err := write()
	if errors.Is(err, errUnknown) {
		w.resumed = 0
	}
	return err
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
