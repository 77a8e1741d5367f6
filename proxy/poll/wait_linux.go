// Package poll waits for epoll in a way that costs a busy thread less than Go's own.
package poll

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// unnoticed is the longest that Wait waits without telling the scheduler, in
// milliseconds. A shorter time would be the next that the kernel's clock has to
// be set to, twice for each wait, which costs microseconds on a virtual machine.
const unnoticed = 500

// Wait waits for events of an epoll instance, at most for a limit where that is
// not negative. It may return without any before.
//
// At first it does so without telling Go's scheduler, which would have a monitor
// thread look after each wait of a busy loop, at a tenth of what a statement
// costs; all the while it holds one of GOMAXPROCS. It ends by itself where nothing
// comes for ten milliseconds: by the signal with which the scheduler preempts, as
// it does when a collector stops the world.
func Wait(epoll int, events []unix.EpollEvent, limit time.Duration) (int, error) {
	first := unnoticed
	if limit >= 0 {
		first = min(first, int(limit.Milliseconds()))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(first), 0, 0)
	switch {
	case errno == 0 && n > 0:
		return int(n), nil
	case errno != 0 && errno != unix.EINTR:
		return 0, errno
	}
	return WaitNoticed(epoll, events, limit)
}

// WaitNoticed is Wait for who does not expect events soon: the scheduler is told
// at once.
func WaitNoticed(epoll int, events []unix.EpollEvent, limit time.Duration) (int, error) {
	milliseconds := -1
	if limit >= 0 {
		milliseconds = int(limit.Milliseconds())
	}
	n, err := unix.EpollWait(epoll, events, milliseconds)
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	return n, err
}
