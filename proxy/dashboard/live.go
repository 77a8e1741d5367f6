package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"guardrail/proxy/audit"
)

const (
	lookEvery  = time.Second
	beatEvery  = 15 * time.Second // a comment, so that what stands between does not give up
	maxViewers = 200
	maxVersion = 64 // bytes of what a page says that it shows
)

// live tells open pages that something is new in the record. One goroutine
// looks, while at least one page is open; it ends with the last.
type live struct {
	store *audit.Store

	mu      sync.Mutex
	viewers map[*pageStream]struct{}
	cancel  context.CancelFunc // of the goroutine that looks
	done    chan struct{}      // closed when that has ended
	stopped bool
	end     chan struct{}
}

// pageStream is one open page.
type pageStream struct {
	news chan string
	seen string // the version that the page shows, or was last told of
}

func newLive(s *audit.Store) *live {
	return &live{store: s, viewers: map[*pageStream]struct{}{}, end: make(chan struct{})}
}

// version is another one whenever views of the record may be. It is to be asked
// for before a view reads the record: what comes between is told to the page then.
func (l *live) version(ctx context.Context) string {
	version, err := l.store.Version(ctx)
	if err != nil {
		return "unreadable"
	}
	return version
}

// serve streams to one page until it goes away, beginning with what has come
// since the page was made, or since its stream broke.
func (l *live) serve(w http.ResponseWriter, r *http.Request) {
	page, ok := l.join(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("seen")))
	if !ok {
		http.Error(w, "too many open pages", http.StatusServiceUnavailable)
		return
	}
	defer l.leave(page)
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	send := func(text string) bool {
		_ = control.SetWriteDeadline(time.Now().Add(2 * beatEvery)) // the server's own would end the stream
		_, err := fmt.Fprint(w, text)
		return err == nil && control.Flush() == nil
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	ok = send("retry: 3000\n\n")
	for ok {
		select {
		case version := <-page.news:
			ok = send("event: news\nid: " + version + "\ndata: " + version + "\n\n")
		case <-beat.C:
			ok = send(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-l.end:
			return
		}
	}
}

func (l *live) join(seen string) (*pageStream, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || len(l.viewers) >= maxViewers {
		return nil, false
	}
	page := &pageStream{news: make(chan string, 1), seen: seen[:min(len(seen), maxVersion)]}
	l.viewers[page] = struct{}{}
	if l.cancel == nil {
		ctx, cancel := context.WithCancel(context.Background())
		l.cancel, l.done = cancel, make(chan struct{})
		go l.look(ctx, l.done)
	}
	return page, true
}

func (l *live) leave(page *pageStream) {
	l.mu.Lock()
	delete(l.viewers, page)
	done := l.done
	last := len(l.viewers) == 0 && l.cancel != nil
	if last {
		l.cancel()
		l.cancel = nil
	}
	l.mu.Unlock()
	if last {
		<-done
	}
}

// look asks for the record's version and tells each page that shows another.
// A page that has not read the last news is told later.
func (l *live) look(ctx context.Context, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		l.tell(l.version(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *live) tell(version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for page := range l.viewers {
		if page.seen == version {
			continue
		}
		select {
		case page.news <- version:
			page.seen = version
		default:
		}
	}
}

func (l *live) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped {
		l.stopped = true
		close(l.end)
	}
}
