package mysqltest

import (
	"errors"
	"os"
	"sync"
	"testing"
)

// Option changes how a server is started. A server with options belongs to the test that asked for it.
type Option func(*settings)

type settings struct {
	args     []string // for every start
	initArgs []string // for every start, and when the data directory is made
	port     int      // 0: any that is free
}

// Own asks for a server of the test's own with the usual settings, which may be killed and started again.
func Own() Option { return func(*settings) {} }

// Args adds options to the server's command line, after the usual ones.
func Args(args ...string) Option {
	return func(s *settings) { s.args = append(s.args, args...) }
}

// Port asks for a server on a port of 127.0.0.1 that is known beforehand.
func Port(n int) Option { return func(s *settings) { s.port = n } }

// LowerCaseTableNames sets lower_case_table_names, which MySQL fixes when the data directory is made.
func LowerCaseTableNames(n string) Option {
	return func(s *settings) { s.initArgs = append(s.initArgs, "--lower-case-table-names="+n) }
}

// PerformanceSchema turns the performance schema on, with the history of statement events: the server's own names for
// what it executed are in performance_schema.events_statements_history.
func PerformanceSchema() Option {
	return Args("--performance-schema=ON",
		"--performance-schema-instrument=statement/%=ON",
		"--performance-schema-consumer-events-statements-current=ON",
		"--performance-schema-consumer-events-statements-history=ON")
}

// MySQL returns a running MySQL server: the test binary's shared one, or with options one that ends with t.
func MySQL(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return get(t, mysqlFlavour, opts)
}

// MariaDB returns a running MariaDB server: the test binary's shared one, or with options one that ends with t.
func MariaDB(t testing.TB, opts ...Option) *Server {
	t.Helper()
	return get(t, mariadbFlavour, opts)
}

// StartMySQL is [MySQL] for a program that is no test. The caller stops the server.
func StartMySQL(opts ...Option) (*Server, error) { return startOwn(mysqlFlavour, opts) }

// startOwn starts a server of the caller's own.
func startOwn(f flavour, opts []Option) (*Server, error) {
	var set settings
	for _, opt := range opts {
		opt(&set)
	}
	s, err := start(f, set)
	if err != nil {
		return nil, err
	}
	s.own = true
	return s, nil
}

// Each runs test as a sub-test on MySQL and on MariaDB.
func Each(t *testing.T, test func(*testing.T, *Server), opts ...Option) {
	t.Helper()
	for _, f := range []flavour{mysqlFlavour, mariadbFlavour} {
		t.Run(f.String(), func(t *testing.T) { test(t, get(t, f, opts)) })
	}
}

// Main runs a test binary's tests, ends its shared servers and exits.
func Main(m *testing.M) {
	code := m.Run()
	shared.stop()
	os.Exit(code)
}

// shared is package state because the tests of a binary have no other place in common: a server each would cost a
// second each.
var shared pool

// pool holds at most one running server of each flavour.
type pool struct {
	mu      sync.Mutex
	running map[flavour]*Server
	failed  map[flavour]error
}

// get returns the pool's server, started by its first caller. A start that failed is not tried again.
func (p *pool) get(f flavour) (*Server, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.running[f]; ok {
		return s, nil
	}
	if err, ok := p.failed[f]; ok {
		return nil, err
	}
	s, err := start(f, settings{})
	if err != nil {
		if p.failed == nil {
			p.failed = map[flavour]error{}
		}
		p.failed[f] = err
		return nil, err
	}
	if p.running == nil {
		p.running = map[flavour]*Server{}
	}
	p.running[f] = s
	return s, nil
}

// stop ends the pool's servers and removes their data.
func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.running {
		s.Stop()
	}
	p.running = nil
}

// get finds or starts a server for t, or ends t.
func get(t testing.TB, f flavour, opts []Option) *Server {
	t.Helper()
	var s *Server
	var err error
	if len(opts) == 0 {
		s, err = shared.get(f)
	} else if s, err = startOwn(f, opts); err == nil {
		t.Cleanup(s.Stop)
	}
	if errors.Is(err, errNotInstalled) && !required() {
		t.Skipf("%v: %s; deploy/test/install-servers installs it", f, err)
	}
	if err != nil {
		t.Fatalf("%v: %v", f, err)
	}
	return s
}

// required tells whether a test without its server fails rather than being skipped.
func required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("GUARDRAIL_REQUIRE_SERVERS") == "1"
}
