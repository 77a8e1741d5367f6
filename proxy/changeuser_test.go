package proxy_test

import (
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// changeUser asks for another account, and returns the error or nil.
func (c *rawClient) changeUser(t testing.TB, user, schema string) *wire.Err {
	t.Helper()
	c.send(t, 0, wire.ChangeUser{User: user, Database: schema, Collation: 45, AuthPlugin: "asks_for_a_switch"}.
		Append([]byte{mysql.COM_CHANGE_USER}, oldest)...)
	return c.authenticate(t)
}

// query runs a text whose answer is one packet, and returns its error or nil.
func (c *rawClient) query(t testing.TB, text string) *wire.Err {
	t.Helper()
	c.send(t, 0, append([]byte{mysql.COM_QUERY}, text...)...)
	payload := c.read(t)
	if payload[0] != wire.HeaderErr {
		return nil
	}
	e, err := wire.DecodeErr(payload)
	if err != nil {
		t.Fatal(err)
	}
	return &e
}

func TestAChangedUserHasItsOwnPolicy(t *testing.T) {
	const policy = `
app: reader
accounts: [app]
environments: [production]
grants: [SELECT ON shop.*]
=====
app: writer
accounts: [other]
environments: [production]
grants: ["SELECT, INSERT ON shop.*"]
`
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "other", "ALL ON *.*")
		s.User(t, "nobody", "ALL ON *.*")
		mariaDB := s.Flavour() == "mariadb"
		g := start(t, s.Addr(), policy)
		const insert = "INSERT INTO shop.sessions VALUES (100)"
		c := login(t, g.addr, "app")
		if e := c.query(t, insert); e == nil || e.Code != 1142 {
			t.Fatalf("the reader's INSERT: %v", e)
		}
		if e := c.changeUser(t, "other", "shop"); e != nil {
			t.Fatalf("COM_CHANGE_USER: %v", e)
		}
		if e := c.query(t, insert); e != nil {
			t.Errorf("the writer's INSERT: %v", e)
		}
		if e := c.query(t, "DROP TABLE sessions"); e == nil || e.Code != 1142 {
			t.Errorf("the writer's DROP: %v", e)
		}
		if e := c.changeUser(t, "app", "shop"); e != nil {
			t.Fatalf("COM_CHANGE_USER back: %v", e)
		}
		if e := c.query(t, insert); e == nil || e.Code != 1142 {
			t.Errorf("the reader's INSERT again: %v", e)
		}
		for name, row := range map[string]struct{ user, schema string }{
			"an account without a policy": {"nobody", "shop"},
			"a schema that is not its":    {"other", "mysql"},
		} {
			c := login(t, g.addr, "app")
			if e := c.changeUser(t, row.user, row.schema); e == nil {
				t.Errorf("%s was let in", name)
			}
			if !mariaDB {
				c.gone(t)
				continue
			}
			if e := c.query(t, "DO 1"); e != nil {
				t.Errorf("%s: the session did not go on as the old account: %v", name, e)
			}
			if e := c.query(t, insert); e == nil || e.Code != 1142 {
				t.Errorf("%s: the reader's INSERT: %v", name, e)
			}
		}
	})
}

func TestAChangeThatTheServerDenies(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "other")
		s.Exec(t, "ALTER USER other IDENTIFIED BY 'another than ours'")
		g := start(t, s.Addr(), everythingPolicy)
		c := login(t, g.addr, "app")
		if e := c.changeUser(t, "other", "shop"); e == nil || e.Code != 1045 {
			t.Fatalf("a wrong password: %v", e)
		}
		if s.Flavour() != "mariadb" {
			c.gone(t)
			return
		}
		if e := c.query(t, "DO 1"); e != nil {
			t.Errorf("the session did not go on: %v", e)
		}
	})
}

func TestAChangeForgetsTheSessionsState(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := login(t, g.addr, "app")
		if e := c.query(t, "SET sql_mode='ANSI_QUOTES'"); e != nil {
			t.Fatal(e)
		}
		if e := c.changeUser(t, "app", "shop"); e != nil {
			t.Fatal(e)
		}
		// With ANSI_QUOTES this would be a WHERE that names a column.
		if e := c.query(t, `DELETE FROM sessions WHERE "id"`); e == nil || e.Code != 1175 {
			t.Errorf("read under the mode from before: %v", e)
		}
	})
}
