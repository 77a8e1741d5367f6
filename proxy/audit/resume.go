package audit

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// resume asks the store where this writer ended, takes in again what it has
// written ahead, and counts what was taken in and is neither stored nor in
// memory: that a process before this one was killed with, or that a damaged store
// held.
func (w *writer) resume() error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	last, err := w.o.Store.resume(ctx, w.name)
	if err != nil {
		return err
	}
	w.name, w.number, w.ahead = last.writer, max(w.number, last.number), last.ahead // a store that replaced another begins at 0
	inMemory := int64(0)
	if w.pending != nil {
		inMemory = w.pending.events()
		w.pending.writer, w.pending.number = w.name, w.number+1
	}
	w.mu.Lock()
	for i := range last.left {
		w.intake.add(&last.left[i], 1)
	}
	lost := w.tally.settle(last.events, inMemory+w.intake.events+int64(len(w.losses)+len(w.storing)))
	if lost > 0 {
		w.intake.add(w.gap(lost), lost)
	}
	w.mu.Unlock()
	w.resumed = true
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
	found, err := w.o.Store.claimDead(ctx, now, w.name, w.ahead)
	if err != nil {
		w.o.Log.Error("the record's other writers could not be looked at", zap.Error(err))
		return
	}
	for _, d := range found {
		w.ahead++
		e := w.gap(0)
		e.Reason = "proxy " + d.name + " ended without storing what it had: refusals of its last quarter of a second may be missing"
		w.mu.Lock()
		w.tally.add(1 + int64(len(d.left)))
		w.intake.add(e, 1)
		for i := range d.left {
			w.intake.add(&d.left[i], 1)
		}
		w.mu.Unlock()
		w.lost(1)
	}
}
