//go:build !linux

package mysqltest

import "os/exec"

// dieWithParent does nothing where the kernel offers no parent-death signal: a killed test binary leaves its server
// behind.
func dieWithParent(*exec.Cmd) {}
