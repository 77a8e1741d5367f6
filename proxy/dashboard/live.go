package dashboard

import (
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
)

// live tells open pages that something is new in the record. One goroutine
// looks, while at least one page is open; it ends with the last.
type live struct {
	store *audit.Store

	mu      sync.Mutex
	viewers map[chan string]struct{}
	cancel  context.CancelFunc // of the goroutine that looks
	done    chan struct{}      // closed when that has ended
	stopped bool
	end     chan struct{}
}

func newLive(s *audit.Store) *live {
	return &live{store: s, viewers: map[chan string]struct{}{}, end: make(chan struct{})}
}

// serve streams to one page until it goes away.
func (l *live) serve(w http.ResponseWriter, r *http.Request) {
	news, ok := l.join()
	if !ok {
		http.Error(w, "too many open pages", http.StatusServiceUnavailable)
		return
	}
	defer l.leave(news)
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
		case version := <-news:
			ok = send("event: news\ndata: " + version + "\n\n")
		case <-beat.C:
			ok = send(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-l.end:
			return
		}
	}
}

func (l *live) join() (chan string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || len(l.viewers) >= maxViewers {
		return nil, false
	}
	news := make(chan string, 1)
	l.viewers[news] = struct{}{}
	if l.cancel == nil {
		ctx, cancel := context.WithCancel(context.Background())
		l.cancel, l.done = cancel, make(chan struct{})
		go l.look(ctx, l.done)
	}
	return news, true
}

func (l *live) leave(news chan string) {
	l.mu.Lock()
	delete(l.viewers, news)
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

// look asks the store for its version and tells all viewers of a new one. A
// viewer that has not read the last news gets no more.
func (l *live) look(ctx context.Context, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, err := l.store.Version(ctx)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		version, newErr := l.store.Version(ctx)
		if version == last && (err == nil) == (newErr == nil) {
			continue
		}
		last, err = version, newErr
		l.mu.Lock()
		for news := range l.viewers {
			select {
			case news <- version:
			default:
			}
		}
		l.mu.Unlock()
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
