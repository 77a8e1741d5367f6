package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Capability is the protocol's capability flags, CLIENT_*.
type Capability = uint32

// MariaDB's extended capabilities, MARIADB_CLIENT_*, that the proxy knows.
const (
	MariaDBProgress         uint32 = 1 << 0 // progress reports: ERR packets of code 65535
	MariaDBBulkOperations   uint32 = 1 << 2 // COM_STMT_BULK_EXECUTE
	MariaDBExtendedMetadata uint32 = 1 << 3 // more in a column definition
	MariaDBCacheMetadata    uint32 = 1 << 4 // column definitions may be left out
)

// ProtocolVersion is the only version of the greeting in use, Handshake v10.
const ProtocolVersion = 10

// SaltLen is the length of the random challenge of the authentication plug-ins.
const SaltLen = 20

// Greeting is the server's first message, Protocol::HandshakeV10.
type Greeting struct {
	ServerVersion string
	ThreadID      uint32
	Salt          []byte // SaltLen bytes
	Capabilities  Capability
	Collation     byte
	Status        uint16
	// MariaDBCapabilities are the extended flags, which MariaDB sends in what
	// MySQL leaves as a filler, and only with CLIENT_LONG_PASSWORD unset.
	MariaDBCapabilities uint32
	AuthPlugin          string
}

// DecodeGreeting decodes a Handshake v10. For the ERR packet that a server may
// send in its place see IsErr.
func DecodeGreeting(payload []byte) (Greeting, error) {
	c := cursor{rest: payload}
	var g Greeting
	if c.uint8() != ProtocolVersion {
		return g, malformed("greeting: protocol version")
	}
	g.ServerVersion = string(c.nulBytes())
	g.ThreadID = c.uint32()
	salt := append(make([]byte, 0, SaltLen), c.bytes(8)...)
	c.bytes(1)
	g.Capabilities = uint32(c.uint16())
	g.Collation = c.uint8()
	g.Status = c.uint16()
	g.Capabilities |= uint32(c.uint16()) << 16
	saltLen := int(c.uint8())
	c.bytes(6)
	if extended := c.uint32(); g.Capabilities&mysql.CLIENT_LONG_PASSWORD == 0 {
		g.MariaDBCapabilities = extended
	}
	if g.Capabilities&mysql.CLIENT_SECURE_CONNECTION != 0 {
		salt = append(salt, c.bytes(max(13, saltLen-8))...)
		salt = salt[:min(len(salt), SaltLen)]
	}
	if g.Capabilities&mysql.CLIENT_PLUGIN_AUTH != 0 {
		g.AuthPlugin = string(c.nulBytes())
	}
	if c.bad || len(salt) != SaltLen {
		return Greeting{}, malformed("greeting")
	}
	g.Salt = salt
	return g, nil
}

// Append appends the greeting's payload. CLIENT_SECURE_CONNECTION and
// CLIENT_PLUGIN_AUTH are always set. Salt must have SaltLen bytes.
func (g Greeting) Append(dst []byte) []byte {
	capabilities := g.Capabilities | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH
	dst = append(dst, ProtocolVersion)
	dst = append(append(dst, g.ServerVersion...), 0)
	dst = binary.LittleEndian.AppendUint32(dst, g.ThreadID)
	dst = append(append(dst, g.Salt[:8]...), 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(capabilities))
	dst = append(dst, g.Collation)
	dst = binary.LittleEndian.AppendUint16(dst, g.Status)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(capabilities>>16))
	dst = append(dst, SaltLen+1, 0, 0, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, g.MariaDBCapabilities)
	dst = append(append(dst, g.Salt[8:SaltLen]...), 0)
	return append(append(dst, g.AuthPlugin...), 0)
}
