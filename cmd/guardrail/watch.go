package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"guardrail/cmd/guardrail/internal/app"
)

// settle is how long files must lie still before they are read again.
const settle = 100 * time.Millisecond

// watchFiles calls run, at once and again, one call at a time, after files in
// the paths have changed, until ctx is done. It owns its watchers, and returns
// when they have ended.
func watchFiles(ctx context.Context, paths []string, out io.Writer, run func()) error {
	changes := make(chan struct{}, 1)
	var watching sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	defer watching.Wait()
	defer stop()
	for _, dir := range directories(paths) {
		w, err := app.NewWatcher(dir, settle)
		if err != nil {
			return err
		}
		watching.Go(func() { w.Run(ctx, nil, func(string) { note(changes) }) })
	}
	run()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
			_, _ = fmt.Fprintf(out, "\n%s: files have changed\n", time.Now().Format(time.TimeOnly))
			run()
		}
	}
}

// note leaves one change in the channel, however many come.
func note(changes chan<- struct{}) {
	select {
	case changes <- struct{}{}:
	default:
	}
}

// directories are the folders that paths are, or lie in.
func directories(paths []string) []string {
	var dirs []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			path = filepath.Dir(path)
		}
		dirs = append(dirs, filepath.Clean(path))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
