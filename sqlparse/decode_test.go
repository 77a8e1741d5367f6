package sqlparse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// singleByte are the character sets of which each byte beyond ASCII is a character.
var singleByte = []string{"latin1", "latin2", "latin5", "cp1250", "cp1251", "koi8r", "koi8u", "cp866"}

// A name must be the one that the server sees, or none.
func TestNamesBeyondASCIIAreTheServers(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		server, err := sqlparse.ParseServer(s.Version())
		if err != nil {
			t.Fatal(err)
		}
		reader := sqlparse.NewReader(sqlparse.Options{})
		for _, charset := range singleByte {
			mode := sqlparse.Mode{Server: server, Charset: sqlparse.ParseCharset(charset)}
			told := 0
			for b, want := range serversCharacters(t, s, charset) {
				got := reader.Read(slices.Concat([]byte("DROP TABLE `x"), []byte{byte(b + 0x80)}, []byte("`")), mode).Statements
				if len(got) != 1 || got[0].Kind == sqlparse.Unknown {
					continue
				}
				told++
				if name := got[0].Needs[0].Object.Name; name != "x"+want {
					t.Errorf("%s: 0x%02x is read as %q, the server has %q", charset, b+0x80, name, "x"+want)
				}
			}
			if told < 90 {
				t.Errorf("%s: %d names are read", charset, told)
			}
		}
	})
}

// serversCharacters are what a server has for the bytes from 0x80 on.
func serversCharacters(t *testing.T, s *mysqltest.Server, charset string) []string {
	t.Helper()
	var columns []string
	for b := 0x80; b <= 0xff; b++ {
		columns = append(columns, fmt.Sprintf("CONVERT(_%s 0x%02x USING utf8mb4)", charset, b))
	}
	characters := make([]string, len(columns))
	into := make([]any, len(columns))
	for i := range characters {
		into[i] = &characters[i]
	}
	if err := s.Admin().QueryRowContext(t.Context(), "SELECT "+strings.Join(columns, ", ")).Scan(into...); err != nil {
		t.Fatal(err)
	}
	return characters
}

// Of the sets with characters of several bytes only letters are certain.
func TestSignsInNamesOfSeveralBytesAreNotCertain(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for _, c := range []struct {
		charset, name string
		known         bool
	}{
		{"sjis", "\x8a\xbf\x8e\x9a", true}, {"sjis", "\x81\x60", false}, {"sjis", "\xfa\x5c", false}, {"cp932", "\x81\x60", false},
		{"ujis", "\xb4\xc1", true}, {"ujis", "\xa1\xc1", false}, {"gbk", "\xba\xba", true}, {"gbk", "\xa1\xaa", false},
		{"gb2312", "\xba\xba", true}, {"gb2312", "\x81\x40", false}, {"big5", "\xba\x7e", true}, {"euckr", "\xc7\xd1", true},
	} {
		mode := sqlparse.Mode{Server: mysql97.Server, Charset: sqlparse.ParseCharset(c.charset)}
		got := reader.Read([]byte("DROP TABLE `"+c.name+"`"), mode).Statements
		if known := len(got) == 1 && got[0].Kind != sqlparse.Unknown; known != c.known {
			t.Errorf("%s % x: read %v", c.charset, c.name, known)
		}
	}
}
