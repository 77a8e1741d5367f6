package main

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"

	"github.com/go-sql-driver/mysql"
)

// pointSelects is a turn of sysbench's point select in text form, which sysbench itself cannot send over a TLS that
// begins with the first byte.
func pointSelects(ctx context.Context, c *benchCase, b *bench, t target) (sample, error) {
	return load(ctx, c, b, t, func(ctx context.Context) (worker, error) {
		connector, err := mysql.NewConnector(t.client(c.tls))
		if err != nil {
			return worker{}, err
		}
		conn, err := connector.Connect(ctx)
		if err != nil {
			return worker{}, err
		}
		return worker{
			do:    func(ctx context.Context) error { return pointSelect(ctx, conn.(driver.QueryerContext)) },
			close: func() { conn.Close() },
		}, nil
	})
}

func pointSelect(ctx context.Context, conn driver.QueryerContext) error {
	text := fmt.Sprintf("SELECT c FROM sbtest%d WHERE id=%d", 1+rand.N(tables), 1+rand.N(rows))
	found, err := conn.QueryContext(ctx, text, nil)
	if err != nil {
		return err
	}
	defer found.Close()
	return found.Next(make([]driver.Value, 1))
}
