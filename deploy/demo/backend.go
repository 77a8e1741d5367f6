package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"guardrail/deploy/demo/internal/embedded"
	"guardrail/deploy/demo/internal/incident"
)

// backend is the database server of the demo, with an administrator's connections to it.
type backend struct {
	addr  string
	root  incident.Account
	admin *sql.DB
	tls   string           // MySQL's ssl-mode word for Guardrail's connection
	own   *embedded.Server // nil for the user's server
}

// openBackend starts the embedded server, or connects to the user's.
func openBackend(ctx context.Context, o options) (*backend, error) {
	b := &backend{addr: o.backend, root: incident.Account{User: o.user, Password: o.password}}
	if o.backend == "" {
		b.root = incident.Account{User: "root", Password: rand.Text()}
		var err error
		if b.own, err = embedded.Start(b.root.Password); err != nil {
			return nil, err
		}
		b.addr = b.own.Addr()
	}
	if err := b.connect(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// connect opens the administrator's pool, with TLS if the server has it.
func (b *backend) connect(ctx context.Context) error {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = b.root.User, b.root.Password, "tcp", b.addr
	c.TLSConfig = "preferred"
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	b.admin = sql.OpenDB(connector)
	var name, cipher string
	if err := b.admin.QueryRowContext(ctx, "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil {
		return fmt.Errorf("the server at %s: %w", b.addr, err)
	}
	b.tls = "disabled"
	if cipher != "" {
		b.tls = "required" // encrypted; the demo has no CA to verify the server's name with
	}
	return nil
}

// String names the server in the demo's first lines.
func (b *backend) String() string {
	if b.own != nil {
		return "an embedded MySQL-compatible server at " + b.addr
	}
	return "your server at " + b.addr
}

func (b *backend) close() error {
	var err error
	if b.admin != nil {
		err = b.admin.Close()
	}
	if b.own != nil {
		err = errors.Join(err, b.own.Stop())
	}
	return err
}
