package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watcher calls for a reload when a directory's files change.
//
// Three things hide changes from a plain watch of the directory. Kubernetes
// mounts a ConfigMap as links into ..data, itself a link that is swapped; this
// shows as an event in the directory. Where the directory is such a link, or
// lies behind one (git-sync, a ConfigMap with paths), the swap shows only
// beside it; so the folder above is watched too, and the watch is put anew when
// the directory leads elsewhere. Above a plain directory that is done only while
// it is gone: the record may stand beside it, and is written all the time. What
// happens further away (a link on the way to the directory, or to one of its
// files) shows nowhere; so the files are glanced at now and then, too. And editors
// and tools write in several steps; so a reload waits until nothing has happened
// for a while.
type Watcher struct {
	dir    string
	leads  string  // where dir led to when the watch was put
	seen   listing // at the last reload
	settle time.Duration
	fs     *fsnotify.Watcher
}

// NewWatcher watches a directory. Changes count as one until none has come for
// settle, but no change waits longer than ten times that; as often the files are
// glanced at. Run must follow; it frees what the watch holds.
func NewWatcher(dir string, settle time.Duration) (*Watcher, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("watch policies: %w", err)
	}
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch policies: %w", err)
	}
	w := &Watcher{dir: dir, seen: listingOf(dir), settle: settle, fs: fs}
	if err := w.put(); err != nil {
		return nil, errors.Join(fmt.Errorf("watch policies: %w", err), fs.Close())
	}
	return w, nil
}

// put watches the directory that dir leads to now.
func (w *Watcher) put() error {
	leads, err := filepath.EvalSymlinks(w.dir)
	if err != nil {
		return err
	}
	if w.leads != "" {
		_ = w.fs.Remove(w.leads) // gone already when the directory is
		w.leads = ""
	}
	if err := w.fs.Add(leads); err != nil {
		return err
	}
	w.leads = leads
	if leads != w.dir {
		return w.fs.Add(filepath.Dir(w.dir))
	}
	_ = w.fs.Remove(filepath.Dir(w.dir)) // not watched where the directory was there all the time
	return nil
}

// lost watches for the directory to come back. It may be back already, before
// that watch was put.
func (w *Watcher) lost() {
	w.leads = ""
	_ = w.fs.Add(filepath.Dir(w.dir))
	_ = w.put()
}

// Run calls reload, one call at a time, after the directory has changed and
// when a signal comes, and tells it why, until ctx is done. Nil signals never come.
func (w *Watcher) Run(ctx context.Context, signals <-chan os.Signal, reload func(reason string)) {
	defer func() { _ = w.fs.Close() }()
	quiet := newQuiet(w.settle)
	defer quiet.stop()
	glances := time.NewTicker(10 * w.settle)
	defer glances.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if !ok {
				signals = nil
				continue
			}
			w.seen = listingOf(w.dir)
			reload(s.String())
		case e := <-w.fs.Events:
			if w.concerns(e) {
				quiet.disturb(time.Now())
			}
		case <-w.fs.Errors: // events were lost: whatever they were, look again
			quiet.disturb(time.Now())
		case <-glances.C:
			if w.glance() {
				quiet.disturb(time.Now())
			}
		case <-quiet.timer.C:
			quiet.rest()
			w.seen = listingOf(w.dir) // before they are read: what changes in between is seen again
			reload("the files in " + w.dir + " have changed")
		}
	}
}

// concerns reports whether an event may have changed the directory's files.
func (w *Watcher) concerns(e fsnotify.Event) bool {
	within := filepath.Dir(e.Name) == w.leads
	if within && (e.Op == fsnotify.Chmod || !decides(filepath.Base(e.Name))) {
		return false
	}
	leads, err := filepath.EvalSymlinks(w.dir)
	if err != nil {
		// Told once: what else is written beside the directory, as the record may
		// be, which tells of the load that failed, does not bring it back.
		gone := w.leads != ""
		if gone {
			w.lost()
		}
		return gone
	}
	if leads != w.leads || e.Name == w.dir || e.Name == w.leads {
		_ = w.put() // tried again at the next event
		return true
	}
	return within
}

// decides reports whether what has a name can change the policies: a policy
// file, a link or folder, a ConfigMap's ..data. The record and the log may stand
// among the policies, and are written at every load.
func decides(name string) bool {
	extension := strings.ToLower(filepath.Ext(name))
	return extension == "" || extension == ".yaml" || extension == ".yml" || strings.HasPrefix(name, "..")
}

// quiet tells when a while has passed without a disturbance.
type quiet struct {
	settle time.Duration
	timer  *time.Timer
	first  time.Time // of the disturbances since the last rest; zero: none
}

func newQuiet(settle time.Duration) *quiet {
	q := &quiet{settle: settle, timer: time.NewTimer(settle)}
	q.timer.Stop()
	return q
}

// disturb starts the wait again, unless it has lasted ten times as long already.
func (q *quiet) disturb(now time.Time) {
	if q.first.IsZero() {
		q.first = now
	}
	if now.Sub(q.first) < 10*q.settle {
		q.timer.Reset(q.settle)
	}
}

func (q *quiet) rest() { q.first = time.Time{} }

func (q *quiet) stop() { q.timer.Stop() }
