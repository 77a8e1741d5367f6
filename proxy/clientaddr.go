package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/pires/go-proxyproto"

	"guardrail/proxy/wire"
)

// loopback is the address of a client on a Unix socket, for the policies.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// clientAddress returns where a client comes from: the connection's other end,
// or, for a trusted load balancer, what its PROXY protocol header says, which it
// must send.
func (s *Server) clientAddress(conn net.Conn) (netip.AddrPort, error) {
	peer := addrPort(conn.RemoteAddr())
	trusted := slices.ContainsFunc(s.options.ProxyProtocolFrom, func(n netip.Prefix) bool { return n.Contains(peer.Addr()) })
	if !trusted {
		return peer, nil
	}
	r := bufio.NewReader(conn)
	header, err := proxyproto.Read(r)
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("PROXY protocol header from %s: %w", peer.Addr(), err)
	case r.Buffered() > 0:
		return netip.AddrPort{}, fmt.Errorf("bytes behind the PROXY protocol header, before the greeting: %w", wire.ErrMalformed)
	case header.Command.IsLocal(): // a health check of the balancer's own
		return peer, nil
	}
	source := addrPort(header.SourceAddr)
	if !source.IsValid() {
		return netip.AddrPort{}, errors.New("the PROXY protocol header names no address")
	}
	return source, nil
}

// addrPort converts an address; an IPv4 address in IPv6 is the former.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		p := a.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
	case *net.UnixAddr:
		return netip.AddrPortFrom(loopback, 0)
	}
	return netip.AddrPort{}
}

// announce tells the backend who the client is, before anything else is said
// on the connection. A connection for nobody is the proxy's own (LOCAL), which
// must be said too: a balancer that believes headers waits for one.
func (b *backend) announce(conn net.Conn, client netip.AddrPort) error {
	var source net.Addr
	if client.IsValid() {
		source = net.TCPAddrFromAddrPort(client)
	}
	header := proxyproto.HeaderProxyFromAddrs(b.options.ProxyProtocol, source, conn.RemoteAddr())
	if _, err := header.WriteTo(conn); err != nil {
		return fmt.Errorf("PROXY protocol header to backend: %w", err)
	}
	return nil
}
