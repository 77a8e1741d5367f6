package proxy

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// exchange is what the authentication has come to: which plug-in speaks and
// with which salt.
type exchange struct {
	plugin string
	salt   []byte
}

// authenticate relays the plug-ins' messages until the backend says OK or ERR,
// and returns its OK. The proxy looks at a password in two cases only:
// caching_sha2_password's full exchange where one leg has TLS and the other
// has not, and mysql_clear_password, which it refuses unless both have.
func (l *login) authenticate() (final []byte, err error) {
	var x exchange
	for {
		message, err := l.up.read()
		if err != nil {
			return nil, fmt.Errorf("authentication, from backend: %w", err)
		}
		switch message[0] {
		case wire.HeaderOK:
			return message, nil
		case wire.HeaderErr:
			return nil, asServerError(message)
		case wire.AuthSwitchRequest:
			if x, err = l.switched(message); err != nil {
				return nil, err
			}
		case wire.AuthMoreData:
			if x.plugin == mysql.AUTH_CACHING_SHA2_PASSWORD && len(message) == 2 {
				switch message[1] {
				case wire.SHA2FastAuthOK:
					if err := l.write(message); err != nil {
						return nil, err
					}
					continue
				case wire.SHA2FullAuth:
					if l.secure != l.up.secure {
						if err := l.crossLegs(message, x.salt); err != nil {
							return nil, err
						}
						continue
					}
				}
			}
		case wire.AuthNextFactor:
		default:
			return nil, fmt.Errorf("authentication: message 0x%02x from backend: %w", message[0], wire.ErrMalformed)
		}
		if err := l.pass(message); err != nil {
			return nil, err
		}
	}
}

func (l *login) switched(message []byte) (exchange, error) {
	request, err := wire.DecodeAuthSwitch(message)
	if err != nil {
		return exchange{}, err
	}
	bothSecure := l.secure && l.up.secure
	switch request.Plugin {
	case mysql.AUTH_CLEAR_PASSWORD:
		if !bothSecure {
			return exchange{}, refuseLogin(mysql.ER_ACCESS_DENIED_ERROR, "28000",
				"Access denied: this account sends its password in clear text (mysql_clear_password), which Guardrail passes on only where the client's and the backend's connection both have TLS")
		}
	case mysql.AUTH_SHA256_PASSWORD:
		if l.secure != l.up.secure {
			return exchange{}, refuseLogin(mysql.ER_ACCESS_DENIED_ERROR, "28000",
				"Access denied: sha256_password needs TLS on both of Guardrail's connections or on neither; move the account to caching_sha2_password")
		}
	}
	return exchange{plugin: request.Plugin, salt: bytes.Clone(request.Salt())}, nil
}

// pass gives the backend's message to the client and the client's answer to the backend.
func (l *login) pass(message []byte) error {
	if err := l.write(message); err != nil {
		return err
	}
	answer, err := l.read()
	if err != nil {
		return err
	}
	return l.up.write(answer)
}

// crossLegs carries caching_sha2_password's full exchange from one kind of leg
// to the other: over TLS the password goes as it is, on a plain leg encrypted
// with the RSA key of the side that receives it.
func (l *login) crossLegs(fullAuth, salt []byte) error {
	if err := l.write(fullAuth); err != nil {
		return err
	}
	answer, err := l.read()
	if err != nil {
		return err
	}
	if l.secure {
		return l.encryptForBackend(answer, salt)
	}
	if len(answer) == 1 && answer[0] == wire.SHA2RequestPublicKey {
		if err := l.write(l.server.rsaKey().publicMessage()); err != nil {
			return err
		}
		if answer, err = l.read(); err != nil {
			return err
		}
	}
	password, err := l.server.rsaKey().decrypt(answer, salt)
	if err != nil {
		return refusal{wire.Err{Code: mysql.ER_ACCESS_DENIED_ERROR, SQLState: "28000",
			Message: "Access denied: the password was not encrypted with Guardrail's RSA key; let the client ask for the server's public key, or use TLS"}, err}
	}
	return l.up.write(password)
}

func (l *login) encryptForBackend(password, salt []byte) error {
	if err := l.up.write([]byte{wire.SHA2RequestPublicKey}); err != nil {
		return err
	}
	message, err := l.up.read()
	if err != nil {
		return err
	}
	if message[0] == wire.HeaderErr {
		return asServerError(message)
	}
	block, _ := pem.Decode(message[1:])
	if message[0] != wire.AuthMoreData || block == nil {
		return fmt.Errorf("backend's public key: %w", wire.ErrMalformed)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("backend's public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return errors.New("backend's public key is not an RSA key")
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key, mask(password, salt), nil)
	if err != nil {
		return fmt.Errorf("encrypt for backend: %w", err)
	}
	return l.up.write(sealed)
}

// mask is the plug-in's XOR of the password with the salt, repeated.
func mask(password, salt []byte) []byte {
	masked := bytes.Clone(password)
	for i := range masked {
		if len(salt) > 0 {
			masked[i] ^= salt[i%len(salt)]
		}
	}
	return masked
}

// rsaKey is the proxy's own key pair, for clients without TLS in front of a
// backend with it. It lives as long as the process.
type rsaKey struct {
	private *rsa.PrivateKey
	public  []byte // PEM
}

func newRSAKey() (rsaKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return rsaKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return rsaKey{}, err
	}
	return rsaKey{private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}, nil
}

func (k rsaKey) publicMessage() []byte { return append([]byte{wire.AuthMoreData}, k.public...) }

// decrypt returns the password with its closing NUL.
func (k rsaKey) decrypt(sealed, salt []byte) ([]byte, error) {
	masked, err := rsa.DecryptOAEP(sha1.New(), nil, k.private, sealed, nil)
	if err != nil {
		return nil, err
	}
	password := mask(masked, salt)
	if len(password) == 0 || password[len(password)-1] != 0 {
		return nil, errors.New("decrypted password has no end")
	}
	return password, nil
}
