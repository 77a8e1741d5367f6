package proxy_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/identity"
	"guardrail/proxy/mysqltest"
)

// keyPolicy wants rows named by their key.
const keyPolicy = `
app: shop-web
accounts: [app]
environments: [production]
grants: ["ALL ON *.*"]
require:
  - PRIMARY KEY FOR DELETE
  - UNIQUE KEY FOR UPDATE
`

// keyed makes a table with keys of every kind, and the control account.
func keyed(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	shop(t, s)
	s.User(t, "control", "SELECT ON shop.*")
	s.Exec(t, `CREATE TABLE shop.items (
		shop INT NOT NULL, id INT NOT NULL, code VARCHAR(20) NOT NULL, prefix VARCHAR(20) NOT NULL, maybe INT, plain INT NOT NULL,
		PRIMARY KEY (shop, id), UNIQUE KEY (code), UNIQUE KEY (prefix(5)), UNIQUE KEY (maybe), KEY (plain))`,
		"INSERT INTO shop.items VALUES (1, 1, 'a', 'a', 1, 1), (1, 2, 'b', 'b', NULL, 1), (2, 1, 'c', 'c', NULL, 1)")
}

func TestRowsAreNamedByTheirKey(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		keyed(t, s)
		g := start(t, s.Addr(), keyPolicy, controlled)
		c := one(t, g.open(t, "app", "shop", leg))
		for _, row := range []struct {
			text string
			args []any
			code int
		}{
			{"DELETE FROM items WHERE shop = 9 AND id = 9", nil, 0},
			{"DELETE FROM shop.items WHERE (shop, id) IN ((9, 9), (8, 8))", nil, 0},
			{"DELETE FROM items WHERE SHOP = ? AND Id = ?", []any{9, 9}, 0},
			{"DELETE FROM items WHERE shop = 9", nil, 1175},
			{"DELETE FROM items WHERE code = 'z'", nil, 1175},
			{"DELETE FROM items WHERE shop > ? AND id = ?", []any{1, 1}, 1175},
			{"UPDATE items SET plain = 2 WHERE code = 'z'", nil, 0},
			{"UPDATE items SET plain = 2 WHERE shop = 9 AND id = 9", nil, 0},
			{"UPDATE items SET plain = 2 WHERE prefix = 'z'", nil, 1175},
			{"UPDATE items SET plain = 2 WHERE maybe = 1", nil, 1175},
			{"UPDATE items SET plain = 2 WHERE plain = ?", []any{7}, 1175},
			{"UPDATE no_such_table SET plain = 2 WHERE id = 1", nil, 1175},
		} {
			if _, err := c.ExecContext(t.Context(), row.text, row.args...); codeOf(err) != row.code {
				t.Errorf("%s: %v, want error %d", row.text, err, row.code)
			}
		}
		run(t, c, "ALTER TABLE items ADD UNIQUE KEY (plain, id, shop), ADD UNIQUE KEY only_plain_and_code (plain, code)")
		run(t, c, "UPDATE items SET plain = 2 WHERE plain = 7 AND code = 'z'")
		run(t, c, "ALTER TABLE items DROP PRIMARY KEY")
		refused(t, c, 1175, "DELETE FROM items WHERE shop = 9 AND id = 9")
		run(t, c, "PREPARE again FROM 'CREATE UNIQUE INDEX again ON items (shop, id)'")
		refused(t, c, 1175, "UPDATE items SET plain = 2 WHERE shop = 9 AND id = 9")
		run(t, c, "EXECUTE again")
		run(t, c, "UPDATE items SET plain = 2 WHERE shop = 9 AND id = 9")
		if got := count(t, c, "items"); got != 3 {
			t.Errorf("%d rows", got)
		}
	})
}

