package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

func FuzzOK(f *testing.F) {
	ok := wire.OK{AffectedRows: 1, LastInsertID: 70000, Status: wire.StatusSessionChanged, Warnings: 2, Info: []byte("Rows matched: 1"), SessionState: wire.AppendVariable(nil, "a", []byte("b"))}
	everyLength(f, ok.Append(nil, mysql.CLIENT_SESSION_TRACK), true)
	f.Add(ok.Append(nil, 0), false)
	f.Fuzz(func(t *testing.T, b []byte, track bool) {
		var capabilities wire.Capability
		if track {
			capabilities = mysql.CLIENT_SESSION_TRACK
		}
		ok, err := wire.DecodeOK(b, capabilities)
		if err != nil {
			return
		}
		if len(ok.SessionState) == 0 {
			ok.Status &^= wire.StatusSessionChanged // an empty block is left out
		}
		again, err := wire.DecodeOK(ok.Append(nil, capabilities), capabilities)
		if err != nil || again.Header != ok.Header || again.AffectedRows != ok.AffectedRows || again.LastInsertID != ok.LastInsertID || again.Status != ok.Status ||
			again.Warnings != ok.Warnings || !bytes.Equal(again.Info, ok.Info) || !bytes.Equal(again.SessionState, ok.SessionState) {
			t.Errorf("%+v came back as %+v, %v", ok, again, err)
		}
	})
}

func FuzzErr(f *testing.F) {
	everyLength(f, wire.Err{Code: 1064, SQLState: "42000", Message: "no"}.Append(nil))
	f.Add(wire.Err{Code: 1040, Message: "Too many connections"}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := wire.DecodeErr(b)
		if err == nil && !bytes.Equal(e.Append(nil), b) {
			t.Errorf("% x became %+v", b, e)
		}
	})
}

func FuzzEOF(f *testing.F) {
	everyLength(f, []byte{wire.HeaderEOF, 1, 0, 2, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := wire.DecodeEOF(b)
		if err != nil {
			return
		}
		if want := []byte{wire.HeaderEOF, byte(e.Warnings), byte(e.Warnings >> 8), byte(e.Status), byte(e.Status >> 8)}; len(b) > wire.MaxEOFLen || !bytes.HasPrefix(b, want) {
			t.Errorf("% x became %+v", b, e)
		}
	})
}

func FuzzPrepareOK(f *testing.F) {
	everyLength(f, []byte{wire.HeaderOK, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.DecodePrepareOK(b)
		if err == nil && (len(b) < 9 || b[0] != wire.HeaderOK) {
			t.Errorf("% x became %+v", b, p)
		}
	})
}

func FuzzColumnCount(f *testing.F) {
	everyLength(f, wire.AppendLenencInt(nil, 4096), uint32(0))
	everyLength(f, append(wire.AppendLenencInt(nil, 4096), 0), wire.MariaDBCacheMetadata)
	f.Fuzz(func(t *testing.T, b []byte, mariaDB uint32) {
		n, definitions, err := wire.DecodeColumnCount(b, mariaDB)
		if err != nil {
			return
		}
		if n == 0 || n > 1<<16 || !definitions && mariaDB&wire.MariaDBCacheMetadata == 0 {
			t.Errorf("% x became %d columns, definitions %v", b, n, definitions)
		}
		encoded := wire.AppendLenencInt(nil, n)
		if mariaDB&wire.MariaDBCacheMetadata != 0 {
			encoded = append(encoded, 1)
			if !definitions {
				encoded[len(encoded)-1] = 0
			}
		}
		again, same, err := wire.DecodeColumnCount(encoded, mariaDB)
		if err != nil || again != n || same != definitions {
			t.Errorf("%d, %v came back as %d, %v, %v", n, definitions, again, same, err)
		}
	})
}

func FuzzTextRow(f *testing.F) {
	everyLength(f, []byte("\x03abc\xfb\x00\xfc\x04\x00long"), uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		row, err := wire.DecodeTextRow(b, int(n))
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		var encoded []byte
		for _, value := range row {
			if value == nil {
				encoded = append(encoded, 0xfb)
				continue
			}
			encoded = wire.AppendLenencBytes(encoded, value)
		}
		again, err := wire.DecodeTextRow(encoded, int(n))
		if err != nil || len(encoded) > len(b) {
			t.Fatalf("%q came back as %q, %v", row, again, err)
		}
		for i := range row {
			if !bytes.Equal(again[i], row[i]) || (again[i] == nil) != (row[i] == nil) {
				t.Errorf("%q came back as %q", row, again)
			}
		}
	})
}

func FuzzSessionState(f *testing.F) {
	block := append(wire.AppendVariable(nil, "sql_mode", []byte("ANSI")), byte(wire.StateSchema), 4, 3, 'a', 'p', 'p')
	everyLength(f, block)
	f.Fuzz(func(t *testing.T, b []byte) {
		var encoded []byte
		for rest := b; len(rest) > 0; {
			change, left, err := wire.NextStateChange(rest)
			if err != nil {
				return
			}
			if len(left) >= len(rest) {
				t.Fatal("an entry without a byte")
			}
			rest = left
			encoded = change.Append(encoded)
			_, _ = change.Schema()
			var pairs []byte
			if err := change.Variables(func(name string, value []byte) { pairs = wire.AppendVariable(pairs, name, value) }); err != nil {
				continue
			}
			for len(pairs) > 0 {
				if _, pairs, err = wire.NextStateChange(pairs); err != nil {
					t.Fatalf("an entry made of %q does not come back: %v", change.Data, err)
				}
			}
		}
		if !bytes.Equal(encoded, b) {
			t.Errorf("% x came back as % x", b, encoded)
		}
	})
}
