package proxy_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// talker reads and writes messages until the first error.
type talker struct {
	stream *mysqltest.DamagedStream
	seq    byte
	err    error
}

func (c *talker) read() (payload []byte) {
	if c.err == nil {
		payload, c.seq, c.err = wire.ReadMessage(c.stream, 1<<20)
	}
	if c.err == nil && len(payload) == 0 {
		c.err = errors.New("an empty message")
	}
	return payload
}

func (c *talker) write(payload []byte) {
	if c.err == nil {
		var packet []byte
		packet, c.seq = wire.AppendPacket(nil, c.seq, payload)
		_, c.err = c.stream.Write(packet)
	}
}

// authenticate answers whatever it is asked, and returns the last message.
func (c *talker) authenticate(secure bool) []byte {
	for {
		message := c.read()
		switch {
		case c.err != nil || message[0] == wire.HeaderOK || message[0] == wire.HeaderErr:
			return message
		case message[0] == wire.AuthMoreData && len(message) == 2 && message[1] == wire.SHA2FastAuthOK:
		case message[0] == wire.AuthMoreData && len(message) == 2 && !secure:
			c.write([]byte{wire.SHA2RequestPublicKey})
		case message[0] == wire.AuthMoreData && len(message) > 2:
			c.write(sealed(message[1:]))
		default:
			c.write([]byte(mysqltest.Password + "\x00"))
		}
	}
}

// sealed is the password for an RSA key, or nonsense where it is none.
func sealed(key []byte) []byte {
	block, _ := pem.Decode(key)
	if block == nil {
		return bytes.Repeat([]byte("x"), 256)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return bytes.Repeat([]byte("x"), 256)
	}
	out, err := mysql.EncryptPassword(mysqltest.Password, []byte(loginSalt), public.(*rsa.PublicKey))
	if err != nil {
		panic(err)
	}
	return out
}
