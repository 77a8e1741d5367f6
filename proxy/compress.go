package proxy

import (
	"net"

	"guardrail/proxy/wire"
)

// compressed is a connection whose packets travel compressed. Each side of the
// proxy compresses by itself: a text is read before it is judged, however it came.
type compressed struct {
	net.Conn
	packets *wire.Compressed
}

// compress wraps a connection as its two ends have negotiated, which is where
// the connection phase has ended. It returns conn itself where they have not.
func (s *Server) compress(conn net.Conn, capabilities wire.Capability, level byte) (net.Conn, error) {
	algorithm := wire.CompressionOf(capabilities)
	if algorithm == wire.NoCompression {
		return conn, nil
	}
	packets, err := s.codecs.Compress(conn, algorithm, int(level))
	if err != nil {
		return nil, err
	}
	return &compressed{Conn: conn, packets: packets}, nil
}

func (c *compressed) Read(p []byte) (int, error)  { return c.packets.Read(p) }
func (c *compressed) Write(p []byte) (int, error) { return c.packets.Write(p) }

// begin tells a connection that a command is written next.
func begin(conn net.Conn) {
	if c, ok := conn.(*compressed); ok {
		c.packets.Begin()
	}
}
