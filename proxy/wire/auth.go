package wire

// First bytes of the messages of the authentication exchange.
const (
	AuthMoreData      byte = 0x01
	AuthNextFactor    byte = 0x02
	AuthSwitchRequest byte = 0xfe
)

// Second bytes of caching_sha2_password's AuthMoreData, and what a client
// sends to ask for the server's RSA key; sha256_password has a byte of its own for that.
const (
	SHA256RequestPublicKey byte = 0x01
	SHA2RequestPublicKey   byte = 0x02
	SHA2FastAuthOK         byte = 0x03
	SHA2FullAuth           byte = 0x04
)

// AuthSwitch asks the client to authenticate with another plug-in,
// Protocol::AuthSwitchRequest, or with one more, Protocol::AuthNextFactor.
type AuthSwitch struct {
	Plugin string
	Data   []byte // the plug-in's first data, for most of them the salt and a NUL
}

// DecodeAuthSwitch decodes an AuthSwitchRequest or an AuthNextFactor, which
// have one form. That of one byte, which asks for the password hash of MySQL
// 4.0, is malformed.
func DecodeAuthSwitch(payload []byte) (AuthSwitch, error) {
	if len(payload) < 2 || payload[0] != AuthSwitchRequest && payload[0] != AuthNextFactor {
		return AuthSwitch{}, malformed("auth switch request")
	}
	c := cursor{rest: payload[1:]}
	return AuthSwitch{Plugin: string(c.nulBytes()), Data: c.all()}, nil
}

// Salt returns the challenge without the NUL that ends it.
func (a AuthSwitch) Salt() []byte {
	if n := len(a.Data); n > 0 && a.Data[n-1] == 0 {
		return a.Data[:n-1]
	}
	return a.Data
}
