package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// openers is how many connections are opened at once.
const openers = 8

// idleConnections is a turn of many connections that log in, and do nothing for the time of the turn: what each of them
// holds in the proxy then.
func idleConnections(ctx context.Context, c *benchCase, b *bench, t target) (sample, error) {
	connector, err := mysql.NewConnector(t.client(c.tls))
	if err != nil {
		return sample{}, err
	}
	before, err := memory(t.pid, "VmRSS")
	if err != nil {
		return sample{}, err
	}
	used := watch(t.pid)
	conns, err := openAll(ctx, connector, b.options.idle)
	defer closeAll(conns)
	if err != nil {
		return sample{}, err
	}
	select {
	case <-time.After(b.options.duration):
	case <-ctx.Done():
		return sample{}, ctx.Err()
	}
	after, err := memory(t.pid, "VmRSS")
	if err != nil {
		return sample{}, err
	}
	u, err := used()
	n := float64(len(conns))
	return sample{PerConnection: (after - before) / n, CPU: microseconds(u.cpu) / n, Peak: u.peak}, err
}

func openAll(ctx context.Context, connector driver.Connector, n int) ([]driver.Conn, error) {
	conns, failed := make([]driver.Conn, n), make([]error, openers)
	var all sync.WaitGroup
	for o := range openers {
		all.Go(func() {
			for i := o; i < n && failed[o] == nil; i += openers {
				conns[i], failed[o] = connector.Connect(ctx)
			}
		})
	}
	all.Wait()
	return conns, errors.Join(failed...)
}

func closeAll(conns []driver.Conn) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
}
