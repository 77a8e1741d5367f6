// Package embedded runs a MySQL-compatible server inside this process, in memory, so that the demo needs no database.
package embedded

import (
	"io"
	"net"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/sirupsen/logrus"
)

// version is what the server says of itself. Drivers and Guardrail read a MySQL 8.0 from it, whose SQL it speaks.
const version = "8.0.33-embedded"

// Server is a running embedded server. Its data ends with the process.
type Server struct {
	server *server.Server
	addr   string
	done   chan error
}

// Start listens on a free loopback port. root, from anywhere, may do everything.
func Start(rootPassword string) (*Server, error) {
	quiet()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	provider := memory.NewDBProvider()
	engine := sqle.NewDefault(provider)
	accounts := engine.Analyzer.Catalog.MySQLDb
	accounts.SetPersister(discard{})
	editor := accounts.Editor()
	accounts.AddSuperUser(editor, "root", "%", rootPassword)
	editor.Close()
	config := server.Config{Protocol: "tcp", Listener: listener, Version: version}
	s, err := server.NewServer(config, engine, sql.NewContext, memory.NewSessionBuilder(provider), nil)
	if err != nil {
		listener.Close()
		return nil, err
	}
	e := &Server{server: s, addr: listener.Addr().String(), done: make(chan error, 1)}
	go e.serve()
	return e, nil
}

// Addr is host:port of the server's listener.
func (e *Server) Addr() string { return e.addr }

// Stop closes the listener and waits until no more connections are accepted.
func (e *Server) Stop() error {
	err := e.server.Close()
	<-e.done
	return err
}

// serve accepts connections until Stop. It is the only goroutine of a Server.
func (e *Server) serve() { e.done <- e.server.Start() }

// quiet keeps the engine's own log, one line per connection and statement, out of the demo's story.
func quiet() { logrus.SetOutput(io.Discard) }

// discard takes the account tables and forgets them: they need not outlive the process.
type discard struct{}

func (discard) Persist(*sql.Context, []byte) error { return nil }
