package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"guardrail/proxy/audit"
)

// A disk of 2 MiB is full, and then has room again.
func TestAFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the book's and the store's
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, filepath.Join(dir, "audit.db"), "")
	k := keep(t, s)
	var told told
	told.record(t, k, 10)
	filler := fillDisk(t, dir)
	told.outage(t, k, audit.RefuseDestructive)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	told.healed(t, k)
	s.Close()
}

// fillDisk takes all the room that is left where a folder is.
func fillDisk(t *testing.T, dir string) (name string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 4096); ; {
		if _, err := f.Write(page); errors.Is(err, unix.ENOSPC) {
			return f.Name()
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
