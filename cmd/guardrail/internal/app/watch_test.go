package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guardrail/cmd/guardrail/internal/app"
)

// watched runs a Watcher on dir. Each reload sends what policy.yaml holds then.
func watched(t *testing.T, dir string, signals <-chan os.Signal) <-chan string {
	t.Helper()
	return watchedFor(t, dir, 20*time.Millisecond, signals)
}

func watchedFor(t *testing.T, dir string, settle time.Duration, signals <-chan os.Signal) <-chan string {
	t.Helper()
	w, err := app.NewWatcher(dir, settle)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done, seen := make(chan struct{}), make(chan string, 1000)
	go func() {
		defer close(done)
		w.Run(ctx, signals, func(reason string) {
			text, _ := os.ReadFile(filepath.Join(dir, "policy.yaml"))
			seen <- reason + ": " + string(text)
		})
	}()
	t.Cleanup(func() {
		stop()
		<-done
		goleak.VerifyNone(t)
	})
	return seen
}

// await waits until a reload has seen the text.
func await(t *testing.T, seen <-chan string, text string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case s := <-seen:
			if strings.HasSuffix(s, ": "+text) {
				return
			}
		case <-deadline:
			t.Fatalf("no reload has seen %q", text)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// swap makes a link lead elsewhere in one step, as kubelet and git-sync do.
func swap(t *testing.T, link, to string) {
	t.Helper()
	if err := os.Symlink(to, link+"_tmp"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+"_tmp", link); err != nil {
		t.Fatal(err)
	}
}

func TestWatchWrittenFile(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	seen := watched(t, dir, nil)
	put(t, filepath.Join(dir, "policy.yaml"), "two")
	await(t, seen, "two")
	put(t, filepath.Join(dir, "policy.yaml"), "three")
	await(t, seen, "three")
}

func TestWatchRenamedOver(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	seen := watched(t, dir, nil)
	for _, text := range []string{"two", "three"} {
		put(t, filepath.Join(dir, "policy.yaml~"), text)
		if err := os.Rename(filepath.Join(dir, "policy.yaml~"), filepath.Join(dir, "policy.yaml")); err != nil {
			t.Fatal(err)
		}
		await(t, seen, text)
	}
}

func TestWatchConfigMap(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "..2026_1", "policy.yaml"), "one")
	swap(t, filepath.Join(dir, "..data"), "..2026_1")
	if err := os.Symlink("..data/policy.yaml", filepath.Join(dir, "policy.yaml")); err != nil {
		t.Fatal(err)
	}
	seen := watched(t, dir, nil)
	for i, text := range []string{"two", "three"} {
		version := fmt.Sprintf("..2026_%d", i+2)
		put(t, filepath.Join(dir, version, "policy.yaml"), text)
		swap(t, filepath.Join(dir, "..data"), version)
		await(t, seen, text)
	}
}

func TestWatchDirectoryThatIsALink(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "rev1", "policy.yaml"), "one")
	swap(t, filepath.Join(root, "current"), "rev1")
	seen := watched(t, filepath.Join(root, "current"), nil)
	put(t, filepath.Join(root, "rev2", "policy.yaml"), "two")
	swap(t, filepath.Join(root, "current"), "rev2")
	await(t, seen, "two")
	put(t, filepath.Join(root, "rev2", "policy.yaml"), "three") // the new directory is watched
	await(t, seen, "three")
}

func TestWatchDirectoryBehindALink(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "..1", "policies", "policy.yaml"), "one")
	swap(t, filepath.Join(root, "..data"), "..1")
	swap(t, filepath.Join(root, "policies"), "..data/policies")
	seen := watched(t, filepath.Join(root, "policies"), nil)
	put(t, filepath.Join(root, "..2", "policies", "policy.yaml"), "two")
	swap(t, filepath.Join(root, "..data"), "..2")
	await(t, seen, "two")
}

// Capistrano swaps a link two levels up: policies -> rel/current/policies, rel/current -> r1.
func TestWatchDirectoryFarBehindALink(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "rel", "r1", "policies", "policy.yaml"), "one")
	swap(t, filepath.Join(root, "rel", "current"), "r1")
	swap(t, filepath.Join(root, "policies"), "rel/current/policies")
	seen := watched(t, filepath.Join(root, "policies"), nil)
	for i, text := range []string{"two", "three"} {
		release := fmt.Sprintf("r%d", i+2)
		put(t, filepath.Join(root, "rel", release, "policies", "policy.yaml"), text)
		swap(t, filepath.Join(root, "rel", "current"), release)
		await(t, seen, text)
	}
	put(t, filepath.Join(root, "rel", "r3", "policies", "policy.yaml"), "four") // the new directory is watched
	await(t, seen, "four")
}

