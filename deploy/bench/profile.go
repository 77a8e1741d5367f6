package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
)

// profile begins to take a CPU profile of a target for the time of a turn, where that was asked for. The function it
// returns waits for it and keeps it.
func (b *bench) profile(ctx context.Context, t target) func() error {
	if b.options.profile == "" || t.admin == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- b.fetchProfile(ctx, t) }()
	return func() error { return <-done }
}

func (b *bench) fetchProfile(ctx context.Context, t target) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", t.admin, int(b.options.duration.Seconds()))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("profile: %s: %w", response.Status, err)
	}
	return os.WriteFile(b.options.profile, content, 0o644)
}
