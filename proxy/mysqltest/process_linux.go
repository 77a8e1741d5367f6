package mysqltest

import (
	"os/exec"
	"syscall"
)

// dieWithParent asks the kernel to kill the program when the thread that starts it ends. The program has a process
// group of its own: MariaDB's PAM plug-in, where its helper is missing, kills the group it is in.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr.Setpgid = true
}
