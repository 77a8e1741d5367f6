package identity

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Control is the proxy's own account on a server.
type Control struct {
	Address  string // host:port
	User     string
	Password string
	TLS      *tls.Config // nil speaks plain
	// Dial opens the TCP connection. A net.Dialer's where nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Open returns a pool of connections to the server, none of which is made yet.
func (c Control) Open() (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = c.User, c.Password, "tcp", c.Address
	config.TLS, config.ParseTime, config.InterpolateParams = c.TLS, true, true
	config.Loc = time.UTC
	config.Logger = &mysql.NopLogger{} // what goes wrong is returned
	if c.Dial != nil {
		config.DialFunc = c.Dial
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("control account: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// do runs f on a new connection to the server: a name that leads elsewhere
// since the last time is followed.
func (c Control) do(ctx context.Context, f func(*sql.Conn) error) (err error) {
	pool, err := c.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("control account %q: %w", c.User, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return f(conn)
}

// Read returns who the server is that the address leads to now, and its tag.
// The server may be known where the tag is not.
func (c Control) Read(ctx context.Context) (s Server, t Tag, err error) {
	err = c.do(ctx, func(conn *sql.Conn) error {
		if s, err = ReadServer(ctx, conn); err != nil {
			return err
		}
		t, err = ReadTag(ctx, conn)
		return err
	})
	return s, t, err
}

// Write tags the server that the address leads to now, and returns who it is and
// which environment it was tagged with before, or "". Where that is another one
// than replaces and the tag's own, it writes nothing and returns ErrOther: the
// address may lead elsewhere than whoever tags believes.
func (c Control) Write(ctx context.Context, t Tag, replaces string) (s Server, was string, err error) {
	err = c.do(ctx, func(conn *sql.Conn) error {
		if s, err = ReadServer(ctx, conn); err != nil {
			return err
		}
		earlier, err := ReadTag(ctx, conn)
		was = earlier.Environment
		switch {
		case err != nil && !errors.Is(err, ErrUntagged):
			return err
		case was != t.Environment && was != replaces:
			return ErrOther
		}
		return WriteTag(ctx, conn, t)
	})
	return s, was, err
}
