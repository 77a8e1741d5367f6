// Package app puts the parts of "guardrail serve" together: it is the only
// place that knows all of them.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
	"guardrail/sqlparse"
)

// Options is what the command line knows.
type Options struct {
	ConfigFile string
	Version    string
	Revision   string
	LogTo      io.Writer // JSON lines

	// Explain writes what "guardrail explain" would about a request.
	Explain func(out io.Writer, app *policy.App, r policy.Request, environment string)
}

const (
	stopTimeout = 10 * time.Second
)

// App is one proxy process.
type App struct {
	config   config.Options
	version  string
	explain  func(io.Writer, *policy.App, policy.Request, string)
	log      *zap.Logger
	live     *policy.Live
	metrics  *metrics.Metrics
	registry *prometheus.Registry
	store    *audit.Store
	book     *audit.Book
	usage    *proxy.Usage
	loops    *proxy.Loops
	traffic  *proxy.Traffic
	seen     map[string]*proxy.LastSeen // by the backend's name
	servers  []*proxy.Server
	failed   chan error // a part that must not end has ended
	undo     []undo     // in the order of their start
}

// undo ends one part.
type undo struct {
	name string
	stop func(context.Context) error
}

// Run starts everything, serves until ctx is done or a part fails, and stops
// everything in reverse.
func Run(ctx context.Context, o Options) error {
	a, err := New(o)
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return errors.Join(err, a.Stop())
	}
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
		return a.Stop()
	case err := <-a.failed:
		return errors.Join(err, a.Stop())
	}
}

// New reads the configuration and the policies and builds every part. Nothing
// listens yet.
func New(o Options) (*App, error) {
	c, err := config.Load(o.ConfigFile)
	if err != nil {
		return nil, err
	}
	set, err := policy.Load(c.Policies, c.Environment)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	to := zapcore.Lock(zapcore.AddSync(o.LogTo)) // the log and the record's lines share it
	a := &App{
		config:   c,
		version:  o.Version,
		explain:  o.Explain,
		log:      newLog(to).With(zap.String("environment", c.Environment)),
		live:     policy.NewLive(set, now),
		registry: prometheus.NewRegistry(),
		usage:    proxy.NewUsage(),
		traffic:  proxy.NewTraffic(),
		seen:     make(map[string]*proxy.LastSeen),
		failed:   make(chan error, len(c.Listeners)+1),
	}
	metrics.In(c.Environment, a.registry).MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.metrics = metrics.New(a.registry, c.Environment, o.Version, o.Revision, runtime.Version())
	if err := a.openRecord(to); err != nil {
		return nil, err
	}
	if err := a.startLoops(); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	reader := sqlparse.NewReader(sqlparse.Options{Limits: c.Reading})
	for _, l := range c.Listeners {
		server, err := a.newServer(l, reader, now)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listener %s: %w", l.Address, err), a.Stop())
		}
		a.servers = append(a.servers, server)
	}
	return a, nil
}

// startLoops starts an event loop for each core that the process may use, and
// lets Go run as many threads again beside them, and that of the record's writer.
func (a *App) startLoops() (err error) {
	cores := runtime.GOMAXPROCS(0)
	if a.loops, err = proxy.StartLoops(cores, a.log); err != nil {
		return fmt.Errorf("event loops: %w", err)
	}
	runtime.GOMAXPROCS(2*cores + 1)
	a.undo = append(a.undo, undo{"event loops", func(context.Context) error {
		a.loops.Stop()
		runtime.GOMAXPROCS(cores)
		return nil
	}})
	return nil
}

func (a *App) newServer(l config.Listener, reader *sqlparse.Reader, now time.Time) (*proxy.Server, error) {
	b, ok := a.config.Backend(l.Backend)
	if !ok {
		return nil, fmt.Errorf("no backend %q", l.Backend)
	}
	clientTLS, err := listenerTLS(l.TLS.Cert, l.TLS.Key, l.TLS.ClientCA, now)
	if err != nil {
		return nil, err
	}
	serverTLS, err := backendTLS(b.TLS.Mode, b.TLS.CA, b.Address)
	if err != nil {
		return nil, err
	}
	control, err := Control(b)
	if err != nil {
		return nil, err
	}
	tag, ok := tagRules[b.Identity.Tag]
	if !ok {
		return nil, fmt.Errorf("no tag rule %q", b.Identity.Tag)
	}
	if a.seen[b.Name] == nil {
		a.seen[b.Name] = proxy.NewLastSeen()
	}
	return proxy.New(proxy.Options{
		Environment: a.config.Environment,
		Version:     a.version,
		Backend: proxy.BackendOptions{
			Name: b.Name, Address: b.Address, TLS: serverTLS, FollowClient: b.TLS.FollowClient, ProxyProtocol: b.ProxyProtocol,
			Tag: tag, Control: control, Annotate: b.AnnotateStatements, AnnotateInText: b.AnnotateInText,
		},

		ProxyProtocolFrom: l.ProxyProtocolFrom,

		ClientTLS:  clientTLS,
		RequireTLS: l.TLS.Required,
		Policies:   a.live,
		Usage:      a.usage,
		Loops:      a.loops,
		Traffic:    a.traffic,
		Reader:     reader,
		Recorder:   a.book,
		Sightings:  a.store,
		LastSeen:   a.seen[b.Name],
		Metrics:    a.metrics,
		Log:        a.log,
	})
}

// Start listens and serves. After an error, Stop ends what was started.
func (a *App) Start() error {
	for i, l := range a.config.Listeners {
		if err := a.serve(l, a.servers[i]); err != nil {
			return err
		}
	}
	a.Reload("start")
	if err := a.watch(); err != nil {
		return err
	}
	if err := a.serveAdmin(); err != nil {
		return err
	}
	a.log.Info("serving", zap.String("policy_hash", a.live.Status().Hash), zap.String("admin", a.config.Admin.Address))
	return nil
}

func (a *App) serve(l config.Listener, server *proxy.Server) error {
	a.undo = append(a.undo, undo{"listener " + l.Address, server.Stop})
	listener, err := listen(l.Address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	go func() {
		if err := server.Serve(listener); err != nil {
			a.failed <- fmt.Errorf("listener %s: %w", l.Address, err)
		}
	}()
	a.log.Info("listening", zap.Stringer("address", listener.Addr()), zap.String("backend", l.Backend))
	return nil
}

// ready reports why a client could not be served now.
func (a *App) ready(ctx context.Context) error {
	if err := a.book.Refusing(); err != nil {
		return fmt.Errorf("every statement is refused, as the record cannot be written: %w", err)
	}
	for i, s := range a.servers {
		if err := s.Ready(ctx); err != nil {
			return fmt.Errorf("backend %s: %w", a.config.Listeners[i].Backend, err)
		}
	}
	return nil
}

// Stop ends all that was started, the last first, within a bounded time.
func (a *App) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var all []error
	for i := len(a.undo) - 1; i >= 0; i-- {
		if err := a.undo[i].stop(ctx); err != nil {
			all = append(all, fmt.Errorf("%s: %w", a.undo[i].name, err))
		}
	}
	a.undo = nil
	return errors.Join(all...)
}

// newLog writes JSON lines with the field names that log shippers expect.
func newLog(to io.Writer) *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.TimeKey, encoder.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	encoder.MessageKey = "message"
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.AddSync(to), zap.InfoLevel))
}
