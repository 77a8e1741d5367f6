package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// ChangeUser is the body of a COM_CHANGE_USER.
type ChangeUser struct {
	User         string
	AuthResponse []byte
	Database     string
	Collation    uint16
	AuthPlugin   string
	Attributes   []byte // as in HandshakeResponse
}

// DecodeChangeUser decodes the payload behind the command byte, on a connection
// that negotiated capabilities with CLIENT_SECURE_CONNECTION.
func DecodeChangeUser(body []byte, capabilities Capability) (ChangeUser, error) {
	c := cursor{rest: body}
	u := ChangeUser{User: string(c.nulBytes())}
	u.AuthResponse = c.bytes(int(c.uint8()))
	u.Database = string(c.nulBytes())
	u.Collation = c.uint16() // clients older than MySQL 5.1.7 leave it out: malformed here
	if capabilities&mysql.CLIENT_PLUGIN_AUTH != 0 && len(c.rest) > 0 {
		u.AuthPlugin = string(c.nulBytes())
	}
	if capabilities&mysql.CLIENT_CONNECT_ATTRS != 0 && len(c.rest) > 0 {
		u.Attributes = c.lenencBytes()
	}
	if c.bad {
		return ChangeUser{}, malformed("COM_CHANGE_USER")
	}
	return u, nil
}

// Append appends the body for a connection that negotiated capabilities.
func (u ChangeUser) Append(dst []byte, capabilities Capability) []byte {
	dst = append(append(dst, u.User...), 0)
	dst = append(append(dst, byte(len(u.AuthResponse))), u.AuthResponse...)
	dst = append(append(dst, u.Database...), 0)
	dst = binary.LittleEndian.AppendUint16(dst, u.Collation)
	if capabilities&mysql.CLIENT_PLUGIN_AUTH != 0 {
		dst = append(append(dst, u.AuthPlugin...), 0)
	}
	if capabilities&mysql.CLIENT_CONNECT_ATTRS != 0 {
		dst = AppendLenencBytes(dst, u.Attributes)
	}
	return dst
}
