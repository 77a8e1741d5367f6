package proxy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// shopPolicy is an application that may not destroy.
const shopPolicy = `
app: shop-web
accounts: [app]
environments: [production]
grants:
  - SELECT, INSERT, UPDATE, CREATE, CREATE TEMPORARY TABLES ON shop.*
  - DELETE ON shop.sessions
deny:
  - {id: no-drop-database, rule: DROP DATABASE ON *.*, because: "restore takes hours"}
require:
  - WHERE FOR UPDATE, DELETE
`

// shop makes the schema of these tests, and an account that the server itself
// would let do everything.
func shop(t *testing.T, s *mysqltest.Server) {
	t.Helper()
	s.Database(t, "shop")
	s.User(t, "app", "ALL ON *.*")
	s.Exec(t, "CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(50))",
		"CREATE TABLE shop.sessions (id INT PRIMARY KEY)",
		"INSERT INTO shop.orders VALUES (1, 'one'), (2, 'two')", "INSERT INTO shop.sessions VALUES (1), (2)")
}

func TestTheIncident(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		for name, leg := range map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS} {
			t.Run(name, func(t *testing.T) {
				c := one(t, g.open(t, "app", "shop", multi, leg))
				message := refused(t, c, 1044, "DROP DATABASE shop")
				for _, want := range []string{"no-drop-database", "production", "restore takes hours", "event "} {
					if !strings.Contains(message, want) {
						t.Errorf("the message %q does not name %q", message, want)
					}
				}
				refused(t, c, 1044, "/*!50000 DROP DATABASE shop */")
				refused(t, c, 1044, "SELECT 1; DROP DATABASE shop")
				refused(t, c, 1142, "DROP TABLE orders")
				refused(t, c, 1142, "TRUNCATE orders")
				refused(t, c, 1142, "DELETE FROM orders WHERE id = 1")
				refused(t, c, 1175, "DELETE FROM sessions")
				refused(t, c, 1175, "UPDATE orders SET note = ''")
				refused(t, c, 1227, "SHUTDOWN")
				if _, err := c.PrepareContext(t.Context(), "DROP DATABASE shop"); codeOf(err) != 1044 {
					t.Errorf("prepared: %v", err)
				}
				run(t, c, "DELETE FROM sessions WHERE id = 7")
				if got := value[int](t, c, "SELECT COUNT(*) FROM orders"); got != 2 {
					t.Errorf("%d orders are left, want 2", got)
				}
			})
		}
	})
}

func TestARefusalLeavesTheTransactionOpen(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "START TRANSACTION")
		run(t, c, "UPDATE orders SET note = 'changed' WHERE id = 1")
		refused(t, c, 1142, "DROP TABLE orders")
		if got := value[string](t, c, "SELECT note FROM orders WHERE id = 1"); got != "changed" {
			t.Errorf("inside: %q", got)
		}
		run(t, c, "ROLLBACK")
		if got := value[string](t, c, "SELECT note FROM orders WHERE id = 1"); got != "one" {
			t.Errorf("after ROLLBACK: %q", got)
		}
	})
}

func TestARefusalIsRecordedWithoutItsLiterals(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop"))
		message := refused(t, c, 1142, "DELETE FROM orders WHERE note = 'secret'")
		events := g.record.all()
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		e := events[0]
		if e.Decision != audit.Refused || e.App != "shop-web" || e.Account != "app" || e.Kind != "delete" ||
			e.Client != "127.0.0.1" || e.Schema != "shop" || e.Code != 1142 || e.Need != "DELETE ON shop.orders" {
			t.Errorf("event %+v", e)
		}
		if !strings.Contains(message, e.ID) {
			t.Errorf("the message %q does not name event %s", message, e.ID)
		}
		if strings.Contains(e.Statement, "secret") || strings.Contains(message, "secret") || !strings.Contains(e.Statement, "orders") {
			t.Errorf("statement %q, message %q", e.Statement, message)
		}
		expected := `
			# HELP guardrail_refusals_total Statements and logins refused, by app and by the rule that refused.
			# TYPE guardrail_refusals_total counter
			guardrail_refusals_total{app="shop-web",environment="production",rule="not-granted"} 1
		`
		if err := testutil.GatherAndCompare(g.registry, strings.NewReader(expected), "guardrail_refusals_total"); err != nil {
			t.Error(err)
		}
	})
}

