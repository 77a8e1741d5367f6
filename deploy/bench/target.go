package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
)

// target is one way to the server.
type target struct {
	name  string
	admin string              // where Go's profiles of it are served; empty: nowhere
	addr  map[security]string // none: the target cannot do that
	early bool                // with TLS on both legs, TLS begins with the first byte, and MySQL knows nothing of it
	pid   int                 // of the proxy; 0: there is none, or it is not known
}

// client is how a MySQL client connects to the target.
func (t target) client(s security) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = account, mysqltest.Password, "tcp", t.addr[s], database
	c.Logger = &mysql.NopLogger{}
	unverified := &tls.Config{InsecureSkipVerify: true}
	switch {
	case s == bothLegs && t.early:
		c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&tls.Dialer{Config: unverified}).DialContext(ctx, network, addr)
		}
	case s != plain:
		c.TLS = unverified
	}
	return c
}

// field is all targets, running.
type field struct {
	dir       string // configurations and logs
	processes []*mysqltest.Process
	targets   []target
}

// starter starts the proxies of one kind.
type starter func(context.Context, *bench, *field) error

// startField starts the proxies that the run was asked for.
func startField(ctx context.Context, b *bench) (*field, error) {
	dir, err := os.MkdirTemp("", "guardrail-bench-")
	if err != nil {
		return nil, err
	}
	server := b.server.Addr()
	f := &field{dir: dir, targets: []target{{name: "direct", addr: map[security]string{plain: server, clients: server, bothLegs: server}}}}
	for _, kind := range []struct {
		name  string
		start starter
	}{{"haproxy", startHAProxy}, {"router", startRouter}, {"guardrail", startGuardrail}} {
		if !wanted(b.options.targets, kind.name) {
			continue
		}
		if err := kind.start(ctx, b, f); err != nil {
			f.stop()
			return nil, fmt.Errorf("%s: %w", kind.name, err)
		}
	}
	others, err := externals(b.options.external)
	if err != nil {
		f.stop()
		return nil, err
	}
	f.targets = append(f.targets, others...)
	f.targets = slices.DeleteFunc(f.targets, func(t target) bool { return !wanted(b.options.targets, t.name) })
	return f, nil
}

// serving are the targets that a case can be measured on.
func (f *field) serving(c benchCase) []target {
	return slices.DeleteFunc(slices.Clone(f.targets), func(t target) bool {
		return t.addr[c.tls] == "" || c.fresh && t.pid == 0
	})
}

// launch runs a proxy, with a log in the field's folder, until it accepts connections.
func (f *field) launch(ctx context.Context, cmd *exec.Cmd, name string, addrs ...string) (pid int, err error) {
	log, err := os.Create(filepath.Join(f.dir, name+".log"))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	p, err := mysqltest.Run(cmd)
	if err != nil {
		return 0, err
	}
	f.processes = append(f.processes, p)
	for _, addr := range addrs {
		if err := accepts(ctx, p, addr); err != nil {
			said, _ := os.ReadFile(log.Name())
			return 0, fmt.Errorf("%w: %s", err, said)
		}
	}
	return p.PID(), nil
}

// accepts waits until somebody listens.
func accepts(ctx context.Context, p *mysqltest.Process, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-p.Done():
			return errors.New("it ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("it does not listen on %s: %w", addr, ctx.Err())
		}
	}
}

// write puts a file into the field's folder.
func (f *field) write(name string, content []byte) (path string, err error) {
	path = filepath.Join(f.dir, name)
	return path, os.WriteFile(path, content, 0o600)
}

// stop ends the proxies, the last first.
func (f *field) stop() {
	for _, p := range slices.Backward(f.processes) {
		p.Kill()
	}
	os.RemoveAll(f.dir) // what is left is in the system's folder for such files
}

// freeAddresses are loopback addresses that nobody listens on at this moment.
func freeAddresses(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
