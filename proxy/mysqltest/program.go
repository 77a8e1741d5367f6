package mysqltest

import (
	"os/exec"
	"testing"
)

// Program returns the path of an installed program. Where it is missing t is
// skipped, or fails where servers are required too.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && !required() {
		t.Skipf("%s is not installed; deploy/test/install-servers installs it", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
