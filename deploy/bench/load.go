package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// worker is one connection of a load.
type worker struct {
	do    func(context.Context) error // one unit
	close func()
}

// load lets the case's workers do one unit after the other until the turn is over.
func load(ctx context.Context, c *benchCase, b *bench, t target, open func(context.Context) (worker, error)) (sample, error) {
	workers := make([]worker, c.threads)
	for i := range workers {
		w, err := open(ctx)
		if err != nil {
			return sample{}, err
		}
		defer w.close()
		workers[i] = w
	}
	used := watch(t.pid)
	began := time.Now()
	took, err := work(ctx, workers, began.Add(b.options.duration))
	elapsed := time.Since(began)
	if err != nil {
		return sample{}, err
	}
	u, err := used()
	n := float64(len(took))
	return sample{
		Rate: n / elapsed.Seconds(),
		P50:  percentile(took, 50), P95: percentile(took, 95), P99: percentile(took, 99),
		CPU: microseconds(u.cpu) / n, Peak: u.peak,
	}, err
}

// work returns how long each unit took, in order of length.
func work(ctx context.Context, workers []worker, until time.Time) ([]time.Duration, error) {
	took, failed := make([][]time.Duration, len(workers)), make([]error, len(workers))
	var all sync.WaitGroup
	for i, w := range workers {
		all.Go(func() { took[i], failed[i] = w.work(ctx, until) })
	}
	all.Wait()
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	return sorted, errors.Join(failed...)
}

func (w worker) work(ctx context.Context, until time.Time) (took []time.Duration, err error) {
	for began := time.Now(); began.Before(until); {
		if err := w.do(ctx); err != nil {
			return nil, err
		}
		now := time.Now()
		took = append(took, now.Sub(began))
		began = now
	}
	return took, nil
}

// percentile is the least time, in milliseconds, that p of 100 stay within.
func percentile(sorted []time.Duration, p int) float64 {
	i := max(0, (len(sorted)*p+99)/100-1)
	return microseconds(sorted[i]) / 1000
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
