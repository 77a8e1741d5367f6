package proxy_test

import (
	"strings"
	"testing"
	"time"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// An account whose password has expired reads nothing of the server. What the
// control account finds at the same address counts, and the session ends with
// the change of the password.
func TestAnExpiredPasswordAndTheTag(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		const sandbox = wire.Capability(1 << 22) // CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS
		s.Exec(t, "ALTER USER app PASSWORD EXPIRE")
		wrong := start(t, s.Addr(), everything, of("development", proxy.TagOptional, newClock(time.Now())), controlled)
		out := dialRaw(t, wrong.addr)
		out.read(t)
		out.send(t, 1, wire.HandshakeResponse{
			Capabilities: oldest | sandbox, Collation: 45, User: "app", AuthPlugin: "asks_for_a_switch",
		}.Append(nil)...)
		if e := out.authenticate(t); e == nil || !strings.Contains(e.Message, "tagged production") {
			t.Errorf("the wrong server's login: %+v", e)
		}
		g := start(t, s.Addr(), everything, of("production", proxy.TagRequired, newClock(time.Now())), controlled)
		c := login(t, g.addr, "app", sandbox)
		change := "ALTER USER app IDENTIFIED BY 'An0ther-one'"
		if s.Flavour() == "mariadb" {
			change = "SET PASSWORD = PASSWORD('An0ther-one')"
		}
		if e := c.query(t, change); e != nil {
			t.Fatalf("the password is not changed: %s", e.Message)
		}
		if e := c.query(t, "DO 1"); e == nil || e.Code != 1862 {
			t.Errorf("after the change: %+v", e)
		}
		c.gone(t)
	})
}