func TestWhatTheControlAccountMayNotSeeIsRefused(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		keyed(t, s)
		const remove = "DELETE FROM items WHERE shop = 9 AND id = 9"
		for name, change := range map[string]func(*proxy.Options){
			"no control account": func(*proxy.Options) {},
			"a wrong password":   func(o *proxy.Options) { o.Backend.Control = identity.Control{User: "control", Password: "wrong"} },
		} {
			g := start(t, s.Addr(), keyPolicy, change)
			refused(t, one(t, g.open(t, "app", "shop", leg)), 1175, remove)
			g = start(t, s.Addr(), observed(keyPolicy), change)
			run(t, one(t, g.open(t, "app", "shop", leg)), remove)
			if got := causes(g, audit.WouldRefuse); got != "key" {
				t.Errorf("%s, observed: %q", name, got)
			}
		}
		s.User(t, "control")
		logged, log := observer.New(zap.ErrorLevel)
		watched := func(o *proxy.Options) { o.Log = zap.New(logged) }
		g := start(t, s.Addr(), keyPolicy, controlled, watched)
		_, err := one(t, g.open(t, "app", "shop", leg)).ExecContext(t.Context(), remove)
		if codeOf(err) != 1175 || !strings.Contains(err.Error(), "the table's keys are not known") {
			t.Errorf("a table that the control account does not see: %v", err)
		}
		if all := log.FilterMessageSnippet("keys could not be read").All(); len(all) != 1 ||
			!strings.Contains(fmt.Sprint(all[0].ContextMap()["error"]), "GRANT REFERENCES ON shop.* TO control") {
			t.Errorf("logged: %v", all)
		}
		s.Exec(t, "GRANT REFERENCES ON shop.* TO control")
		g = start(t, s.Addr(), keyPolicy, controlled)
		run(t, one(t, g.open(t, "app", "shop", leg)), remove)
	})
}

func TestKeysAreFoundWhereNamesAreComparedInLowerCase(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		keyed(t, s)
		g := start(t, s.Addr(), keyPolicy, controlled)
		run(t, one(t, g.open(t, "app", "shop")), "DELETE FROM SHOP.Items WHERE shop = 9 AND id = 9")
	}, mysqltest.LowerCaseTableNames("1"))
}

// holdBack relays connections to a server and keeps back what an account says,
// from its login on, until release is closed.
func holdBack(t *testing.T, s *mysqltest.Server, account string) (addr string, release chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	release = make(chan struct{})
	var relays sync.WaitGroup
	relay := func(to, from net.Conn) {
		defer to.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if bytes.Contains(buffer[:n], []byte(account+"\x00")) {
				<-release
			}
			if _, werr := to.Write(buffer[:n]); err != nil || werr != nil {
				return
			}
		}
	}
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", s.Addr())
			if err != nil {
				client.Close()
				continue
			}
			relays.Go(func() { relay(server, client) })
			relays.Go(func() { relay(client, server) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		relays.Wait()
	})
	return listener.Addr().String(), release
}

func TestNobodyElseWaitsForKeys(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		keyed(t, s)
		addr, release := holdBack(t, s, "control")
		g := start(t, addr, keyPolicy, controlled)
		pool := g.open(t, "app", "shop", leg)
		ended := make(chan error)
		for range 4 { // they share one answer
			c := one(t, pool)
			go func() {
				_, err := c.ExecContext(t.Context(), "DELETE FROM items WHERE shop = 9 AND id = 9")
				ended <- err
			}()
		}
		for range 8 { // on every loop
			if got := count(t, one(t, pool), "items"); got != 3 {
				t.Errorf("%d rows", got)
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("a statement did not wait: %v", err)
		default:
		}
		close(release)
		for range 4 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAStopEndsWhoWaitsForKeys(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		keyed(t, s)
		addr, release := holdBack(t, s, "control")
		defer close(release)
		g := start(t, addr, keyPolicy, controlled)
		c := one(t, g.open(t, "app", "shop", leg))
		ended := make(chan error, 1)
		go func() {
			_, err := c.ExecContext(t.Context(), "DELETE FROM items WHERE shop = 9 AND id = 9")
			ended <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := g.server.Stop(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Error("the statement was let pass")
		}
	})
}
