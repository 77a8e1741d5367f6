package audit

import (
	"context"
	"fmt"

	"go.uber.org/zap"
)

// resume asks the store where this writer ended, takes in again what it has
// written ahead, and counts what was taken in and is neither stored nor in
// memory: that a process before this one was killed with, or that a damaged store
// held.
func (w *writer) resume() error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	generation := w.o.Store.begun()
	last, err := w.o.Store.resume(ctx, w.name, w.tally.disowned())
	if err != nil {
		return err
	}
	w.name, w.number = last.writer, max(w.number, last.number) // a store that replaced another begins at 0
	inMemory := int64(0)
	if w.pending != nil {
		inMemory = w.pending.events()
		w.pending.writer, w.pending.number = w.name, w.number+1
	}
	w.mu.Lock()
	w.ahead = max(w.ahead, last.ahead)
	for i := range last.left {
		w.intake.add(&last.left[i], 1)
	}
	lost := w.tally.settle(last.events, inMemory+w.intake.events+int64(len(w.losses)+len(w.storing)))
	if lost > 0 {
		w.intake.add(w.gap(w.o.Environment, missing(lost)), lost)
	}
	w.mu.Unlock()
	w.resumed = generation
	if lost > 0 {
		w.lost(lost)
	}
	return nil
}

func missing(lost int64) string {
	what := fmt.Sprintf("%d events were taken in and are", lost)
	if lost == 1 {
		what = "1 event was taken in and is"
	}
	return what + " not in this store: the process was killed before it stored them, or the store was removed or replaced"
}

// gap is the event that tells of lost ones.
func (w *writer) gap(environment, reason string) *Event {
	e := Event{
		Time: w.o.Now(), Environment: environment, Decision: RecordGap, Cause: string(RecordGap), Rule: string(RecordGap), Reason: reason,
	}
	e.Identify()
	return &e
}

func (w *writer) lost(n int64) {
	w.mu.Lock()
	h := w.Health()
	h.Lost += n
	w.health.Store(&h)
	w.mu.Unlock()
	w.metrics.lost.Add(float64(n))
	w.o.Log.Error("events are missing in the record: a process was killed before it stored them, or the store was removed or replaced", zap.Int64("events", n))
}
