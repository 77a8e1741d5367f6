package proxy_test

import (
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/mysqltest"
)

// The types of query attributes are those of one execution: the next one, which has
// none, is read with the types of its own parameters.
func TestAttributesOfOneExecution(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	s.Exec(t, "INSERT INTO shop.orders VALUES (3, 'three')", "ANALYZE TABLE shop.orders")
	for name, policies := range map[string]string{"no rule": strings.Split(rowsPolicy, "require:")[0], "rows": rowsPolicy} {
		s.Exec(t, "UPDATE shop.orders SET note = 'old'")
		g := start(t, s.Addr(), policies)
		c := login(t, g.addr, "app", mysql.CLIENT_QUERY_ATTRIBUTES)
		id := c.prepares(t, "UPDATE shop.orders SET note = 'new' WHERE id = ?")
		if got := c.executes(t, id, 8, 1, 0, 0, 0, 2, 0, 1, 1, 0, 0, 3, 0, 1, 'n', 2, 9, 0, 0, 0); got != "ok" { // id = 2, n = 9
			t.Fatalf("%s: with an attribute: %s", name, got)
		}
		if got := c.executes(t, id, 8, 1, 0, 0, 0, 1, 0, 0, 1); got != "ok" { // id = 1
			t.Fatalf("%s: without: %s", name, got)
		}
		var notes string
		if err := s.Admin().QueryRow("SELECT GROUP_CONCAT(note ORDER BY id) FROM shop.orders").Scan(&notes); err != nil || notes != "new,new,old" {
			t.Errorf("%s: %q, %v", name, notes, err)
		}
	}
}

// Clients that bind once do not send their types again after an execution that was
// refused: the server gets them with the next.
func TestTypesOfARefusedInsert(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := login(t, g.addr, "app")
		revoked := strings.Replace(shopPolicy, "INSERT, UPDATE", "UPDATE", 1)
		execute := func(policy, want string, id uint32, body ...byte) {
			t.Helper()
			g.swap(t, policy)
			if got := c.executes(t, id, body...); got != want {
				t.Errorf("% x: %s, want %s", body, got, want)
			}
		}
		first := c.prepares(t, "INSERT INTO shop.orders (id) VALUES (?)")
		execute(revoked, "error 1142", first, 0, 1, 0, 0, 0, 0, 1, 8, 0, 10, 0, 0, 0, 0, 0, 0, 0)
		execute(shopPolicy, "ok", first, 0, 1, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0)
		second := c.prepares(t, "INSERT INTO shop.orders (note, id) VALUES (?, ?)")
		execute(shopPolicy, "ok", second, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 5, 20)         // two TINYINTs
		execute(revoked, "error 1142", second, 0, 1, 0, 0, 0, 0, 1, 2, 0, 1, 0, 5, 0, 21) // a SMALLINT and a TINYINT
		execute(shopPolicy, "ok", second, 0, 1, 0, 0, 0, 0, 0, 6, 0, 22)
		var ids string
		if err := s.Admin().QueryRow("SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.orders").Scan(&ids); err != nil || ids != "1,2,11,20,22" {
			t.Errorf("ids %s, %v", ids, err)
		}
	})
}
