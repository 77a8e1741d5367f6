package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// everyLength of a message up to its whole is a seed: the decoders' branches lie there.
func everyLength(f *testing.F, message []byte, also ...any) {
	f.Helper()
	for n := range len(message) + 1 {
		f.Add(append([]any{message[:n]}, also...)...)
	}
}

func FuzzGreeting(f *testing.F) {
	g := wire.Greeting{ServerVersion: "9.7.4", ThreadID: 7, Salt: []byte("abcdefghijklmnopqrst"), Capabilities: mysql.CLIENT_LONG_PASSWORD, AuthPlugin: "caching_sha2_password"}
	everyLength(f, g.Append(nil))
	g.Capabilities, g.MariaDBCapabilities = 0, wire.MariaDBBulkOperations
	f.Add(g.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := wire.DecodeGreeting(b)
		if err != nil {
			return
		}
		again, err := wire.DecodeGreeting(g.Append(nil))
		g.Capabilities |= mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH
		if err != nil || !reflect.DeepEqual(again, g) {
			t.Errorf("%+v came back as %+v, %v", g, again, err)
		}
	})
}

func FuzzHandshakeResponse(f *testing.F) {
	r := wire.HandshakeResponse{
		Capabilities: mysql.CLIENT_PROTOCOL_41 | mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_CONNECT_WITH_DB |
			mysql.CLIENT_CONNECT_ATTRS | mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM,
		User: "app", Database: "d", AuthResponse: []byte("x"), AuthPlugin: "p", Attributes: wire.AppendAttribute(nil, "_os", "Linux"), ZstdLevel: 3,
	}
	everyLength(f, r.Append(nil))
	for _, change := range []wire.Capability{mysql.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA, mysql.CLIENT_SECURE_CONNECTION, mysql.CLIENT_LONG_PASSWORD, mysql.CLIENT_PROTOCOL_41} {
		other := r
		other.Capabilities ^= change
		f.Add(other.Append(nil))
	}
	f.Add(r.AppendSSLRequest(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = wire.IsSSLRequest(b)
		r, err := wire.DecodeHandshakeResponse(b)
		if err != nil {
			return
		}
		encoded := r.Append(nil)
		again, err := wire.DecodeHandshakeResponse(encoded)
		if err != nil || !bytes.Equal(again.Append(nil), encoded) || again.User != r.User || again.Database != r.Database ||
			!bytes.Equal(again.AuthResponse, r.AuthResponse) || !bytes.Equal(again.Attributes, r.Attributes) || again.AuthPlugin != r.AuthPlugin ||
			again.ZstdLevel != r.ZstdLevel || again.MariaDBCapabilities != r.MariaDBCapabilities {
			t.Errorf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzAuthSwitch(f *testing.F) {
	everyLength(f, append([]byte{wire.AuthSwitchRequest}, "mysql_native_password\x00abcdefghijklmnopqrst\x00"...))
	f.Add([]byte{wire.AuthNextFactor, 'p', 0, 's'})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := wire.DecodeAuthSwitch(b)
		if err != nil {
			return
		}
		if strings.Contains(a.Plugin, "\x00") || !bytes.HasPrefix(a.Data, a.Salt()) || len(a.Data)-len(a.Salt()) > 1 {
			t.Errorf("% x became %+v with salt % x", b, a, a.Salt())
		}
		encoded := append(append(append(b[:1:1], a.Plugin...), 0), a.Data...)
		if !bytes.Equal(encoded, b) && !bytes.Equal(encoded, append(bytes.Clone(b), 0)) {
			t.Errorf("% x became %+v", b, a)
		}
	})
}

func FuzzChangeUser(f *testing.F) {
	const all = mysql.CLIENT_SECURE_CONNECTION | mysql.CLIENT_PLUGIN_AUTH | mysql.CLIENT_CONNECT_ATTRS
	u := wire.ChangeUser{User: "app", AuthResponse: []byte("x"), Database: "d", Collation: 45, AuthPlugin: "p", Attributes: wire.AppendAttribute(nil, "_os", "Linux")}
	everyLength(f, u.Append(nil, all), uint32(all))
	f.Add(u.Append(nil, 0), uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, capabilities uint32) {
		u, err := wire.DecodeChangeUser(b, capabilities)
		if err != nil {
			return
		}
		encoded := u.Append(nil, capabilities)
		again, err := wire.DecodeChangeUser(encoded, capabilities)
		if err != nil || !bytes.Equal(again.Append(nil, capabilities), encoded) || again.User != u.User || again.Database != u.Database ||
			again.Collation != u.Collation || again.AuthPlugin != u.AuthPlugin || !bytes.Equal(again.AuthResponse, u.AuthResponse) || !bytes.Equal(again.Attributes, u.Attributes) {
			t.Errorf("%+v came back as %+v, %v", u, again, err)
		}
	})
}