// Statements that differ in their literals have one shape, and every event has
// what the client says of itself.
func TestEventsHaveTheirShapeAndTheClientsAttributes(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		says := func(c *mysql.Config) { c.ConnectionAttributes = "program_name:reset.sh,team:billing" }
		c := one(t, g.open(t, "app", "shop", leg, says))
		for _, text := range []string{"DROP TABLE orders", "DELETE FROM orders WHERE note = 'a'", "DELETE FROM orders WHERE note = 'b'"} {
			refused(t, c, 1142, text)
		}
		run(t, c, "DELETE FROM sessions WHERE id = 1")
		if err := g.open(t, "stranger", "", leg, says).PingContext(t.Context()); codeOf(err) != 1045 {
			t.Errorf("a stranger: %v", err)
		}
		var shapes []string
		for _, e := range g.record.all() {
			if e.Attributes["program_name"] != "reset.sh" || e.Attributes["team"] != "billing" || e.Attributes["_client_name"] == "" {
				t.Errorf("%s: attributes %v", e.Decision, e.Attributes)
			}
			shapes = append(shapes, e.Shape)
		}
		if len(shapes) != 5 || len(shapes[0]) != 32 || shapes[0] == shapes[1] || shapes[1] != shapes[2] || shapes[3] == shapes[2] || shapes[4] != "" {
			t.Errorf("shapes %q", shapes)
		}
	})
}

func TestADestructiveStatementIsNotForwardedUnrecorded(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop"))
		run(t, c, "DELETE FROM sessions WHERE id = 1")
		events := g.record.all()
		if len(events) != 1 || events[0].Decision != audit.AllowedDestructive || events[0].Code != 0 {
			t.Fatalf("events %+v", events)
		}
		g.record.fail(errors.New("disk full"))
		refused(t, c, 1105, "DELETE FROM sessions WHERE id = 2")
		refused(t, c, 1142, "DROP TABLE sessions")
		if got := value[int](t, c, "SELECT COUNT(*) FROM sessions"); got != 1 {
			t.Errorf("%d sessions are left, want 1", got)
		}
	})
}

func TestAPolicyThatChangesMeetsLiveSessions(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop"))
		st, err := c.PrepareContext(t.Context(), "UPDATE orders SET note = 'x' WHERE id = ?")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.ExecContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		g.swap(t, strings.Replace(shopPolicy, "INSERT, UPDATE,", "INSERT,", 1))
		if _, err := st.ExecContext(t.Context(), 1); codeOf(err) != 1142 {
			t.Errorf("a prepared UPDATE after UPDATE was taken away: %v", err)
		}
		refused(t, c, 1142, "UPDATE orders SET note = 'x' WHERE id = 1")
		g.swap(t, strings.Replace(shopPolicy, "accounts: [app]", "accounts: [other]", 1))
		refused(t, c, 1045, "SELECT 1")
		g.swap(t, shopPolicy)
		if _, err := st.ExecContext(t.Context(), 1); err != nil {
			t.Errorf("after the policy came back: %v", err)
		}
	})
}

func TestPipelinedCommandsAreAnsweredInTheirPlaces(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		raw := login(t, g.addr, "app")
		raw.queue(0, append([]byte{3}, "SET sql_mode = 'ANSI_QUOTES'"...)...)
		raw.queue(0, append([]byte{3}, "DELETE FROM shop.sessions WHERE \"id\" = \"id\""...)...) // columns now: always true
		raw.queue(0, append([]byte{3}, "DROP TABLE shop.orders"...)...)
		raw.queue(0, 0x0e)
		raw.flush(t)
		if got := raw.read(t); got[0] != 0 {
			t.Errorf("SET: % x", got)
		}
		if e := raw.err(t); e.Code != 1175 {
			t.Errorf("DELETE read under the mode before it: error %d %s", e.Code, e.Message)
		}
		if e := raw.err(t); e.Code != 1142 {
			t.Errorf("DROP: error %d %s", e.Code, e.Message)
		}
		if got := raw.read(t); got[0] != 0 {
			t.Errorf("PING: % x", got)
		}
	})
}
