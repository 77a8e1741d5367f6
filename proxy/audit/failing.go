package audit

import (
	"time"

	"go.uber.org/zap"
)

// failed takes note of an attempt that failed.
func (w *writer) failed(now time.Time, err error) {
	if !w.late {
		w.metrics.failures.Inc()
	}
	w.fail(err)
	w.complain(now, err)
}

// fail tells everyone who waits that nothing could be stored. From then on
// Submit answers by itself, until a batch is stored.
func (b *Book) fail(err error) {
	b.mu.Lock()
	b.failing = err
	losses := append(b.storing, b.losses...)
	if b.entry != 0 && b.o.OnFailure != Forward {
		b.tally.disown(b.entry)
	}
	b.storing, b.losses, b.entry = nil, nil, 0
	var answer error
	for i := range losses {
		answer = b.unsafe(losses[i].event)
	}
	h := b.Health()
	if h.Err == nil {
		h.Since = b.o.Now()
	}
	h.Err = err
	b.health.Store(&h)
	b.metrics.up.Set(0)
	b.mu.Unlock()
	for _, l := range losses {
		l.done(answer)
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
