package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/proxy/dashboard"
	"guardrail/proxy/metrics"
)

// readyTimeout bounds one look at the backend for /readyz.
const readyTimeout = 3 * time.Second

// serveAdmin serves the page for on call with /metrics, /healthz and /readyz,
// and if it is configured the latter three elsewhere too.
func (a *App) serveAdmin() error {
	c := a.config.Admin
	overseer := newOverseer(a)
	metrics.In(a.config.Environment, a.registry).MustRegister(overseer)
	page, err := dashboard.New(dashboard.Options{Store: a.store, Book: a.book, Guard: overseer, Log: a.log})
	if err != nil {
		return err
	}
	access := dashboard.Access{Header: c.TrustedHeader.Name, From: c.TrustedHeader.From}
	if c.Users != "" {
		if access.Users, err = config.ReadUsers(c.Users); err != nil {
			return fmt.Errorf("admin: users: %w", err)
		}
	}
	mux := http.NewServeMux()
	a.probes(mux)
	mux.Handle("GET /metrics", access.Wrap(a.metricsHandler()))
	mux.Handle("GET /status", access.Wrap(http.HandlerFunc(overseer.serveStatus)))
	mux.Handle("/", access.Wrap(page))
	if c.Profiles {
		mux.Handle("GET /debug/pprof/", access.Wrap(profiles()))
	}
	var secured *tls.Config
	if c.Cert != "" {
		if secured, err = listenerTLS(c.Cert, c.Key, "", time.Now()); err != nil {
			return fmt.Errorf("admin: %w", err)
		}
	}
	if err := a.serveHTTP("admin", c.Address, mux, secured); err != nil {
		return err
	}
	a.undo = append(a.undo, undo{"page", func(context.Context) error { page.Stop(); return nil }})
	if c.MetricsAddress == "" {
		return nil
	}
	open := http.NewServeMux()
	a.probes(open)
	open.Handle("GET /metrics", a.metricsHandler())
	return a.serveHTTP("metrics", c.MetricsAddress, open, nil)
}

// profiles serves what Go's pprof tool asks for: where the process spends its
// time and its memory. The command line, which it could serve too, is nobody's.
func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/cmdline", http.NotFound)
	return mux
}

func (a *App) metricsHandler() http.Handler {
	return promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{})
}

// probes serves /healthz (the process lives) and /readyz (it could serve a
// client now; and how the record does), which ask nobody who they are.
func (a *App) probes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := a.ready(ctx); err != nil {
			http.Error(w, "not ready: "+err.Error()+"\n"+a.detail(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "ready\n%s\n", a.detail())
	})
}

// serveHTTP serves a handler on an address until the end, with the deadlines
// that keep a slow peer from holding it.
func (a *App) serveHTTP(name, address string, handler http.Handler, config *tls.Config) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ErrorLog:          zap.NewStdLog(a.log),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	a.undo = append(a.undo, undo{name, server.Shutdown})
	go func() {
		serve := server.Serve
		if config != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("%s: %w", name, err)
		}
	}()
	return nil
}
