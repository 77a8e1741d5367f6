//go:build !linux

package proxy

import (
	"errors"
	"net"

	"go.uber.org/zap"
)

// loop exists on Linux only; elsewhere every session has goroutines of its own.
type loop struct{}

func startLoop(*zap.Logger) (*loop, error) { return nil, errors.ErrUnsupported }

func (*loop) adopt(*session, net.Conn, net.Conn, func(error)) bool { return false }

func (*loop) evict(*Server) {}

func (*loop) stop() {}
