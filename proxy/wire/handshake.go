package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// sslRequestLen is the length of an SSLRequest: the fixed head of the response.
const sslRequestLen = 32

// HandshakeResponse is the client's answer to the greeting,
// Protocol::HandshakeResponse41.
type HandshakeResponse struct {
	Capabilities  Capability
	MaxPacketSize uint32
	Collation     byte
	// MariaDBCapabilities stands in the last four bytes of the filler when
	// CLIENT_LONG_PASSWORD (CLIENT_MYSQL) is unset.
	MariaDBCapabilities uint32
	User                string
	AuthResponse        []byte
	Database            string
	AuthPlugin          string
	Attributes          []byte // the connection attributes as they came: length-encoded pairs without the total length
	ZstdLevel           byte
}

// IsSSLRequest reports whether the payload asks to switch to TLS before the
// real response is sent.
func IsSSLRequest(payload []byte) bool {
	return len(payload) == sslRequestLen &&
		binary.LittleEndian.Uint32(payload)&mysql.CLIENT_SSL != 0
}

// DecodeHandshakeResponse decodes a response of protocol 4.1. Older clients
// (CLIENT_PROTOCOL_41 unset) are malformed.
func DecodeHandshakeResponse(payload []byte) (HandshakeResponse, error) {
	c := cursor{rest: payload}
	var r HandshakeResponse
	r.Capabilities = c.uint32()
	if c.bad || r.Capabilities&mysql.CLIENT_PROTOCOL_41 == 0 {
		return HandshakeResponse{}, malformed("handshake response: client older than MySQL 4.1")
	}
	r.MaxPacketSize = c.uint32()
	r.Collation = c.uint8()
	c.bytes(19)
	if extended := c.uint32(); r.Capabilities&mysql.CLIENT_LONG_PASSWORD == 0 {
		r.MariaDBCapabilities = extended
	}
	r.User = string(c.nulBytes())
	switch {
	case r.Capabilities&mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA != 0:
		r.AuthResponse = c.lenencBytes()
	case r.Capabilities&mysql.CLIENT_SECURE_CONNECTION != 0:
		r.AuthResponse = c.bytes(int(c.uint8()))
	default:
		r.AuthResponse = c.nulBytes()
	}
	if r.Capabilities&mysql.CLIENT_CONNECT_WITH_DB != 0 {
		r.Database = string(c.nulBytes())
	}
	if r.Capabilities&mysql.CLIENT_PLUGIN_AUTH != 0 {
		r.AuthPlugin = string(c.nulBytes())
	}
	if r.Capabilities&mysql.CLIENT_CONNECT_ATTRS != 0 && len(c.rest) > 0 {
		r.Attributes = c.lenencBytes()
	}
	if r.Capabilities&mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM != 0 && len(c.rest) > 0 {
		r.ZstdLevel = c.uint8()
	}
	if c.bad {
		return HandshakeResponse{}, malformed("handshake response")
	}
	return r, nil
}

// AppendSSLRequest appends the short form that asks for TLS. The response that
// follows must carry the same capabilities.
func (r HandshakeResponse) AppendSSLRequest(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, r.Capabilities)
	dst = binary.LittleEndian.AppendUint32(dst, r.MaxPacketSize)
	dst = append(dst, r.Collation)
	dst = append(dst, make([]byte, 19)...)
	return binary.LittleEndian.AppendUint32(dst, r.MariaDBCapabilities)
}

// Append appends the response's payload. The fields that its Capabilities do
// not announce are left out.
func (r HandshakeResponse) Append(dst []byte) []byte {
	dst = r.AppendSSLRequest(dst)
	dst = append(append(dst, r.User...), 0)
	switch {
	case r.Capabilities&mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA != 0:
		dst = AppendLenencBytes(dst, r.AuthResponse)
	case r.Capabilities&mysql.CLIENT_SECURE_CONNECTION != 0:
		dst = append(append(dst, byte(len(r.AuthResponse))), r.AuthResponse...)
	default:
		dst = append(append(dst, r.AuthResponse...), 0)
	}
	if r.Capabilities&mysql.CLIENT_CONNECT_WITH_DB != 0 {
		dst = append(append(dst, r.Database...), 0)
	}
	if r.Capabilities&mysql.CLIENT_PLUGIN_AUTH != 0 {
		dst = append(append(dst, r.AuthPlugin...), 0)
	}
	if r.Capabilities&mysql.CLIENT_CONNECT_ATTRS != 0 {
		dst = AppendLenencBytes(dst, r.Attributes)
	}
	if r.Capabilities&mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM != 0 {
		dst = append(dst, r.ZstdLevel)
	}
	return dst
}
