package main

import (
	"context"

	"github.com/go-sql-driver/mysql"
)

// connects is a turn of logins: connect, log in, disconnect.
func connects(ctx context.Context, c *benchCase, b *bench, t target) (sample, error) {
	return load(ctx, c, b, t, func(context.Context) (worker, error) {
		connector, err := mysql.NewConnector(t.client(c.tls))
		login := func(ctx context.Context) error {
			conn, err := connector.Connect(ctx)
			if err != nil {
				return err
			}
			return conn.Close()
		}
		return worker{do: login, close: func() {}}, err
	})
}
