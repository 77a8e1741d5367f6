package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout bounds one look at the backend for /readyz.
const readyTimeout = 3 * time.Second

// adminHandler serves /metrics, /healthz (the process lives) and /readyz (it could
// serve a client now; and how the record does).
func adminHandler(gatherer prometheus.Gatherer, ready func(context.Context) error, detail func() string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := ready(ctx); err != nil {
			http.Error(w, "not ready: "+err.Error()+"\n"+detail(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "ready\n%s\n", detail())
	})
	return mux
}

// newAdminServer returns the HTTP server of the admin address, with the
// deadlines that keep a slow peer from holding it.
func newAdminServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
}
