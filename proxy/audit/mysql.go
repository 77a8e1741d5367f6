package audit

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mysqlStore keeps the record in a MySQL or MariaDB database of its own, which
// a fleet of proxies may share.
type mysqlStore struct{ config *mysql.Config }

// newMySQL reads mysql://user@host:port/database. With ?tls=verify_identity,
// required or disabled the connection is as MySQL's ssl-mode says; encrypted
// and verified where nothing is said.
func newMySQL(name, password string) (mysqlStore, error) {
	u, err := url.Parse(name)
	if err != nil {
		return mysqlStore{}, errors.New("the store's address cannot be read; write mysql://user@host:3306/database")
	}
	if _, has := u.User.Password(); has {
		return mysqlStore{}, errors.New("the store's address holds a password; name a password_file")
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = u.User.Username(), password, "tcp", u.Host
	c.DBName = strings.TrimPrefix(u.Path, "/")
	if c.User == "" || u.Hostname() == "" || c.DBName == "" {
		return mysqlStore{}, errors.New("the store's address is incomplete; write mysql://user@host:3306/database")
	}
	if u.Port() == "" {
		c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	switch mode := u.Query().Get("tls"); mode {
	case "", "verify_identity":
		c.TLS = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	case "required":
		c.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} // encrypted, and trusted as it is: what the word means
	case "disabled":
	default:
		return mysqlStore{}, fmt.Errorf("the store's tls %q is none of verify_identity, required, disabled", mode)
	}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 5*time.Second, 10*time.Second, 10*time.Second
	c.InterpolateParams = true // one round trip a statement
	c.Collation = "utf8mb4_bin"
	c.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES'"}
	c.Logger = &mysql.NopLogger{} // a connection that breaks is told by the Book
	return mysqlStore{c}, nil
}

func (d mysqlStore) open() (write, read *sql.DB, err error) {
	connector, err := mysql.NewConnector(d.config)
	if err != nil {
		return nil, nil, err
	}
	write, read = sql.OpenDB(connector), sql.OpenDB(connector)
	write.SetMaxOpenConns(2)
	read.SetMaxOpenConns(maxReaders)
	read.SetMaxIdleConns(maxReaders)
	read.SetConnMaxIdleTime(time.Minute)
	for _, db := range []*sql.DB{write, read} {
		db.SetConnMaxLifetime(10 * time.Minute) // a fail-over moves the address
	}
	return write, read, nil
}

func (d mysqlStore) create(ctx context.Context, db *sql.DB) error {
	short := func(size int) string { return fmt.Sprintf("VARCHAR(%d)", size) }
	for _, t := range tables {
		definition := t.create("BIGINT", "BINARY(16)", "MEDIUMTEXT", short, " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
		for _, x := range indexes {
			if x.table == t.name {
				definition = strings.Replace(definition, "PRIMARY KEY", "KEY "+x.name+" ("+x.columns+"),\nPRIMARY KEY", 1)
			}
		}
		if _, err := db.ExecContext(ctx, definition); err != nil {
			return fmt.Errorf("create the table %s: %w", t.name, err)
		}
	}
	return nil
}

func (mysqlStore) upsert(t table, rows int) string { return t.insert(rows) + t.onDuplicateKey() }

// size is what the server's statistics say of the tables.
func (mysqlStore) size(ctx context.Context, db *sql.DB) (int64, error) {
	var n sql.NullInt64
	err := db.QueryRowContext(ctx, `SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()`).Scan(&n)
	return n.Int64, err
}

// shrink is the server's own business.
func (mysqlStore) shrink(context.Context, *sql.DB) error { return nil }

// damaged is never so: what happens to a server's tables is its administrators' to mend.
func (mysqlStore) damaged(error) bool { return false }

// isolation keeps two writers from locking the gaps between each other's rows.
func (mysqlStore) isolation() sql.IsolationLevel { return sql.LevelReadCommitted }

func (mysqlStore) by(index string) string {
	return " FORCE INDEX (" + cmp.Or(index, "PRIMARY") + ")"
}

func (mysqlStore) lock() string { return " FOR UPDATE" }

func (mysqlStore) joinInOrder() string { return "STRAIGHT_JOIN" }

// retry is true for a deadlock and a lock that was waited for too long.
func (mysqlStore) retry(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1213 || e.Number == 1205)
}
