package proxy_test

import (
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// armscii8 is the id of armscii8_general_ci, in which 0xAC is a hyphen.
const armscii8 = 32

func TestAnAccountSpeltInOtherBytesDoesNotGetAnotherPolicy(t *testing.T) {
	const policy = `
app: shop-web
accounts: [shop-web]
environments: [production]
grants: [SELECT ON shop.*]
=====
app: anyone
accounts: ["*"]
environments: [production]
grants: [ALL ON *.*]
`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		stateShop(t, s)
		s.User(t, "shop-web", "ALL ON *.*")
		g := start(t, s.Addr(), policy)
		refused := func(e *wire.Err) {
			t.Helper()
			if e == nil || e.Code != mysql.ER_ACCESS_DENIED_ERROR || !strings.Contains(e.Message, "another name") {
				t.Errorf("%v", e)
			}
		}

		c := dialRaw(t, g.addr)
		c.read(t)
		c.answer(t, wire.HandshakeResponse{Capabilities: oldest, User: "shop\xacweb", Collation: armscii8, AuthPlugin: "asks_for_a_switch"}.Append(nil))
		refused(c.authenticate(t))

		c = login(t, g.addr, "app")
		c.send(t, 0, wire.ChangeUser{User: "shop\xacweb", Collation: armscii8, AuthPlugin: "asks_for_a_switch"}.
			Append([]byte{mysql.COM_CHANGE_USER}, oldest)...)
		e := c.authenticate(t)
		if e == nil {
			e = c.query(t, "DELETE FROM shop.sessions")
		}
		refused(e)

		if n := rows(t, s); n != 2 {
			t.Errorf("%d sessions are left, want 2", n)
		}
		events := g.record.all()
		if len(events) != 2 || events[0].Decision != audit.LoginRefused || events[0].Cause != "other-account" {
			t.Errorf("events %+v", events)
		}
	})
}
