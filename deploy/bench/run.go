package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"guardrail/proxy/mysqltest"
)

// bench is a run: a server, and the ways to it.
type bench struct {
	options options
	server  *mysqltest.Server
}

// run measures what was asked for, and prints it.
func run(ctx context.Context, o options, out io.Writer) error {
	server, err := startServer(ctx, o)
	if err != nil {
		return err
	}
	defer server.Stop()
	b := &bench{options: o, server: server}
	r := newReport(b)
	for _, c := range o.chosen() {
		measured, err := b.measure(ctx, c)
		if err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
		r.Cases = append(r.Cases, measured)
		if err := measured.print(out); err != nil {
			return err
		}
	}
	return r.save(o.json)
}

// measure runs a case's rounds.
func (b *bench) measure(ctx context.Context, c benchCase) (*caseReport, error) {
	f, err := startField(ctx, b)
	if err != nil {
		return nil, err
	}
	defer func() { f.stop() }()
	measured := newCaseReport(c, f.serving(c))
	for round := range b.options.rounds {
		if c.fresh && round > 0 {
			f.stop()
			if f, err = startField(ctx, b); err != nil {
				return nil, err
			}
		}
		if err := b.round(ctx, c, f.serving(c), round, measured); err != nil {
			return nil, err
		}
	}
	return measured, nil
}

// round gives each target its turn, beginning with another one each time.
func (b *bench) round(ctx context.Context, c benchCase, targets []target, round int, into *caseReport) error {
	for i := range targets {
		which := (i + round) % len(targets)
		t := targets[which]
		began := time.Now()
		profiled := b.profile(ctx, t)
		s, err := c.take(ctx, &c, b, t)
		if err = errors.Join(err, profiled()); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		into.Targets[which].Samples = append(into.Targets[which].Samples, s)
		fmt.Fprintf(b.options.log, "%v: round %d, %s, %.1fs: %v\n", c, round+1, t.name, time.Since(began).Seconds(), s)
	}
	return nil
}
