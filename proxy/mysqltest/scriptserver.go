package mysqltest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/pires/go-proxyproto"

	"guardrail/proxy/wire"
)

// Scene is one connection with a scripted server.
type Scene struct {
	Script       *Script
	Damager      *Damager // of what the server says; may be nil
	Capabilities wire.Capability
	Done         chan struct{} // closed when the connection has ended; the Script is not touched any more
}

// ScriptServer is a listener whose connections play Scenes. It expects a PROXY protocol header, and plays the Scene
// that was registered for the client's address.
type ScriptServer struct {
	listener net.Listener
	tls      *tls.Config
	extra    func() Scene
	codecs   wire.Codecs

	mu     sync.Mutex
	scenes map[netip.AddrPort]Scene
	conns  sync.WaitGroup
}

// NewScriptServer starts a server that ends with t. A connection for an address without a Scene plays extra.
func NewScriptServer(t testing.TB, config *tls.Config, extra func() Scene) *ScriptServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &ScriptServer{listener: listener, tls: config, extra: extra, scenes: make(map[netip.AddrPort]Scene)}
	s.conns.Go(s.accept)
	t.Cleanup(func() {
		listener.Close()
		s.conns.Wait()
	})
	return s
}

// Addr is where the server listens.
func (s *ScriptServer) Addr() string { return s.listener.Addr().String() }

// Register makes the connection for a client play a Scene.
func (s *ScriptServer) Register(client net.Addr, scene Scene) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scenes[client.(*net.TCPAddr).AddrPort()] = scene
}

// Forget takes a Scene back, and reports whether it was still there: nobody has called for it.
func (s *ScriptServer) Forget(client net.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := client.(*net.TCPAddr).AddrPort()
	_, waits := s.scenes[key]
	delete(s.scenes, key)
	return waits
}

func (s *ScriptServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.conns.Go(func() {
			defer conn.Close()
			if header, err := proxyproto.Read(bufio.NewReader(conn)); err == nil {
				s.play(conn, s.scene(header))
			}
		})
	}
}

func (s *ScriptServer) scene(header *proxyproto.Header) Scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	if client, ok := header.SourceAddr.(*net.TCPAddr); ok {
		if scene, ok := s.scenes[client.AddrPort()]; ok {
			delete(s.scenes, client.AddrPort())
			return scene
		}
	}
	return s.extra()
}

// read reads what has come, or, in the connection phase, one packet and nothing of the TLS or the compression behind it.
func read(r io.Reader, buffer []byte, packet bool) ([]byte, error) {
	if !packet {
		n, err := r.Read(buffer)
		return buffer[:n], err
	}
	if _, err := io.ReadFull(r, buffer[:wire.HeaderLen]); err != nil {
		return nil, err
	}
	end := min(wire.HeaderLen+wire.PayloadLen(buffer), len(buffer))
	_, err := io.ReadFull(r, buffer[wire.HeaderLen:end])
	return buffer[:end], err
}

// play talks until either side ends the connection.
func (s *ScriptServer) play(conn net.Conn, scene Scene) {
	defer close(scene.Done)
	stream := NewDamagedStream(conn, scene.Damager)
	if _, err := stream.Write(scene.Script.Greet(scene.Capabilities)); err != nil {
		return
	}
	buffer := make([]byte, 64<<10)
	for encrypted := false; ; {
		p, err := read(stream, buffer, !scene.Script.Authenticated)
		if err != nil {
			return
		}
		answer := scene.Script.Feed(p)
		if _, err := stream.Write(answer); err != nil || scene.Script.Closed {
			return
		}
		if scene.Script.WantsTLS && !encrypted {
			encrypted = true
			stream.Encrypt(tls.Server(conn, s.tls))
		}
		if scene.Script.Authenticated {
			if err := stream.Compress(&s.codecs, wire.CompressionOf(scene.Script.Capabilities)); err != nil {
				return
			}
		}
	}
}
