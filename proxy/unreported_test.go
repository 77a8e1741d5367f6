package proxy_test

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// A USE has run although its text has failed behind it, and although another one
// was reported: what a statement means behind it is asked for.
func TestAUseThatIsNotReported(t *testing.T) {
	const fails = "USE other; SELECT * FROM no_such_table"
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for name, tc := range map[string]struct {
			backend func(*testing.T, string) string
			texts   []string
		}{
			"a function stops the tracking":         {direct, []string{"SELECT shop.off()", fails}},
			"between two of them":                   {direct, []string{"USE shop; SELECT shop.off(); USE other"}},
			"a server without CLIENT_SESSION_TRACK": {untracked, []string{fails}},
		} {
			t.Run(name, func(t *testing.T) {
				for _, schema := range []string{"shop", "other"} {
					s.Exec(t, "DROP DATABASE IF EXISTS "+schema)
				}
				stateShop(t, s)
				s.Exec(t, "INSERT INTO other.sessions VALUES (1, 'one'), (2, 'two')", "SET GLOBAL log_bin_trust_function_creators = 1",
					"CREATE FUNCTION shop.off() RETURNS INT BEGIN SET SESSION session_track_system_variables = ''; SET SESSION session_track_schema = OFF; RETURN 1; END")
				g := start(t, tc.backend(t, s.Addr()), shopAndOther)
				c := one(t, g.open(t, "app", "shop", multi))
				for _, text := range tc.texts {
					if _, err := c.ExecContext(t.Context(), text); err != nil && codeOf(err) != 1146 {
						t.Fatal(err)
					}
				}
				refused(t, c, 1142, "DELETE FROM sessions")
			})
		}
	})
}

func direct(_ *testing.T, backend string) string { return backend }

// untracked stands before a server and takes CLIENT_SESSION_TRACK out of its greeting.
func untracked(t *testing.T, backend string) string {
	return between(t, backend, func(greeting []byte) {
		version := bytes.IndexByte(greeting[5:], 0)
		greeting[5+version+1+4+8+1+2+1+2] &^= 0x80
	}, func([]byte) {})
}

// unreset stands before a server as one that refuses COM_RESET_CONNECTION: it
// makes a command of it that there is not.
func unreset(t *testing.T, backend string) string {
	return between(t, backend, func([]byte) {}, func(sent []byte) {
		if bytes.Equal(sent, []byte{1, 0, 0, 0, 0x1f}) {
			sent[4] = 0x30
		}
	})
}

// between stands before a server, and changes its greeting and what clients send.
func between(t *testing.T, backend string, greeting, sent func([]byte)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	pass := func(to, from net.Conn, change func([]byte), once bool) {
		defer to.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 && change != nil {
				change(buf[:n])
			}
			if once {
				change = nil
			}
			if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", backend)
			if err != nil {
				c.Close()
				continue
			}
			go pass(c, b, greeting, true)
			go pass(b, c, sent, false)
		}
	}()
	return l.Addr().String()
}

// A COM_RESET_CONNECTION that fails leaves the server's names as they were.
func TestAResetThatFails(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, unreset(t, s.Addr()), shopPolicy)
		raw := login(t, g.addr, "app")
		query := func(text, want string) {
			t.Helper()
			raw.send(t, 0, append([]byte{3}, text...)...)
			if got := raw.textOutcome(t); got != want {
				t.Errorf("%s: %s, want %s", text, got, want)
			}
		}
		query("PREPARE s FROM 'DELETE FROM shop.sessions WHERE id = 1'", "ok")
		query("PREPARE u FROM 'UPDATE shop.orders SET note = 1 WHERE id = 1'", "ok")
		raw.send(t, 0, 0x1f)
		if got := raw.read(t); got[0] != 0xff {
			t.Fatalf("% x", got)
		}
		query("EXECUTE s", "ok")
		if events := g.record.all(); len(events) != 1 || events[0].Kind != "delete" {
			t.Errorf("recorded %+v", events)
		}
		g.swap(t, strings.Replace(shopPolicy, "INSERT, UPDATE", "INSERT", 1))
		query("EXECUTE u", "error 1142")
	})
}
