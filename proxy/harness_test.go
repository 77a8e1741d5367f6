package proxy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }

// guard is a running proxy and what it recorded.
type guard struct {
	addr     string
	server   *proxy.Server
	live     *policy.Live
	record   *record
	registry *prometheus.Registry
}

// record is a Recorder in memory.
type record struct {
	mu     sync.Mutex
	events []audit.Event
	err    error
}

func (r *record) Record(e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	r.events = append(r.events, e)
	return nil
}

// fail makes every later Record fail.
func (r *record) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *record) all() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]audit.Event(nil), r.events...)
}

// swap puts other policies in force.
func (g *guard) swap(t testing.TB, policies string) {
	t.Helper()
	if err := g.live.Reload(func() (*policy.Set, error) { return compile(t, policies), nil }, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// nextFile separates the policy files of a test.
const nextFile = "=====\n"

// compile makes the policies of a test for production.
func compile(t testing.TB, text string) *policy.Set {
	t.Helper()
	var sources []policy.Source
	for i, file := range strings.Split(text, nextFile) {
		sources = append(sources, policy.Source{File: fmt.Sprintf("test%d.yaml", i), Text: []byte(file)})
	}
	p, err := policy.Parse(sources)
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile("production")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// start runs a proxy in front of backend until the end of t.
func start(t testing.TB, backend, policies string, change ...func(*proxy.Options)) *guard {
	t.Helper()
	g := &guard{record: &record{}, registry: prometheus.NewRegistry(), live: policy.NewLive(compile(t, policies), time.Now())}
	options := proxy.Options{
		Environment: "production",
		Backend:     proxy.BackendOptions{Name: "main", Address: backend, Tag: proxy.TagNone},
		Policies:    g.live,
		Reader:      sqlparse.NewReader(sqlparse.Options{}),
		ClientTLS:   selfSigned(t),
		Recorder:    g.record,
		Metrics:     metrics.New(g.registry, "production", "test", "test", "test"),
		Log:         zap.NewNop(),
	}
	for _, c := range change {
		c(&options)
	}
	server, err := proxy.New(options)
	if err != nil {
		t.Fatal(err)
	}
	g.server = server
	g.addr = g.listen(t, "tcp", "127.0.0.1:0")
	return g
}

// listen makes the proxy listen until the end of t, and returns where.
func (g *guard) listen(t testing.TB, network, address string) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- g.server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := g.server.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return listener.Addr().String()
}

// open returns a pool of connections through the proxy, for an account with
// mysqltest's password.
func (g *guard) open(t testing.TB, user, db string, change ...func(*mysql.Config)) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = user, mysqltest.Password, "tcp", g.addr, db
	c.Logger = &mysql.NopLogger{} // a connection that breaks is what some tests are about
	for _, f := range change {
		f(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// one returns one connection of a pool.
func one(t testing.TB, pool *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func multi(c *mysql.Config) { c.MultiStatements = true }

func withTLS(c *mysql.Config) { c.TLS = &tls.Config{InsecureSkipVerify: true} }

// codeOf returns the number of a server's error, 0 for none, -1 for another error.
func codeOf(err error) int {
	if err == nil {
		return 0
	}
	var e *mysql.MySQLError
	if ok := errors.As(err, &e); ok {
		return int(e.Number)
	}
	return -1
}

func run(t testing.TB, c *sql.Conn, text string, args ...any) {
	t.Helper()
	if _, err := c.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%.200s: %.300v", text, err)
	}
}

// refused runs a text that must be refused with a code, and returns the message.
func refused(t testing.TB, c *sql.Conn, code int, text string, args ...any) string {
	t.Helper()
	_, err := c.ExecContext(t.Context(), text, args...)
	if got := codeOf(err); got != code {
		t.Fatalf("%.200s: error %d (%v), want %d", text, got, err, code)
	}
	return err.Error()
}

func value[T any](t testing.TB, c *sql.Conn, text string, args ...any) T {
	t.Helper()
	var v T
	if err := c.QueryRowContext(t.Context(), text, args...).Scan(&v); err != nil {
		t.Fatalf("%.200s: %.300v", text, err)
	}
	return v
}

// selfSigned is a listener's TLS with a certificate for 127.0.0.1.
func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
