package proxy_test

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// clock is a clock that stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock(at time.Time) *clock { return &clock{now: at} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

const limitedPolicy = `
app: shop-web
accounts: [app, other]
environments: [production]
grants: ["ALL ON *.*"]
`

// observed puts a policy into observe mode for an hour.
func observed(policy string) string {
	return policy + "mode: observe\nuntil: " + time.Now().Add(time.Hour).Format(time.RFC3339) + "\n"
}

// causes are the causes of the record's events, in order.
func causes(g *guard, what audit.Decision) string {
	var all []string
	for _, e := range g.record.all() {
		if e.Decision == what {
			all = append(all, e.Cause)
		}
	}
	return strings.Join(all, " ")
}

func TestMaxUserConnections(t *testing.T) {
	const policy = limitedPolicy + "limits: {max_user_connections: 2}\n"
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		s.User(t, "other", "ALL ON *.*")
		usage := proxy.NewUsage()
		shared := func(o *proxy.Options) { o.Usage = usage }
		g := start(t, s.Addr(), policy, shared)
		second := start(t, s.Addr(), policy, shared) // another listener of the same process
		first := one(t, g.open(t, "app", "shop", leg))
		one(t, second.open(t, "other", "shop", leg))
		_, err := g.open(t, "app", "shop", leg).Conn(t.Context())
		if codeOf(err) != 1226 || !strings.Contains(err.Error(), "max_user_connections") || !strings.Contains(err.Error(), g.record.all()[0].ID) {
			t.Fatalf("the third: %v", err)
		}
		if got := causes(g, audit.LoginRefused); got != "connections" {
			t.Errorf("recorded: %s", got)
		}
		if err := first.Raw(func(any) error { return driver.ErrBadConn }); err == nil {
			t.Fatal("the connection is not thrown away")
		}
		pool := g.open(t, "app", "shop", leg)
		eventually(t, "a place is free again", func() bool { return pool.PingContext(t.Context()) == nil })

		g = start(t, s.Addr(), observed(policy))
		for range 3 {
			one(t, g.open(t, "app", "shop", leg))
		}
		if got := causes(g, audit.WouldRefuse); got != "connections" {
			t.Errorf("observed: %s", got)
		}
	})
}

func TestAFailedLoginOrChangeTakesNoPlace(t *testing.T) {
	const policy = limitedPolicy + "limits: {max_user_connections: 1}\n"
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.User(t, "other", "ALL ON *.*")
		g := start(t, s.Addr(), policy)
		wrong := g.open(t, "app", "shop", func(c *mysql.Config) { c.Passwd = "wrong" })
		for range 3 {
			if err := wrong.PingContext(t.Context()); codeOf(err) != 1045 {
				t.Fatalf("a wrong password: %v", err)
			}
		}
		c := login(t, g.addr, "app")
		for _, user := range []string{"other", "app", "other"} { // one place, whoever has it
			if e := c.changeUser(t, user, "shop"); e != nil {
				t.Fatalf("COM_CHANGE_USER to %s: %v", user, e)
			}
		}
		if _, err := g.open(t, "app", "shop").Conn(t.Context()); codeOf(err) != 1226 {
			t.Errorf("the second connection: %v", err)
		}
		c.conn.Close()
		pool := g.open(t, "app", "shop")
		eventually(t, "the place is free again", func() bool { return pool.PingContext(t.Context()) == nil })
	})
}

func TestMaxQueriesPerSecond(t *testing.T) {
	const policy = limitedPolicy + "limits: {max_queries_per_second: 5}\n"
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		now := newClock(time.Unix(1_800_000_000, 0))
		g := start(t, s.Addr(), policy, func(o *proxy.Options) { o.Now = now.Now })
		a, b := one(t, g.open(t, "app", "shop", leg, multi)), one(t, g.open(t, "app", "shop", leg))
		st, err := a.PrepareContext(t.Context(), "SELECT ?")
		if err != nil {
			t.Fatal(err)
		}
		run(t, a, "DO 1; DO 2")
		run(t, b, "DO 3")
		for range 2 {
			if _, err := st.ExecContext(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := st.ExecContext(t.Context(), 1); codeOf(err) != 1226 || !strings.Contains(err.Error(), "max_queries_per_second") {
			t.Errorf("the sixth: %v", err)
		}
		refused(t, b, 1226, "DO 4")
		now.set(now.Now().Add(time.Second))
		run(t, b, "DO 5")
		refused(t, a, 1226, "DO 1; DO 2; DO 3; DO 4; DO 5")
		if got := causes(g, audit.Refused); got != "rate rate rate" {
			t.Errorf("recorded: %s", got)
		}

		g = start(t, s.Addr(), observed(policy), func(o *proxy.Options) { o.Now = newClock(time.Now()).Now })
		c := one(t, g.open(t, "app", "shop", leg))
		for range 7 {
			run(t, c, "DO 1")
		}
		if got := causes(g, audit.WouldRefuse); got != "rate rate" {
			t.Errorf("observed: %s", got)
		}
	})
}

