package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// OnFailure says what goes on while the store is full, broken or away.
type OnFailure string

// What an operator can choose. Each of them logs, counts and heals by itself.
const (
	RefuseDestructive OnFailure = "refuse_destructive" // statements that destroy are refused, others go on
	RefuseAll         OnFailure = "refuse_all"         // every statement is refused
	Forward           OnFailure = "forward"            // all goes on, and what was not recorded in time is counted
)

// Options is what a Book is made of. Fields are required unless they say otherwise.
type Options struct {
	Store       *Store
	Environment string    // of the guard's own events
	OnFailure   OnFailure // RefuseDestructive where empty
	Retention   Retention
	Lines       io.Writer // gets JSON lines; nil for none
	Log         *zap.Logger
	Registerer  prometheus.Registerer // gets the metrics

	FlushEvery    time.Duration    // how long a refusal may wait in memory; 250 ms where zero
	CommitTimeout time.Duration    // how long a destructive statement may wait; 2 s where zero
	Now           func() time.Time // time.Now where nil
}

// ErrNotRecorded is why a destructive statement must not be forwarded.
var ErrNotRecorded = errors.New("the record cannot be written")

// Book is the Recorder over a store. Refusals are counted in memory before
// Record returns and stored soon after; a destructive statement that is allowed
// is committed before Record returns, or before done is called.
//
// One goroutine writes. All methods are safe for concurrent use.
type Book struct {
	o       Options
	metrics *bookMetrics
	lines   *lines
	tally   *tally
	health  atomic.Pointer[Health]

	mu      sync.Mutex
	intake  intake
	losses  []loss // destructive statements that are not stored yet
	storing []loss // those that are being stored
	ahead   int64  // the last number of an entry that was written ahead, or may have been
	entry   int64  // the number of the one with storing; 0 while there is none
	failing error  // why the last attempt failed; nil while all is well
	closed  bool

	patience patience

	bell *bell // wakes the writer; rung with the lock held, until closed is set
	stop chan struct{}
	done chan struct{}
}

// loss is a destructive statement that waits until it is stored.
type loss struct {
	event *Event
	done  func(error)
}

// Health is how the store does.
type Health struct {
	Err   error     // nil while events are stored
	Since time.Time // of the present state
	Lost  int64     // events lost since the process started

	Killed int64 // other proxies on a shared store that were killed since then: what they lost nobody knows
}

// New starts a Book. A store that is away or broken is no error: it is tried
// again and again, and OnFailure holds meanwhile.
func New(o Options) (*Book, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &Book{
		o: o, metrics: newBookMetrics(o.Registerer), lines: newLines(o.Lines), intake: newIntake(),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	b.health.Store(&Health{Since: o.Now()})
	var err error
	if b.bell, err = newBell(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if b.tally, err = openTally(o.Store.tallyFile()); errors.Is(err, errInUse) {
		return nil, errors.Join(fmt.Errorf("audit: %w", err), b.bell.close())
	}
	if err != nil {
		o.Log.Error("events that a killed process loses will not be counted", zap.Error(err))
	}
	go newWriter(b).run() // ended by Stop
	return b, nil
}

func (o *Options) check() error {
	switch o.OnFailure {
	case "":
		o.OnFailure = RefuseDestructive
	case RefuseDestructive, RefuseAll, Forward:
	default:
		return fmt.Errorf("audit options: on_failure %q is none of %s, %s, %s", o.OnFailure, RefuseDestructive, RefuseAll, Forward)
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = 250 * time.Millisecond
	}
	if o.CommitTimeout == 0 {
		o.CommitTimeout = 2 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Store == nil || o.Log == nil || o.Registerer == nil {
		return errors.New("audit options: Store, Log and Registerer are required")
	}
	return nil
}

// Record keeps an event, and waits for the store where it must.
func (b *Book) Record(e Event) error {
	answer := make(chan error, 1)
	wait, err := b.Submit(&e, func(err error) { answer <- err })
	if wait {
		return <-answer
	}
	return err
}

// Submit keeps an event without waiting; see Submitter.
func (b *Book) Submit(e *Event, done func(error)) (wait bool, err error) {
	if _, err := ulid.ParseStrict(e.ID); err != nil {
		e.Identify()
	}
	b.metrics.event(e.Decision)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, b.late(e.Decision)
	}
	b.tally.add(1)
	if !e.Decision.ahead() {
		b.intake.add(e, 1)
		return false, nil
	}
	if b.failing != nil {
		return false, b.unsafe(e)
	}
	b.losses = append(b.losses, loss{e, done})
	b.bell.ring()
	return true, nil
}

// unsafe handles a destructive statement while nothing can be stored. It is
// called with the lock held.
func (b *Book) unsafe(e *Event) error {
	if b.o.OnFailure == Forward {
		b.metrics.unrecorded.Inc()
		b.intake.add(e, 1)
		return nil
	}
	refused := notRecorded(*e)
	b.intake.add(&refused, 1)
	return ErrNotRecorded
}

// late answers for an event that comes after Stop.
func (b *Book) late(d Decision) error {
	b.metrics.lost.Inc()
	if d.ahead() {
		return ErrNotRecorded
	}
	return nil
}

// notRecorded is what an event becomes whose statement is refused because it
// could not be recorded.
func notRecorded(e Event) Event {
	e.Decision, e.Cause, e.Rule, e.RuleFile, e.RuleLine = Refused, CauseNotRecorded, CauseNotRecorded, "", 0
	e.Because = ErrNotRecorded.Error()
	return e
}

// Finished takes note of what became of a forwarded statement.
func (b *Book) Finished(e *Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.intake.finished(e)
	}
}

// Refusing returns why every statement must be refused now, or nil.
func (b *Book) Refusing() error {
	if b.o.OnFailure != RefuseAll {
		return nil
	}
	return b.health.Load().Err
}

// Health tells how the store does.
func (b *Book) Health() Health { return *b.health.Load() }

// Stop stores what waits, and ends the writer. Destructive statements that come
// later are refused.
func (b *Book) Stop(ctx context.Context) error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.stop)
		b.bell.ring()
	}
	b.mu.Unlock()
	select {
	case <-b.done:
	case <-ctx.Done():
		return fmt.Errorf("the record is not all stored: %w", ctx.Err())
	}
	return b.Health().Err
}
