package dashboard

import (
	"context"
	"net/http"
)

// viewerKey is the key of the viewer's name in a request's context.
type viewerKey struct{}

func withViewer(r *http.Request, name string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), viewerKey{}, name))
}

// viewer is the name of who looks: "local" where nobody had to log in.
func viewer(r *http.Request) string {
	if name, ok := r.Context().Value(viewerKey{}).(string); ok {
		return name
	}
	return "local"
}
