package app

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"

	"guardrail/cmd/guardrail/internal/config"
)

// listen opens a listener's address, host:port or a Unix socket, which everyone
// on the machine may connect to, as to mysqld's. A socket that a process left
// behind which is no more is taken away first.
func listen(address string) (net.Listener, error) {
	socket, ok := strings.CutPrefix(address, config.UnixPrefix)
	if !ok {
		return net.Listen("tcp", address)
	}
	listener, err := net.Listen("unix", socket)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(socket) {
		if err := os.Remove(socket); err != nil {
			return nil, err
		}
		listener, err = net.Listen("unix", socket)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(socket, 0o777); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// abandoned reports whether a file is a socket that nobody listens on.
func abandoned(socket string) bool {
	info, err := os.Lstat(socket)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	conn, err := net.Dial("unix", socket)
	if err == nil {
		_ = conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
