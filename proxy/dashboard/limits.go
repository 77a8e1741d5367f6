package dashboard

import (
	"context"
	"net/http"
	"time"
)

// The page is served by the process that proxies: what its viewers ask for is
// bounded in time, in number and in length.
const (
	viewLimit  = 10 * time.Second // what one view may cost the store
	maxViews   = 8                // that are made or sent at the same time
	maxAddress = 4 << 10          // bytes of an address behind its question mark
)

// bounded makes a view wait for its turn, and ends what takes too long.
func (d *Dashboard) bounded(handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), viewLimit)
		defer cancel()
		select {
		case d.slots <- struct{}{}:
			defer func() { <-d.slots }()
			handle(w, r.WithContext(ctx))
		case <-ctx.Done():
			http.Error(w, "Too many views are asked for at the same time. Try again.", http.StatusServiceUnavailable)
		}
	})
}

// short refuses addresses that no view of the page leads to.
func (d *Dashboard) short(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.RawQuery) > maxAddress {
			d.fail(w, r, http.StatusRequestURITooLong, "This address asks for too much. Remove some of its filters.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asked reads what a view is asked for, or tells why it cannot be shown.
func (d *Dashboard) asked(w http.ResponseWriter, r *http.Request) (query, bool) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		d.fail(w, r, http.StatusBadRequest, upperFirst(err.Error())+".")
	}
	return q, err == nil
}
