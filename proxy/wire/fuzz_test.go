package wire_test

import (
	"bytes"
	"testing"

	"guardrail/proxy/wire"
)

func FuzzDecodeGreeting(f *testing.F) {
	f.Add(wire.Greeting{ServerVersion: "9.7.4", Salt: []byte("abcdefghijklmnopqrst"), AuthPlugin: "caching_sha2_password"}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := wire.DecodeGreeting(b)
		if err == nil && len(g.Salt) != wire.SaltLen {
			t.Errorf("accepted a salt of %d bytes", len(g.Salt))
		}
	})
}

func FuzzDecodeHandshakeResponse(f *testing.F) {
	f.Add(wire.HandshakeResponse{Capabilities: 0x00bf8208, User: "app", Database: "d", AuthResponse: []byte("x")}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := wire.DecodeHandshakeResponse(b)
		if err != nil {
			return
		}
		again, err := wire.DecodeHandshakeResponse(r.Append(nil))
		if err != nil || again.User != r.User || !bytes.Equal(again.AuthResponse, r.AuthResponse) || again.Database != r.Database {
			t.Errorf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func FuzzDecodeOK(f *testing.F) {
	f.Add(wire.OK{AffectedRows: 1, Status: wire.StatusSessionChanged, SessionState: wire.AppendVariable(nil, "a", []byte("b"))}.Append(nil, 1<<23), true)
	f.Fuzz(func(t *testing.T, b []byte, track bool) {
		var capabilities wire.Capability
		if track {
			capabilities = 1 << 23
		}
		ok, err := wire.DecodeOK(b, capabilities)
		if err != nil {
			return
		}
		again, err := wire.DecodeOK(ok.Append(nil, capabilities), capabilities)
		if err != nil || again.AffectedRows != ok.AffectedRows || !bytes.Equal(again.SessionState, ok.SessionState) && again.Status&wire.StatusSessionChanged != 0 {
			t.Errorf("%+v came back as %+v, %v", ok, again, err)
		}
	})
}

func FuzzSessionState(f *testing.F) {
	f.Add(wire.AppendVariable(nil, "sql_mode", []byte("ANSI")))
	f.Fuzz(func(_ *testing.T, b []byte) {
		for len(b) > 0 {
			change, rest, err := wire.NextStateChange(b)
			if err != nil {
				return
			}
			_, _ = change.Schema()
			_ = change.Variables(func(string, []byte) {})
			b = rest
		}
	})
}

func FuzzSmallMessages(f *testing.F) {
	f.Add([]byte{wire.AuthSwitchRequest, 'p', 0, 's'})
	f.Add(wire.Err{Code: 1064, SQLState: "42000", Message: "no"}.Append(nil))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = wire.DecodeErr(b)
		_, _ = wire.DecodeEOF(b)
		_, _ = wire.DecodePrepareOK(b)
		_, _, _ = wire.DecodeColumnCount(b, wire.MariaDBCacheMetadata)
		_, _ = wire.DecodeTextRow(b, 3)
		if a, err := wire.DecodeAuthSwitch(b); err == nil {
			_ = a.Salt()
		}
	})
}

func FuzzCutMessage(f *testing.F) {
	raw, _ := wire.AppendPacket(nil, 0, []byte("\x03SELECT 1"))
	f.Add(raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, need, ok, err := wire.CutMessage(b, 0)
		if ok && err == nil {
			if len(m.Raw) > len(b) || len(m.Payload()) > len(m.Raw)-wire.HeaderLen {
				t.Errorf("a message longer than its bytes")
			}
		} else if err == nil && need <= 0 {
			t.Errorf("neither a message nor a wish for more")
		}
	})
}
