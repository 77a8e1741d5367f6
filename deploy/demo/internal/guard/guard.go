// Package guard runs the guardrail program in front of a server, as an operator would: a configuration file, a folder
// of policies, `guardrail serve`.
package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/template"
	"time"
)

// Options say what is run in front of what. All are required.
type Options struct {
	Program    string // path of guardrail
	Policies   string // folder of policies
	Listen     string // host:port for applications
	Admin      string // host:port for metrics and health
	Backend    string // host:port of the server
	BackendTLS string // MySQL's ssl-mode word for the connection to the server

	Environment string // what the proxy is for
	// ControlUser may write the environment tag, with which the server is tagged before the program serves. Empty: it is
	// not tagged.
	ControlUser, ControlPassword string
}

// Guard is a running guardrail.
type Guard struct {
	options Options
	dir     string // configuration and log; removed by Stop
	log     *os.File
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the program has ended; exit is set before
	exit    error
}

var config = template.Must(template.New("guardrail.yaml").Parse(`environment: {{.Environment}}

listeners:
  - address: {{.Listen}}
    backend: main

backends:
  main:
    address: {{.Backend}}
    tls: {mode: {{.BackendTLS}}}
{{- if .ControlUser}}
    control: {user: {{.ControlUser}}, password_file: control.pw}
{{- end}}
    identity: {tag: required}

policies: {{.Policies}}
admin: {address: {{.Admin}}}
`))

const (
	startLimit = 20 * time.Second
	stopLimit  = 20 * time.Second
)

// Start writes the configuration, runs the program and waits until it says that it is ready.
func Start(ctx context.Context, o Options) (*Guard, error) {
	dir, err := os.MkdirTemp("", "guardrail-demo-")
	if err != nil {
		return nil, err
	}
	g := &Guard{options: o, dir: dir, ended: make(chan struct{})}
	if err := g.start(ctx); err != nil {
		if g.log != nil {
			err = fmt.Errorf("%w\n%s", err, g.Log())
		}
		return nil, errors.Join(err, g.Stop())
	}
	return g, nil
}

func (g *Guard) start(ctx context.Context) error {
	policies, err := filepath.Abs(g.options.Policies)
	if err != nil {
		return err
	}
	g.options.Policies = policies
	var text bytes.Buffer
	if err := config.Execute(&text, g.options); err != nil {
		return err
	}
	if err := os.WriteFile(g.Config(), text.Bytes(), 0o600); err != nil {
		return err
	}
	if g.options.ControlUser != "" {
		if err := g.tag(ctx); err != nil {
			return err
		}
	}
	if g.log, err = os.Create(filepath.Join(g.dir, "guardrail.log")); err != nil {
		return err
	}
	cmd := exec.Command(g.options.Program, "serve", "--config", g.Config())
	cmd.Stdout, cmd.Stderr = g.log, g.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C in the terminal is the demo's to handle
	if err := cmd.Start(); err != nil {
		return err
	}
	g.cmd = cmd
	go g.wait()
	return g.ready(ctx)
}

// tag writes into the server's data which environment it belongs to.
func (g *Guard) tag(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(g.dir, "control.pw"), []byte(g.options.ControlPassword), 0o600); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, g.options.Program, "tag", "--config", g.Config(), g.options.Environment).CombinedOutput()
	if err != nil {
		return fmt.Errorf("guardrail tag: %w: %s", err, out)
	}
	return nil
}

// wait is the only goroutine of a Guard. It ends with the program.
func (g *Guard) wait() {
	g.exit = g.cmd.Wait()
	close(g.ended)
}

// ready asks /readyz until it answers with 200.
func (g *Guard) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := g.get(ctx, "/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-g.ended:
			return fmt.Errorf("guardrail ended while starting: %v", g.exit)
		case <-ctx.Done():
			return fmt.Errorf("guardrail is not ready: %w", err)
		}
	}
}

// Metrics returns the page that Prometheus would scrape.
func (g *Guard) Metrics(ctx context.Context) (string, error) { return g.get(ctx, "/metrics") }

// get reads a page of the admin listener.
func (g *Guard) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.options.Admin+path, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return string(body), nil
}

// Addr is where applications connect.
func (g *Guard) Addr() string { return g.options.Listen }

// Admin is where metrics and health are.
func (g *Guard) Admin() string { return g.options.Admin }

// Config is the path of the configuration file, until Stop.
func (g *Guard) Config() string { return filepath.Join(g.dir, "guardrail.yaml") }

// Policies is the folder of the policies in force.
func (g *Guard) Policies() string { return g.options.Policies }

// Log is what the program has written so far: JSON, a line per event.
func (g *Guard) Log() string {
	text, err := os.ReadFile(g.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Ended is closed when the program has ended, which before Stop it should not.
func (g *Guard) Ended() <-chan struct{} { return g.ended }

// Stop asks the program to end, waits for it, and removes its files. An exit code other than 0 is an error.
func (g *Guard) Stop() error {
	var err error
	if g.cmd != nil {
		err = g.end()
	}
	if g.log != nil {
		err = errors.Join(err, g.log.Close())
	}
	return errors.Join(err, os.RemoveAll(g.dir))
}

func (g *Guard) end() error {
	g.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-g.ended:
	case <-timer.C:
		g.cmd.Process.Kill()
		<-g.ended
		return fmt.Errorf("guardrail did not end within %v", stopLimit)
	}
	if g.exit != nil {
		return fmt.Errorf("guardrail: %w", g.exit)
	}
	return nil
}

// Address returns the preferred host:port if it is free, and a free port on the same host if it is not.
func Address(preferred string) (string, error) {
	l, err := net.Listen("tcp", preferred)
	if err != nil {
		host, _, splitErr := net.SplitHostPort(preferred)
		if splitErr != nil {
			return "", splitErr
		}
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return "", err
		}
	}
	defer l.Close()
	return l.Addr().String(), nil
}