func TestMaxAllowedPacketOfAnApp(t *testing.T) {
	const policy = limitedPolicy + "limits: {max_allowed_packet: 64K}\n"
	const limit = 64 << 10
	text := func(size int) string { return "DO /*" + strings.Repeat("x", size-len("DO /**/ 1")) + "*/ 1" }
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		s.Exec(t, "CREATE TABLE shop.blobs (id INT PRIMARY KEY, v LONGBLOB)")
		g := start(t, s.Addr(), policy)
		c := one(t, g.open(t, "app", "shop", leg))
		run(t, c, text(limit-1))
		run(t, c, text(limit))
		refused(t, c, 1153, text(limit+1))
		if _, err := c.PrepareContext(t.Context(), text(limit+1)); codeOf(err) != 1153 {
			t.Errorf("prepared: %v", err)
		}
		const insert = "INSERT INTO blobs VALUES (?, ?)"
		run(t, c, insert, 1, strings.Repeat("x", limit/2))
		refused(t, c, 1153, insert, 2, strings.Repeat("x", limit+1))
		run(t, c, insert, 3, "after it")
		if got := value[string](t, c, "SELECT GROUP_CONCAT(id ORDER BY id) FROM blobs"); got != "1,3" {
			t.Errorf("rows: %s", got)
		}

		g = start(t, s.Addr(), observed(policy))
		c = one(t, g.open(t, "app", "shop", leg))
		run(t, c, text(limit+1))
		run(t, c, insert, 4, strings.Repeat("x", limit+1))
		if got := causes(g, audit.WouldRefuse); got != "packet packet" {
			t.Errorf("observed: %s", got)
		}
		if got := value[int](t, c, "SELECT LENGTH(v) FROM blobs WHERE id = 4"); got != limit+1 {
			t.Errorf("%d bytes, observed", got)
		}
	})
}

// prepared is what a raw client knows of a statement.
func (c *rawClient) prepare(t testing.TB, text string) (id uint32) {
	t.Helper()
	c.send(t, 0, append([]byte{0x16}, text...)...)
	got := c.read(t)
	if got[0] != 0 {
		t.Fatalf("%s: %q", text, got)
	}
	columns, params := binary.LittleEndian.Uint16(got[5:]), binary.LittleEndian.Uint16(got[7:])
	for _, n := range []uint16{params, columns} {
		for i := uint16(0); i < n+min(n, 1); i++ { // with an EOF behind them
			c.read(t)
		}
	}
	return binary.LittleEndian.Uint32(got[1:])
}

// command is a command about a statement.
func command(code byte, id uint32, rest ...byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte{code}, id), rest...)
}

func TestLongDataOfARefusedExecutionIsForgotten(t *testing.T) {
	const policy = limitedPolicy + "limits: {max_allowed_packet: 1K}\n"
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		s.Exec(t, "CREATE TABLE shop.blobs (v LONGBLOB)")
		g := start(t, s.Addr(), policy)
		c := login(t, g.addr, "app")
		id := c.prepare(t, "INSERT INTO shop.blobs VALUES (?)")
		piece := func(size int) {
			c.send(t, 0, command(0x18, id, append([]byte{0, 0}, bytes.Repeat([]byte("x"), size)...)...)...)
		}
		execute := func() []byte {
			c.send(t, 0, command(0x17, id, 0, 1, 0, 0, 0, 0, 1, 0xfc, 0)...)
			return c.read(t)
		}
		piece(600)
		piece(424)
		if got := execute(); got[0] != 0 {
			t.Fatalf("1024 bytes: %q", got)
		}
		piece(600)
		piece(425)
		piece(600)
		if got := execute(); got[0] != 0xff || binary.LittleEndian.Uint16(got[1:]) != 1153 {
			t.Fatalf("1625 bytes: %q", got)
		}
		piece(5)
		if got := execute(); got[0] != 0 {
			t.Fatalf("5 bytes: %q", got)
		}
		piece(600)
		c.send(t, 0, command(0x1a, id)...) // COM_STMT_RESET
		c.read(t)
		piece(600)
		if got := execute(); got[0] != 0 {
			t.Fatalf("600 bytes: %q", got)
		}
		if got := c.text(t, "SELECT GROUP_CONCAT(LENGTH(v) ORDER BY 1) FROM shop.blobs"); got != "5,600,1024" && got != "1024,5,600" {
			t.Errorf("lengths: %s", got)
		}
		// A policy that takes the grant away while long data waits.
		piece(100)
		g.swap(t, strings.Replace(limitedPolicy, "ALL ON", "SELECT ON", 1))
		if got := execute(); got[0] != 0xff || binary.LittleEndian.Uint16(got[1:]) != 1142 {
			t.Fatalf("without a grant: %q", got)
		}
		g.swap(t, policy)
		piece(7)
		if got := execute(); got[0] != 0 {
			t.Fatalf("7 bytes: %q", got)
		}
		if got := c.text(t, "SELECT COUNT(*) FROM shop.blobs WHERE LENGTH(v) = 7"); got != "1" {
			t.Errorf("%s rows of 7 bytes", got)
		}
	})
}
