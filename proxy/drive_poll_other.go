//go:build !linux

package proxy

import (
	"net"

	"go.uber.org/zap"
)

// loop exists on Linux only; elsewhere every session has goroutines of its own.
type loop struct{}

func startLoops(int, *zap.Logger) ([]*loop, error) { return nil, nil }

func (*loop) adopt(*session, net.Conn, net.Conn, func(error)) bool { return false }

func (*loop) stop() {}
