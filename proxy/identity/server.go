// Package identity tells which server a connection has reached, and which
// environment the tag inside its data names.
package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// Server is one server process's place, made of what every account may read. Two
// connections with the same Server have reached the same one. The zero value
// is a server that is not known.
type Server struct {
	ID      string // MySQL's server_uuid; MariaDB's server_id, data directory and server_uid
	Host    string
	Port    string
	Version string
}

// Known reports whether the server has told who it is.
func (s Server) Known() bool { return s != Server{} }

// String names the server for people.
func (s Server) String() string {
	if !s.Known() {
		return "an unknown server"
	}
	return fmt.Sprintf("%s:%s (%s, %s)", s.Host, s.Port, s.Version, s.ID)
}

// Columns is the number of columns of the first of Questions.
const Columns = 4

// Questions are the texts that ask a server who it is; the last one may fail.
//
// MySQL's server_uuid alone would not do: a copied data directory brings its
// own along. MariaDB has none. The server_uid of its later versions is a hash of
// the machine's network address and the port; servers without it
// are told apart by server_id and data directory, which containers of one
// image share: give those a server_id of their own.
func Questions(mariaDB bool) []string {
	if mariaDB {
		return []string{
			"SELECT CONCAT_WS(' ', @@server_id, @@datadir), @@hostname, @@port, @@version",
			"SELECT @@server_uid",
		}
	}
	return []string{"SELECT @@server_uuid, @@hostname, @@port, @@version"}
}

// FromRow makes a Server of the row that the first question yields.
func FromRow(row [Columns]string) Server {
	return Server{ID: row[0], Host: row[1], Port: row[2], Version: row[3]}
}

// With adds what the second question yields.
func (s Server) With(uid string) Server {
	s.ID += " " + uid
	return s
}

// ReadServer asks a server who it is.
func ReadServer(ctx context.Context, c *sql.Conn) (Server, error) {
	row, err := readRow(ctx, c, Questions(false)[0])
	if err == nil {
		return FromRow(row), nil
	}
	if codeOf(err) != unknownVariable {
		return Server{}, fmt.Errorf("ask the server who it is: %w", err)
	}
	questions := Questions(true)
	if row, err = readRow(ctx, c, questions[0]); err != nil {
		return Server{}, fmt.Errorf("ask the server who it is: %w", err)
	}
	var uid string
	switch err := c.QueryRowContext(ctx, questions[1]).Scan(&uid); {
	case err == nil:
		return FromRow(row).With(uid), nil
	case codeOf(err) == unknownVariable:
		return FromRow(row), nil
	default:
		return Server{}, fmt.Errorf("ask the server who it is: %w", err)
	}
}

func readRow(ctx context.Context, c *sql.Conn, question string) (row [Columns]string, err error) {
	err = c.QueryRowContext(ctx, question).Scan(&row[0], &row[1], &row[2], &row[3])
	return row, err
}

// MySQL's numbers of errors that tell something.
const (
	accessDenied    = 1044
	unknownDatabase = 1049
	tableDenied     = 1142
	noSuchTable     = 1146
	unknownVariable = 1193
	specificDenied  = 1227
	readOnlyOption  = 1290
	readOnlyServer  = 1836
)

// Absent reports whether a server's error says that the tag's table is not there.
func Absent(code uint16) bool { return code == unknownDatabase || code == noSuchTable }

// codeOf returns the number of a server's error, 0 for any other error.
func codeOf(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}
