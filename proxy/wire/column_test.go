package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// definition is a column definition as a server sends it.
func definition(name string, kind byte, flags uint16, extended bool) []byte {
	out := wire.AppendLenencBytes(nil, "def")
	for _, text := range []string{"shop", "o", "orders", name, name} {
		out = wire.AppendLenencBytes(out, text)
	}
	if extended {
		out = wire.AppendLenencBytes(out, "\x00\x04json")
	}
	return append(out, 0x0c, 45, 0, 20, 0, 0, 0, kind, byte(flags), byte(flags>>8), 0, 0, 0)
}

func TestDecodeColumn(t *testing.T) {
	for _, c := range []struct {
		payload []byte
		mariaDB uint32
		want    wire.Column
	}{
		{definition("rows", mysql.MYSQL_TYPE_LONGLONG, 0x20, false), 0, wire.Column{Name: "rows", Type: mysql.MYSQL_TYPE_LONGLONG, Unsigned: true}},
		{definition("Extra", mysql.MYSQL_TYPE_VAR_STRING, 0x1, false), 0, wire.Column{Name: "Extra", Type: mysql.MYSQL_TYPE_VAR_STRING}},
		{definition("note", mysql.MYSQL_TYPE_STRING, 0, true), wire.MariaDBExtendedMetadata, wire.Column{Name: "note", Type: mysql.MYSQL_TYPE_STRING}},
	} {
		got, err := wire.DecodeColumn(c.payload, c.mariaDB)
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v", c.payload, got, err)
		}
	}
}

func TestDecodeBinaryRow(t *testing.T) {
	columns := []wire.Column{
		{Type: mysql.MYSQL_TYPE_LONGLONG, Unsigned: true}, {Type: mysql.MYSQL_TYPE_LONGLONG}, {Type: mysql.MYSQL_TYPE_LONG}, {Type: mysql.MYSQL_TYPE_SHORT},
		{Type: mysql.MYSQL_TYPE_TINY}, {Type: mysql.MYSQL_TYPE_DOUBLE}, {Type: mysql.MYSQL_TYPE_FLOAT}, {Type: mysql.MYSQL_TYPE_VAR_STRING}, {Type: mysql.MYSQL_TYPE_BLOB},
		{Type: mysql.MYSQL_TYPE_STRING},
	}
	row := []byte{0, 0, 0x08} // the tenth is NULL
	row = append(row, "\xff\xff\xff\xff\xff\xff\xff\xff"+"\xfe\xff\xff\xff\xff\xff\xff\xff"+"\xfd\xff\xff\xff"+"\xfc\xff"+"\xfb"...)
	row = append(row, "\x00\x00\x00\x00\x00\x00\x59\x40"+"\x00\x00\x00\x3f"+"\x02ab"+"\x00"...)
	got, err := wire.DecodeBinaryRow(row, columns)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"18446744073709551615", "-2", "-3", "-4", "-5", "100", "0.5", "ab", ""}
	for i, v := range want {
		if string(got[i]) != v || got[i] == nil {
			t.Errorf("column %d: %q, want %q", i, got[i], v)
		}
	}
	if got[9] != nil {
		t.Errorf("NULL: %q", got[9])
	}
	for n := range row {
		if _, err := wire.DecodeBinaryRow(row[:n], columns); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%d bytes of it: %v", n, err)
		}
	}
	if _, err := wire.DecodeBinaryRow(append(slices.Clone(row), 1), columns); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := wire.DecodeBinaryRow([]byte{0, 0, 0}, []wire.Column{{Type: mysql.MYSQL_TYPE_DATETIME}}); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a date: %v", err)
	}
}

func FuzzColumn(f *testing.F) {
	everyLength(f, definition("rows", mysql.MYSQL_TYPE_LONGLONG, 0x20, false), uint32(0))
	everyLength(f, definition("rows", mysql.MYSQL_TYPE_LONGLONG, 0x20, true), wire.MariaDBExtendedMetadata)
	f.Fuzz(func(t *testing.T, b []byte, mariaDB uint32) {
		c, err := wire.DecodeColumn(b, mariaDB)
		if err == nil && !bytes.Contains(b, []byte(c.Name)) {
			t.Errorf("% x became %+v", b, c)
		}
	})
}

func FuzzBinaryRow(f *testing.F) {
	everyLength(f, []byte("\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x02ab"), []byte{mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_VAR_STRING})
	f.Fuzz(func(t *testing.T, b, kinds []byte) {
		var columns []wire.Column
		for _, k := range kinds {
			columns = append(columns, wire.Column{Type: k})
		}
		values, err := wire.DecodeBinaryRow(b, columns)
		if err == nil && len(values) != len(columns) {
			t.Errorf("%d values of %d columns", len(values), len(columns))
		}
	})
}
