package wire_test

import (
	"errors"
	"fmt"
	"testing"

	"guardrail/proxy/wire"
)

func TestParamTypes(t *testing.T) {
	const head = "\x01\x00\x00\x00\x00\x01\x00\x00\x00"
	const named = "\x01\x00\x00\x00\x08\x01\x00\x00\x00"
	for _, c := range []struct {
		name       string
		body       string
		params     int
		attributes bool
		bound, end int
	}{
		{"no parameters", head, 0, false, 9, 9},
		{"types and a value", head + "\x00\x01\x03\x00" + "\x07\x00\x00\x00", 1, false, 10, 13},
		{"a value, types as before", head + "\x00\x00" + "\x07\x00\x00\x00", 1, false, 10, 11},
		{"nine", head + "\x00\x00\x01" + "\x06\x00\x06\x00\x06\x00\x06\x00\x06\x00\x06\x00\x06\x00\x06\x00\x06\x00", 9, false, 11, 30},
		{"with attributes", named + "\x02\x00\x01" + "\x03\x00\x00" + "\xfd\x00\x04name" + "\x07\x00\x00\x00\x01x", 1, true, 11, 22},
		{"attributes alone", named + "\x01\x00\x01" + "\xfd\x00\x04name" + "\x01x", 0, true, 11, 19},
		{"no attributes, negotiated", named + "\x00", 0, true, 10, 10},
	} {
		bound, end, err := wire.ParamTypes([]byte(c.body), c.params, c.attributes)
		if err != nil || bound != c.bound || end != c.end {
			t.Errorf("%s: %d, %d, %v, want %d, %d", c.name, bound, end, err, c.bound, c.end)
		}
	}
	for name, body := range map[string]string{"another byte than 0 and 1": head + "\x00\x02\x03\x00\x07\x00\x00\x00", "types cut": head + "\x00\x01\x03"} {
		if _, _, err := wire.ParamTypes([]byte(body), 1, false); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := wire.ParamTypes([]byte(head), 1, false); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("without its parameter: %v", err)
	}
}

// TestParams reads the last of an execution's parameters, behind others of every sort.
func TestParams(t *testing.T) {
	const head = "\x01\x00\x00\x00\x00\x01\x00\x00\x00"
	for _, c := range []struct {
		name   string
		nulls  byte
		types  string // of two parameters
		values string
		want   string // the second one
	}{
		{"a byte behind a byte", 0, "\x01\x00\x01\x00", "\x07\x05", "5"},
		{"below zero", 0, "\x01\x00\x01\x00", "\x07\xff", "no"},
		{"without a sign", 0, "\x01\x00\x01\x80", "\x07\xff", "255"},
		{"behind NULL", 1, "\x08\x00\x02\x00", "\x05\x01", "261"},
		{"behind NULL of no type", 1, "\x06\x00\x03\x00", "\x05\x00\x01\x00", "65541"},
		{"NULL", 2, "\x01\x00\x03\x00", "\x07", "no"},
		{"the type NULL, not NULL", 0, "\x06\x00\x01\x00", "\x05", "no"},
		{"behind a text", 0, "\xfd\x00\x08\x80", "\x02ab\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"},
		{"behind a long blob", 0, "\xfb\x00\x01\x00", "\x02ab\x05", "5"},
		{"behind a date", 0, "\x0c\x00\x01\x00", "\x04\xe8\x07\x01\x01\x05", "5"},
		{"behind a decimal and a double", 0, "\x05\x00\xf6\x00", "12345678\x0212", "12"},
		{"a double", 0, "\x01\x00\x05\x00", "\x07\x00\x00\x00\x00\x00\x00\x24\x40", "10"},
		{"a broken double", 0, "\x01\x00\x05\x00", "\x07\x00\x00\x00\x00\x00\x00\x04\x40", "no"},
		{"digits", 0, "\x01\x00\xfe\x00", "\x07\x0212", "12"},
		{"digits and more", 0, "\x01\x00\xfe\x00", "\x07\x0312x", "no"},
		{"a sign", 0, "\x01\x00\xfe\x00", "\x07\x03+12", "no"},
		{"a date", 0, "\x01\x00\x0a\x00", "\x07\x00", "no"},
		{"a type that nobody sends", 0, "\x63\x00\x01\x00", "\x07\x05", "no"},
		{"cut", 0, "\x01\x00\x03\x00", "\x07\x05\x00\x00", "no"},
	} {
		list, values, err := wire.Params([]byte(head+string(c.nulls)+"\x01"+c.types+c.values), 2, false)
		if err != nil || len(list) != 2 {
			t.Errorf("%s: %v, %v", c.name, list, err)
			continue
		}
		got := "no"
		if n, ok := wire.UintParam(list, values, 1); ok {
			got = fmt.Sprint(n)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	for name, body := range map[string]string{
		"without types":                head + "\x00\x00\x07\x05",
		"bits of another type":         head + "\x00\x01\x01\x00\x01\x01\x07\x05",
		"types cut":                    head + "\x00\x01\x01\x00\x01",
		"fewer than the statement has": head,
	} {
		if _, _, err := wire.Params([]byte(body), 2, false); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The names of parameters and an attribute behind them.
	list, values, err := wire.Params([]byte("\x01\x00\x00\x00\x08\x01\x00\x00\x00"+"\x02\x02\x01"+"\x01\x00\x00"+"\xfd\x00\x04name"+"\x07"), 1, true)
	if n, ok := wire.UintParam(list, values, 0); err != nil || len(list) != 1 || n != 7 || !ok {
		t.Errorf("with an attribute: %v, %d, %v, %v", list, n, ok, err)
	}
}

func TestBulkTypes(t *testing.T) {
	for body, want := range map[string]string{
		"\x01\x00\x00\x00\x80\x00\x03\x00\xfe\x00\x00": "\x03\x00\xfe\x00",
		"\x01\x00\x00\x00\x00\x00\x00":                 "",
	} {
		if got, err := wire.BulkTypes([]byte(body), 2); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
	for _, body := range []string{"\x01\x00\x00\x00\x80", "\x01\x00\x00\x00\x80\x00\x03\x00\xfe"} {
		if _, err := wire.BulkTypes([]byte(body), 2); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func FuzzParamTypes(f *testing.F) {
	everyLength(f, []byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\x03\x00\x07\x00\x00\x00"), uint16(1), false)
	everyLength(f, []byte("\x01\x00\x00\x00\x08\x01\x00\x00\x00\x01\x00\x01\xfd\x00\x04name\x01x"), uint16(0), true)
	f.Fuzz(func(t *testing.T, b []byte, params uint16, attributes bool) {
		bound, end, err := wire.ParamTypes(b, int(params), attributes)
		if err == nil && (bound > end || end > len(b) || bound < 9) {
			t.Errorf("% x: %d, %d", b, bound, end)
		}
	})
}

func FuzzParams(f *testing.F) {
	everyLength(f, []byte("\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01\xfd\x00\x03\x00\x02ab\x07\x00\x00\x00"), uint16(2), false)
	everyLength(f, []byte("\x01\x00\x00\x00\x08\x01\x00\x00\x00\x02\x00\x01\x01\x00\x00\xfd\x00\x04name\x07\x01x"), uint16(1), true)
	f.Fuzz(func(t *testing.T, b []byte, params uint16, attributes bool) {
		list, values, err := wire.Params(b, int(params), attributes)
		if err == nil && len(list) != int(params) {
			t.Errorf("% x: %d parameters of %d", b, len(list), params)
		}
		for i := range list {
			wire.UintParam(list, values, i)
		}
	})
}
