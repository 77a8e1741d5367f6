package mysqltest

import (
	"io"
	"net"

	"guardrail/proxy/wire"
)

// DamagedStream is one end of a connection whose written packets go through a Damager: below TLS and compression, or,
// where the Damager is for compressed packets, below TLS alone.
type DamagedStream struct {
	conn       net.Conn
	packets    io.ReadWriter // conn, or what compresses over it
	damager    *Damager
	compressed bool
}

// NewDamagedStream returns a stream over conn. damager may be nil.
func NewDamagedStream(conn net.Conn, damager *Damager) *DamagedStream {
	return &DamagedStream{conn: conn, packets: conn, damager: damager}
}

// Encrypt goes on over what is above conn now.
func (s *DamagedStream) Encrypt(conn net.Conn) { s.conn, s.packets = conn, conn }

// Compress goes on in compressed packets, where there is an algorithm and it does not yet.
func (s *DamagedStream) Compress(codecs *wire.Codecs, algorithm wire.Compression) error {
	if s.compressed || algorithm == wire.NoCompression {
		return nil
	}
	packets, err := codecs.Compress(damagedCompressed{s}, algorithm, 0)
	s.compressed, s.packets = true, packets
	return err
}

// Begin says that the next Write is a command.
func (s *DamagedStream) Begin() {
	if c, ok := s.packets.(*wire.Compressed); ok {
		c.Begin()
	}
}

func (s *DamagedStream) Read(p []byte) (int, error) { return s.packets.Read(p) }

// Write writes whole packets.
func (s *DamagedStream) Write(p []byte) (int, error) {
	arrives := p
	if s.damager != nil && s.damager.Header <= wire.HeaderLen {
		arrives = s.damager.Through(p)
	}
	if len(arrives) == 0 {
		return len(p), nil
	}
	_, err := s.packets.Write(arrives)
	return len(p), err
}

// damagedCompressed is what lies below the compression of a stream.
type damagedCompressed struct{ of *DamagedStream }

func (d damagedCompressed) Read(p []byte) (int, error) { return d.of.conn.Read(p) }

func (d damagedCompressed) Write(p []byte) (int, error) {
	if d.of.damager == nil || d.of.damager.Header <= wire.HeaderLen {
		return d.of.conn.Write(p)
	}
	_, err := d.of.conn.Write(d.of.damager.Through(p))
	return len(p), err
}
