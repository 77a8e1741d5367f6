package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/policy/traffic"
)

// TrafficSource counts traffic until it is asked.
type TrafficSource interface {
	// Drain returns what was counted since the last call, and how many shapes were
	// left out as there were too many.
	Drain() (records []traffic.Record, unkept uint64)
}

// LedgerOptions is what a Ledger is made of. Fields are required unless they say otherwise.
type LedgerOptions struct {
	Store      *Store
	Source     TrafficSource
	Log        *zap.Logger
	Registerer prometheus.Registerer
	Every      time.Duration    // how often the source is drained; 10 s where zero
	Now        func() time.Time // time.Now where nil
}

const (
	ledgerEvery = 10 * time.Second
	maxPending  = 20_000 // shapes that wait for the store
	ledgerBatch = 64     // shapes stored in one transaction, so that no destructive statement waits for long
	ledgerShare = 16     // such transactions in one go; the rest waits for the next
)

// Ledger keeps the record of traffic in a store: what the apps send, in shapes
// and counts. It is no evidence, as the events are: what was counted since the
// last go is lost with the process, and nothing waits for it.
type Ledger struct {
	o       LedgerOptions
	unkept  prometheus.Counter
	pending map[string]*traffic.Record // by id; not in the store yet
	failing bool
	pruned  time.Time
	stop    chan struct{}
	done    chan struct{}
}

// NewLedger starts a Ledger. Stop ends it.
func NewLedger(o LedgerOptions) *Ledger {
	if o.Every == 0 {
		o.Every = ledgerEvery
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Ledger{
		o: o, pending: map[string]*traffic.Record{}, stop: make(chan struct{}), done: make(chan struct{}),
		unkept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "guardrail_traffic_unkept_total",
			Help: "Shapes of statements that the record of traffic left out, because there were too many new ones at once.",
		}),
	}
	o.Registerer.MustRegister(l.unkept)
	go l.run()
	return l
}

// run is the ledger's goroutine.
func (l *Ledger) run() {
	defer close(l.done)
	tick := time.NewTicker(l.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush(ledgerShare)
		case <-l.stop:
			l.flush(maxPending)
			return
		}
	}
}

// flush takes over what was counted, and stores so many batches of it.
func (l *Ledger) flush(batches int) {
	records, unkept := l.o.Source.Drain()
	for i := range records {
		if !l.take(&records[i]) {
			unkept++
		}
	}
	l.unkept.Add(float64(unkept))
	err := l.store(batches)
	if now := l.o.Now(); err == nil && now.Sub(l.pruned) >= pruneEvery {
		l.pruned = now
		err = l.prune(now)
	}
	l.tell(err)
}

// take adds a record to what waits, and reports false where too much does.
func (l *Ledger) take(r *traffic.Record) bool {
	id := string(trafficID(r))
	p := l.pending[id]
	if p != nil && dayOf(p.LastSeen) == dayOf(r.LastSeen) {
		p.Count, p.Refused, p.LastSeen = p.Count+r.Count, p.Refused+r.Refused, r.LastSeen
		return true
	}
	if p != nil { // the store was away over midnight: the day is lost, the count is not
		r.Count, r.Refused, r.FirstSeen = r.Count+p.Count, r.Refused+p.Refused, p.FirstSeen
	} else if len(l.pending) >= maxPending {
		return false
	}
	l.pending[id] = r
	return true
}

// store writes what waits, at most so many batches.
func (l *Ledger) store(batches int) error {
	ids := slices.Sorted(maps.Keys(l.pending)) // two writers lock rows in the same order
	for batch := range slices.Chunk(ids, ledgerBatch) {
		if batches--; batches < 0 {
			return nil
		}
		if err := l.write(batch); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) write(ids []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	records := make([]traffic.Record, len(ids))
	for i, id := range ids {
		records[i] = *l.pending[id]
	}
	if err := l.o.Store.WriteTraffic(ctx, records); err != nil {
		return err
	}
	for _, id := range ids {
		delete(l.pending, id)
	}
	return nil
}

func (l *Ledger) prune(now time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), attemptLimit)
	defer cancel()
	return l.o.Store.pruneTraffic(ctx, now)
}

// tell logs when the store begins to fail, and when it is well again.
func (l *Ledger) tell(err error) {
	switch {
	case err != nil && !l.failing:
		l.o.Log.Error("the record of traffic cannot be written; it is tried again and again", zap.Error(err))
	case err == nil && l.failing:
		l.o.Log.Info("the record of traffic can be written again")
	}
	l.failing = err != nil
}

// Stop stores what was counted, and ends the ledger.
func (l *Ledger) Stop(ctx context.Context) error {
	close(l.stop)
	select {
	case <-l.done:
	case <-ctx.Done():
		return fmt.Errorf("the record of traffic is not all stored: %w", ctx.Err())
	}
	if l.failing {
		return errors.New("the record of traffic is not all stored")
	}
	return nil
}
