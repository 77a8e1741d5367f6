package proxy_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// drivers are both: an event loop for plain connections, goroutines for TLS.
var drivers = map[string]func(*mysql.Config){"plain": func(*mysql.Config) {}, "TLS": withTLS}

// eachLeg runs a test on both servers and through both drivers.
func eachLeg(t *testing.T, test func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config))) {
	t.Helper()
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for name, leg := range drivers {
			t.Run(name, func(t *testing.T) { test(t, s, leg) })
		}
	})
}

const settingPolicy = `
app: shop-web
accounts: [app, other]
environments: [production]
grants: ["ALL ON *.*", "UNPARSED ON *.*"]
limits: {max_execution_time: 30s, sql_safe_updates: true, session: {innodb_lock_wait_timeout: 7}}
`

// settingsOf reads what the policy sets.
func settingsOf(t *testing.T, s *mysqltest.Server, c *sql.Conn) string {
	t.Helper()
	execution := "@@max_execution_time / 1000"
	if s.Flavour() == "mariadb" {
		execution = "@@max_statement_time"
	}
	return value[string](t, c, "SELECT CONCAT_WS(' ', ROUND("+execution+"), @@sql_safe_updates + 0, @@innodb_lock_wait_timeout)")
}

func TestASessionIsWhatItsPolicyMakesOfIt(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g := start(t, s.Addr(), settingPolicy)
		c := one(t, g.open(t, "app", "shop", leg))
		if got := settingsOf(t, s, c); got != "30 1 7" {
			t.Errorf("after the login: %s", got)
		}
		refused(t, c, 1227, "SET innodb_lock_wait_timeout = 50")
		refused(t, c, 1175, "DELETE FROM orders WHERE note = 'one'") // the server's own word for sql_safe_updates
		plain := one(t, g.open(t, "app", "shop", leg))
		g.swap(t, strings.Replace(settingPolicy, "sql_safe_updates: true, session: {innodb_lock_wait_timeout: 7}", "session: {innodb_lock_wait_timeout: 8}", 1))
		if got := settingsOf(t, s, c); got != "30 0 8" {
			t.Errorf("under the next policy: %s", got)
		}
		run(t, plain, "SET @a = 1")
		g.swap(t, strings.Split(settingPolicy, "limits:")[0])
		byServer := one(t, g.open(t, "app", "shop", leg))
		if got, want := settingsOf(t, s, c), settingsOf(t, s, byServer); got != want || got == "30 0 8" {
			t.Errorf("without limits: %s, want %s", got, want)
		}
	})
}

func TestAResetSessionIsSetAgain(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "other", "ALL ON *.*")
		g := start(t, s.Addr(), settingPolicy)
		c := login(t, g.addr, "app")
		check := func(when string) {
			t.Helper()
			if got := c.text(t, "SELECT CONCAT_WS(' ', @@sql_safe_updates + 0, @@innodb_lock_wait_timeout)"); got != "1 7" {
				t.Errorf("%s: %s", when, got)
			}
		}
		check("after the login")
		c.send(t, 0, 0x1f)
		if got := c.read(t); got[0] != 0 {
			t.Fatalf("COM_RESET_CONNECTION: %q", got)
		}
		check("after COM_RESET_CONNECTION")
		if e := c.changeUser(t, "other", "shop"); e != nil {
			t.Fatal(e)
		}
		check("after COM_CHANGE_USER")
		// Three commands in one write: the second must not overtake what the reset owes.
		c.queue(0, 0x1f)
		c.queue(0, append([]byte{3}, "SELECT @@sql_safe_updates"...)...)
		c.queue(0, 0x0e)
		c.flush(t)
		c.read(t)
		for range 3 {
			c.read(t)
		}
		if got := c.read(t); string(got) != "\x011" {
			t.Errorf("in one write with COM_RESET_CONNECTION: %q", got)
		}
		c.read(t)
		c.read(t)
		s.Exec(t, "CREATE PROCEDURE shop.unsafe() SET SESSION sql_safe_updates = 0")
		if e := c.query(t, "CALL shop.unsafe()"); e != nil {
			t.Fatal(e)
		}
		check("after a procedure that sets it otherwise")
	})
}

func TestAReadOnlyAppHasReadOnlyTransactions(t *testing.T) {
	const policy = `
app: reports
accounts: [app]
environments: [production]
grants: [READ ON *.*, EXECUTE ON shop.*]
`
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g := start(t, s.Addr(), strings.Replace(policy, ", EXECUTE ON shop.*", "", 1))
		c := one(t, g.open(t, "app", "shop", leg))
		// The server refuses what the policy now lets pass.
		read := func() bool { return value[bool](t, c, "SELECT "+readOnlyVariable(s)) }
		if !read() {
			t.Error("transactions are not read only")
		}
		g.swap(t, strings.Replace(policy, "READ ON *.*", `"READ, INSERT ON *.*"`, 1))
		run(t, c, "INSERT INTO orders VALUES (3, 'three')")
		if read() {
			t.Error("transactions are still read only")
		}
	})
}

func readOnlyVariable(s *mysqltest.Server) string {
	if s.Flavour() == "mariadb" {
		return "@@tx_read_only"
	}
	return "@@transaction_read_only"
}

func TestNoSessionWhereTheServerRefusesWhatThePolicySets(t *testing.T) {
	broken := strings.Replace(settingPolicy, "innodb_lock_wait_timeout: 7", "no_such_variable: 7", 1)
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		g := start(t, s.Addr(), settingPolicy)
		c := one(t, g.open(t, "app", "shop", leg))
		run(t, c, "DO 1")
		g.swap(t, broken)
		message := refused(t, c, 1045, "DO 1")
		for _, want := range []string{"shop-web", "no_such_variable", "rule test0.yaml:6, event "} {
			if !strings.Contains(message, want) {
				t.Errorf("the message %q does not name %q", message, want)
			}
		}
		if err := c.PingContext(t.Context()); err == nil {
			t.Error("the session goes on")
		}
		_, err := g.open(t, "app", "shop", leg).Conn(t.Context())
		if codeOf(err) != 1045 || !strings.Contains(err.Error(), "no_such_variable") || !strings.Contains(err.Error(), "rule test0.yaml:6") {
			t.Errorf("login: %v", err)
		}
		if events := g.record.all(); len(events) != 2 || events[1].Decision != audit.LoginRefused || events[1].Cause != "not-set" || events[1].App != "shop-web" || events[1].RuleFile != "test0.yaml" || events[1].RuleLine != 6 {
			t.Errorf("events: %+v", events)
		}
	})
}

func TestAnAppInObserveModeIsLeftAsItIs(t *testing.T) {
	until := time.Now().Add(time.Hour)
	policy := settingPolicy + "mode: observe\nuntil: " + until.Format(time.RFC3339) + "\n"
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		now := newClock(time.Now())
		g := start(t, s.Addr(), policy, func(o *proxy.Options) { o.Now = now.Now })
		c := one(t, g.open(t, "app", "shop", leg))
		if got := settingsOf(t, s, c); got == "30 1 7" {
			t.Errorf("in observe mode: %s", got)
		}
		run(t, c, "UPDATE orders SET note = 'all of them'")
		now.set(until)
		if got := settingsOf(t, s, c); got != "30 1 7" {
			t.Errorf("from its end on: %s", got)
		}
	})
}
