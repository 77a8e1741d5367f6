package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWatch changes a policy under guardrail test --watch: a failure, a
// mistake, and all well again.
func TestWatch(t *testing.T) {
	const good = "app: shop\naccounts: [shop]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\ntests: [{sql: SELECT 1 FROM shop.t, expect: allow}]\n"
	file := filepath.Join(t.TempDir(), "shop.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	in, out := io.Pipe()
	cmd := newTestCommand()
	cmd.SetArgs([]string{"--watch", file})
	cmd.SetOut(out)
	ended := make(chan error)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = out.Close()
		ended <- err
	}()

	lines := bufio.NewScanner(in)
	until := func(part string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), part) {
				return
			}
		}
		t.Fatalf("no line has %q", part)
	}
	until("1 test passed")
	until("1 of 1 line shown to work")
	write(strings.Replace(good, "expect: allow", "expect: deny", 1))
	until("files have changed")
	until("1 of 1 test failed")
	until("line shown")
	write("app: [")
	until("files have changed")
	until("1 mistake")
	write(good)
	until("1 test passed")
	until("1 of 1 line shown to work")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
