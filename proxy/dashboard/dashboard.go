package dashboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"guardrail/proxy/audit"
)

//go:embed assets templates
var files embed.FS

// Options is what the page is made of. All fields but Now are required.
type Options struct {
	Store *audit.Store
	Book  interface{ Health() audit.Health }
	Guard Guard
	Log   *zap.Logger
	Now   func() time.Time // time.Now where nil
}

// Dashboard serves the page. Stop ends what its viewers hold open.
type Dashboard struct {
	Options
	handler   http.Handler
	templates *template.Template
	live      *live
	slots     chan struct{} // of views that are made at the same time
	baseline  baseline
	assets    string // the hash of the assets, part of their address
}

// New makes the page.
func New(o Options) (*Dashboard, error) {
	if o.Store == nil || o.Book == nil || o.Guard == nil || o.Log == nil {
		return nil, errors.New("dashboard options: Store, Book, Guard and Log are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Dashboard{Options: o, live: newLive(o.Store), slots: make(chan struct{}, maxViews)}
	var err error
	if d.assets, err = hashOf(files, "assets"); err != nil {
		return nil, err
	}
	if d.templates, err = template.New("").Funcs(d.functions()).ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	d.handler = guarded(d.short(d.routes()))
	return d, nil
}

func (d *Dashboard) routes() http.Handler {
	mux := http.NewServeMux()
	view := func(pattern string, handle http.HandlerFunc) { mux.Handle(pattern, d.bounded(d.versioned(handle))) }
	view("GET /{$}", d.overview)
	view("GET /issues/{id}", d.issue)
	view("POST /issues/{id}/acknowledge", d.acknowledge)
	view("POST /issues/{id}/reopen", d.reopen)
	view("GET /events", d.events)
	view("GET /events/{id}", d.event)
	mux.HandleFunc("GET /find", d.find)
	mux.HandleFunc("GET /live", d.live.serve)
	mux.HandleFunc("GET /assets/{hash}/{name}", d.asset)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.fail(w, r, http.StatusNotFound, "There is no such page.")
	})
	return mux
}

// versionKey is the context's key of the version that a view shows.
type versionKey struct{}

// versioned notes the record's version before a view reads the record.
func (d *Dashboard) versioned(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		version := d.live.version(r.Context())
		handle(w, r.WithContext(context.WithValue(r.Context(), versionKey{}, version)))
	}
}

// ServeHTTP serves every view.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

// Stop ends the streams of open pages, which would hold up a server's shutdown.
func (d *Dashboard) Stop() { d.live.stop() }

// frame is what every view has around it.
type frame struct {
	Title  string
	Asset  string
	Health Health
	Record audit.Health
	Query  query
	Now    time.Time
	Viewer string
	// Version is the record's before the view read it; empty on a page that shows none of it.
	Version string
	View    any
}

// Troubled reports whether the guard needs someone's help.
func (f frame) Troubled() bool {
	down := slices.ContainsFunc(f.Health.Backends, func(b Backend) bool { return b.Err != "" })
	return down || f.Record.Err != nil || f.Health.Policy.Err != ""
}

// Elsewhere is where an issue happened, as far as that does not go without
// saying: in another environment, behind one of several backends.
func (f frame) Elsewhere(i audit.Issue) []value {
	out := f.Foreign(i.Environment)
	only := len(f.Health.Backends) == 1 && f.Health.Backends[0].Name == i.Backend
	if i.Backend != "" && len(f.Health.Backends) > 0 && !only {
		out = append(out, newValue(f.Query, "/", "backend", i.Backend))
	}
	return out
}

// Foreign is an environment, unless it is this one.
func (f frame) Foreign(environment string) []value {
	if environment == f.Health.Environment {
		return nil
	}
	return []value{newValue(f.Query, "/", "environment", environment)}
}

// render writes a view whole, or an error in its place.
func (d *Dashboard) render(w http.ResponseWriter, r *http.Request, status int, name, title string, q query, view any) {
	version, _ := r.Context().Value(versionKey{}).(string)
	f := frame{
		Title: title, Asset: "/assets/" + d.assets + "/", Health: d.Guard.Health(r.Context()), Record: d.Book.Health(),
		Query: q, Now: d.Now(), Viewer: viewer(r), Version: version, View: view,
	}
	var page bytes.Buffer
	if err := d.templates.ExecuteTemplate(&page, name, f); err != nil {
		d.Log.Error("a view could not be rendered", zap.String("view", name), zap.Error(err))
		http.Error(w, "This view could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(visible(page.Bytes()))
}

// fail tells what went wrong, in the page's own frame.
func (d *Dashboard) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	d.render(w, r, status, "fail.html", http.StatusText(status), query{}, failView{Text: text})
}

// failView is what is shown in place of a view.
type failView struct {
	Text       string
	Unreadable bool // it is the record that cannot be read: how the guard does is all that is known
}

// broken tells that the record cannot be read. The health that is still known
// is shown with it.
func (d *Dashboard) broken(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return // the viewer is gone
	}
	d.Log.Error("the record cannot be read", zap.Error(err))
	d.render(w, r, http.StatusServiceUnavailable, "fail.html", "The record cannot be read", query{}, failView{upperFirst(err.Error()) + ".", true})
}

func (d *Dashboard) asset(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("hash") != d.assets {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeFileFS(w, r, files, "assets/"+r.PathValue("name"))
}

// hashOf names the content of a folder.
func hashOf(files fs.FS, dir string) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		_, _ = fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}
