package mysqltest

import (
	"os/exec"
	"runtime"
)

// Process is a running program that ends with this process.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
}

// Run starts a program that is killed when this process ends, however it ends.
func Run(cmd *exec.Cmd) (*Process, error) {
	dieWithParent(cmd)
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.own(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// own starts the program and waits for its end on one thread: Linux ties a parent-death signal to the thread that
// started the program, not to the process.
func (p *Process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.cmd.Wait() // ends when it is killed; its exit status says nothing more
	}
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends the program at once and waits for it.
func (p *Process) Kill() {
	p.cmd.Process.Kill() // an error means that it has ended
	<-p.done
}