func TestWatchFileFarBehindALink(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "policies")
	put(t, filepath.Join(dir, "other.yaml"), "")
	put(t, filepath.Join(root, "rel", "r1", "shop.yaml"), "one")
	swap(t, filepath.Join(root, "rel", "current"), "r1")
	swap(t, filepath.Join(dir, "policy.yaml"), "../rel/current/shop.yaml")
	seen := watched(t, dir, nil)
	put(t, filepath.Join(root, "rel", "r2", "shop.yaml"), "two")
	swap(t, filepath.Join(root, "rel", "current"), "r2")
	await(t, seen, "two")
	put(t, filepath.Join(root, "rel", "r2", "shop.yaml"), "the third") // in place
	await(t, seen, "the third")
	if err := os.Remove(filepath.Join(root, "rel", "r2", "shop.yaml")); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "")
}

// What has been loaded is not loaded again.
func TestWatchQuietFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	put(t, filepath.Join(dir, "store", "audit.db"), "")
	swap(t, filepath.Join(dir, "dangling.yaml"), "nowhere")
	if n := recording(t, dir, filepath.Join(dir, "audit.db"), func() { put(t, filepath.Join(dir, "store", "audit.db-wal"), "") }); n > 0 {
		t.Errorf("%d reloads of what has not changed", n)
	}
	if n := recording(t, dir, filepath.Join(dir, "audit.db"), func() { put(t, filepath.Join(dir, "policy.yaml"), "two") }); n == 0 {
		t.Error("a change is not seen")
	}
}

func TestWatchDirectoryMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	seen := watched(t, dir, nil)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "")
	put(t, filepath.Join(dir, "policy.yaml"), "two")
	await(t, seen, "two")
}

// recording runs a Watcher on dir whose every reload writes a record into
// another file, and counts the reloads until there are none.
func recording(t *testing.T, dir, record string, change func()) (reloads int) {
	t.Helper()
	w, err := app.NewWatcher(dir, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done, seen := make(chan struct{}), make(chan string, 1000)
	go func() {
		defer close(done)
		w.Run(ctx, nil, func(reason string) {
			put(t, record, reason)
			seen <- reason
		})
	}()
	defer func() { stop(); <-done }()
	change()
	for {
		select {
		case <-seen:
			if reloads++; reloads > 20 {
				t.Fatal("reloads never end")
			}
		case <-time.After(300 * time.Millisecond):
			return reloads
		}
	}
}

// A load is on record, and writing the record is no reason to load.
func TestWatchPassesOverTheRecord(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "policies")
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	among := func() { put(t, filepath.Join(dir, "policy.yaml"), "two") }
	if n := recording(t, dir, filepath.Join(dir, "audit.db"), among); n == 0 {
		t.Error("a change among the policies is not seen")
	}
	gone := func() {
		if err := os.Rename(dir, dir+".gone"); err != nil {
			t.Error(err)
		}
	}
	if n := recording(t, dir, filepath.Join(root, "audit.db"), gone); n == 0 {
		t.Error("nobody is told that the directory is gone")
	}
}

func TestWatchDirectoryThatComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "policies")
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	seen := watched(t, dir, nil)
	if err := os.Rename(dir, dir+".gone"); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "")
	if err := os.Rename(dir+".gone", dir); err != nil {
		t.Fatal(err)
	}
	await(t, seen, "one")
}

func TestWatchBurst(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "policy.yaml"), "0")
	seen := watchedFor(t, dir, 300*time.Millisecond, nil)
	const writes = 50
	for i := 1; i <= writes; i++ {
		put(t, filepath.Join(dir, "policy.yaml"), fmt.Sprint(i))
	}
	reloads := 1
	for s := range seen {
		if strings.HasSuffix(s, fmt.Sprintf(": %d", writes)) {
			break
		}
		reloads++
	}
	if reloads > writes/2 {
		t.Errorf("%d writes made %d reloads", writes, reloads)
	}
}

func TestWatchSignal(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "policy.yaml"), "one")
	signals := make(chan os.Signal, 1)
	seen := watched(t, dir, signals)
	signals <- syscall.SIGHUP
	if got := <-seen; got != "hangup: one" {
		t.Errorf("got %q", got)
	}
}

func TestWatchAbsentDirectory(t *testing.T) {
	if _, err := app.NewWatcher(filepath.Join(t.TempDir(), "absent"), time.Second); err == nil {
		t.Error("a directory that is not there is watched")
	}
	goleak.VerifyNone(t)
}
