package proxy_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	client "github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// Attributes stand before the text: where the proxy takes them to be longer or
// shorter than the server does, it judges another text. The server says where its
// own begins in the error about it.
func TestQueryAttributesAreAsLongAsTheServerTakesThem(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	random := rand.New(rand.NewSource(1))
	var alphabet []byte // the rest: every place can be told by what follows
	for i := range 700 {
		alphabet = append(alphabet, fmt.Sprintf("q%03d ", i)...)
	}
	lens := [][]byte{{0}, {1}, {4}, {7}, {8}, {11}, {12}, {13}, {0xfa}, {0xfb}, {0xfc, 9, 0}, {0xfc, 0, 1}, {0xfd, 5, 0, 0}, {0xfe, 4, 0, 0, 0, 0, 0, 0, 0}, {0xff}}
	types := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255}
	var c *rawClient
	differ, asked := map[string]int{}, 0
	for range 20000 {
		n := 1 + random.Intn(2)
		body := []byte{byte(n), 1}
		if random.Intn(5) == 0 {
			body = [][]byte{{0xfc, byte(n), 0}, {0xfd, byte(n), 0, 0}, {0xfe, byte(n), 0, 0, 0, 0, 0, 0, 0}, {0xfb}, {0xff, byte(n)}, {0}}[random.Intn(6)]
			body = append(body, [][]byte{{0xfc, 1, 0}, {1}, {0}, {2}, {0xfb}}[random.Intn(5)]...)
		}
		body = append(body, byte([]int{0, 0, 0, 0, 1, 2, 3}[random.Intn(7)]), []byte{1, 1, 1, 1, 1, 1, 1, 0, 2, 0xff}[random.Intn(10)])
		var ts []byte
		for range n {
			ty := types[random.Intn(len(types))]
			ts = append(ts, ty)
			body = append(body, ty, byte([]int{0, 0, 0, 0x80, 0x80, 0x80, 0x40, 1}[random.Intn(8)]))
			body = append(body, []string{"\x00", "\x01a", "\xfc\x01\x00a", "\xfb"}[[]int{0, 1, 1, 1, 1, 2, 3}[random.Intn(7)]]...)
		}
		var l []byte
		for range n {
			l = lens[random.Intn(len(lens))]
			body = append(body, l...)
			if random.Intn(2) == 0 {
				body = append(body, bytes.Repeat([]byte("w"), random.Intn(14))...)
			}
		}
		body = append(body, alphabet...)
		if c == nil {
			c = login(t, s.Addr(), "app", client.CLIENT_QUERY_ATTRIBUTES)
		}
		c.send(t, 0, append([]byte{3}, body...)...)
		answer := c.read(t)
		if answer[0] != 0xff {
			t.Fatalf("% x: % x", body[:40], answer)
		}
		e, _ := wire.DecodeErr(answer)
		text, err := wire.QueryText(body)
		_, near, found := strings.Cut(e.Message, "near '")
		if !found {
			c.conn.Close()
			c = nil
		}
		at := -1
		if found {
			first := strings.IndexAny(near, "qw")
			if first >= 0 && first < 6 && len(near) > first+14 {
				at = bytes.Index(body, []byte(near[first:first+14])) // where the server's text goes on
			}
		}
		if at < 0 || err != nil {
			continue
		}
		asked++
		if mine := len(body) - len(text); at < mine || at > mine+24 || bytes.ContainsAny(body[mine:at], "qw") {
			if differ[fmt.Sprint(ts)]++; differ[fmt.Sprint(ts)] == 1 {
				t.Errorf("types %v, NULLs %b: % x: the server goes on at %d, the proxy at %d", ts, body[2], body[:min(80, mine+8)], at, mine)
			}
		}
	}
	t.Log(asked)
}

// The server takes an attribute for a string with its length before it where any
// bit beside that for "unsigned" stands behind its type, and where its type is NULL
// and its bit in the bitmap is not set; the length of a date is a length-encoded
// integer. What the proxy took for text behind such an attribute was none.
func TestAnAttributeSwallowsTheTextThatIsJudged(t *testing.T) {
	const harmless, harmful = "DO '", "DROP TABLE shop.orders -- '"
	swallow := func(attribute ...byte) []byte {
		return append(append([]byte{3, 1, 1, 0, 1}, attribute...), harmless+harmful...)
	}
	withType := func(flags byte) []byte { return swallow(3, flags, 1, 'a', byte(3+len(harmless)), 'x', 'x', 'x') }
	// A date of four bytes by the server's count and of 0xfc by a byte's: the text that is judged lies far behind.
	date := append([]byte{3, 1, 1, 0, 1, 10, 0, 1, 'a', 0xfc, 4, 0, 0xe8, 7, 1, 1}, harmful...)
	date = append(date[:len(date)-1], bytes.Repeat([]byte(" "), 0xfc-6-len(harmful)+1)...)
	date = append(date, "DO 1"...)
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		for name, command := range map[string][]byte{
			"flags 01": withType(1), "flags 02": withType(2), "flags 40": withType(0x40), "flags 80": withType(0x80),
			"NULL": swallow(6, 0, 1, 'a', byte(len(harmless)-1)),
			"date": date,
		} {
			t.Run(name, func(t *testing.T) {
				c := login(t, g.addr, "app", client.CLIENT_QUERY_ATTRIBUTES)
				if name == "NULL" { // the text that is judged begins with the length
					command = append([]byte{3, 1, 1, 0, 1, 6, 0, 1, 'a', ' '}, "DO '"+strings.Repeat("a", 28)+harmful...)
				}
				c.send(t, 0, command...)
				t.Log(c.textOutcome(t))
				var n int
				if err := s.Admin().QueryRow("SELECT COUNT(*) FROM shop.orders").Scan(&n); err != nil {
					t.Errorf("%v; recorded %+v", err, g.record.all())
					s.Exec(t, "CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(50))")
				}
			})
		}
	})
}
