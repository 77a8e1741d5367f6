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

// authentication relays the messages of the authentication plug-ins between a
// client and the backend, after a login or a COM_CHANGE_USER has named the
// account. It does no I/O: fed with a message, it says what goes where. It
// looks at a password in two cases only: the full exchange of
// caching_sha2_password and sha256_password where one leg is secure and the other
// is not, and mysql_clear_password, which it refuses unless both are.
type authentication struct {
	clientSecure, serverSecure bool // TLS, or a Unix socket
	ownKey                     func() rsaKey
	mariaDB                    bool

	plugin   string
	salt     []byte
	turn     turn
	password []byte // between the client's message and the backend's RSA key
}

// turn is whose message comes next, and what it is.
type turn uint8

const (
	serverTurn     turn = iota
	clientTurn          // the answer to the message that the client was given
	clientPassword      // the password, in a full exchange that crosses the legs
	serverKey           // the backend's RSA key
)

// relayed is what a message comes to: bytes for either side, or the end.
type relayed struct {
	client, server []byte
	ok             []byte // the backend's OK packet: the account is authenticated
}

// wantsClient reports whether the next message is the client's.
func (a *authentication) wantsClient() bool { return a.turn == clientTurn || a.turn == clientPassword }

// fromServer takes a message of the backend, not empty.
func (a *authentication) fromServer(message []byte) (relayed, error) {
	if a.turn == serverKey {
		return a.keyFromServer(message)
	}
	switch {
	case message[0] == wire.HeaderOK:
		return relayed{ok: message}, nil
	case message[0] == wire.HeaderErr:
		return relayed{}, asServerError(message)
	case message[0] == wire.AuthSwitchRequest, message[0] == wire.AuthNextFactor && !a.mariaDB:
		err := a.switched(message)
		return relayed{client: message}, err
	case message[0] == wire.AuthMoreData:
		if a.plugin == mysql.AUTH_CACHING_SHA2_PASSWORD && len(message) == 2 {
			return a.sha2(message), nil
		}
	case !a.mariaDB: // whose plug-ins send their messages bare
		return relayed{}, fmt.Errorf("authentication: message 0x%02x from backend: %w", message[0], wire.ErrMalformed)
	}
	a.turn = clientTurn
	return relayed{client: message}, nil
}

// fromClient takes a message of the client.
func (a *authentication) fromClient(message []byte) (relayed, error) {
	if a.turn == clientPassword {
		return a.crossLegs(message)
	}
	a.turn = serverTurn
	return relayed{server: message}, nil
}

// switched takes note of the plug-in that speaks next, and of its salt.
func (a *authentication) switched(message []byte) error {
	request, err := wire.DecodeAuthSwitch(message)
	if err != nil {
		return err
	}
	switch request.Plugin {
	case mysql.AUTH_CLEAR_PASSWORD:
		if !a.clientSecure || !a.serverSecure {
			return refuseLogin(mysql.ER_ACCESS_DENIED_ERROR, "28000",
				"Access denied: this account sends its password in clear text (mysql_clear_password), which Guardrail passes on only where the client's and the backend's connection both have TLS")
		}
	}
	a.plugin, a.salt, a.turn = request.Plugin, bytes.Clone(request.Salt()), clientTurn
	if a.plugin == mysql.AUTH_SHA256_PASSWORD && a.clientSecure != a.serverSecure {
		a.turn = clientPassword
	}
	return nil
}

// sha2 handles caching_sha2_password's two short messages.
func (a *authentication) sha2(message []byte) relayed {
	switch {
	case message[1] == wire.SHA2FastAuthOK:
		a.turn = serverTurn // its OK follows
	case message[1] == wire.SHA2FullAuth && a.clientSecure != a.serverSecure:
		a.turn = clientPassword
	default:
		a.turn = clientTurn
	}
	return relayed{client: message}
}

// keyRequest is the byte with which a plug-in asks for the RSA key.
func (a *authentication) keyRequest() byte {
	if a.plugin == mysql.AUTH_SHA256_PASSWORD {
		return wire.SHA256RequestPublicKey
	}
	return wire.SHA2RequestPublicKey
}

// crossLegs carries a full exchange from one kind of leg to the other: over TLS
// the password goes as it is, on a plain leg encrypted with the RSA key of the
// side that receives it. An empty password is one NUL on either.
func (a *authentication) crossLegs(answer []byte) (relayed, error) {
	if len(answer) == 1 && answer[0] == 0 {
		a.turn = serverTurn
		return relayed{server: answer}, nil
	}
	if a.clientSecure {
		a.password = bytes.Clone(answer)
		a.turn = serverKey
		return relayed{server: []byte{a.keyRequest()}}, nil
	}
	if len(answer) == 1 && answer[0] == a.keyRequest() {
		return relayed{client: a.ownKey().publicMessage()}, nil
	}
	password, err := a.ownKey().decrypt(answer, a.salt)
	if err != nil {
		return relayed{}, refusal{wire.Err{Code: mysql.ER_ACCESS_DENIED_ERROR, SQLState: "28000",
			Message: "Access denied: the password was not encrypted with Guardrail's RSA key; let the client ask for the server's public key, or use TLS"}, err}
	}
	a.turn = serverTurn
	return relayed{server: password}, nil
}

// keyFromServer encrypts the client's password with the key that the backend sent.
func (a *authentication) keyFromServer(message []byte) (relayed, error) {
	if message[0] == wire.HeaderErr {
		return relayed{}, asServerError(message)
	}
	block, _ := pem.Decode(message[1:])
	if message[0] != wire.AuthMoreData || block == nil {
		return relayed{}, fmt.Errorf("backend's public key: %w", wire.ErrMalformed)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return relayed{}, fmt.Errorf("backend's public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return relayed{}, errors.New("backend's public key is not an RSA key")
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key, mask(a.password, a.salt), nil)
	if err != nil {
		return relayed{}, fmt.Errorf("encrypt for backend: %w", err)
	}
	a.password, a.turn = nil, serverTurn
	return relayed{server: sealed}, nil
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
