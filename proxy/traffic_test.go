package proxy_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

const trafficPolicy = `
app: shop-web
accounts: [app, other]
environments: [production]
grants: ["SELECT, INSERT, UPDATE, DELETE ON shop.*", "UNPARSED ON *.*"]
require: [ROWS <= 1 FOR UPDATE, WHERE FOR DELETE]
`

// counting starts a proxy that counts traffic.
func counting(t testing.TB, backend, policies string) (*guard, *proxy.Traffic) {
	t.Helper()
	counted := proxy.NewTraffic()
	return start(t, backend, policies, func(o *proxy.Options) { o.Traffic = counted }), counted
}

// drained are the records by account and example, "count refused" each.
func drained(t testing.TB, from *proxy.Traffic) map[string]string {
	t.Helper()
	records, unkept := from.Drain()
	if unkept > 0 {
		t.Errorf("%d shapes were left out", unkept)
	}
	sums := map[string][2]uint64{}
	for _, r := range records {
		if r.App != "shop-web" || r.Environment != "production" || r.Backend != "main" || r.FirstSeen.IsZero() || r.LastSeen.Before(r.FirstSeen) {
			t.Errorf("the record %+v", r)
		}
		key := r.Account + ": " + cmp.Or(r.Example, "masked "+r.Masked)
		sums[key] = [2]uint64{sums[key][0] + r.Count, sums[key][1] + r.Refused}
	}
	out := map[string]string{}
	for key, n := range sums {
		out[key] = fmt.Sprint(n[0], " ", n[1])
	}
	return out
}

func compareTraffic(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s\n  counted and refused: %q, want %q", key, got[key], want[key])
		}
	}
	for key, n := range got {
		if want[key] == "" {
			t.Errorf("%s was counted %s", key, n)
		}
	}
}

func TestAllThatAnAppSendsIsCounted(t *testing.T) {
	eachLeg(t, func(t *testing.T, s *mysqltest.Server, leg func(*mysql.Config)) {
		shop(t, s)
		s.User(t, "other", "ALL ON shop.*")
		g, counted := counting(t, s.Addr(), trafficPolicy)
		c := one(t, g.open(t, "app", "shop", leg))
		for i := range 3 {
			run(t, c, fmt.Sprintf("SELECT note FROM orders WHERE id = %d -- %d", i, i))
		}
		refused(t, c, 1142, "DROP TABLE orders")
		refused(t, c, 1175, "DELETE FROM orders")
		run(t, c, "UPDATE orders SET note = 'secret' WHERE id = 1")
		refused(t, c, 1104, "UPDATE orders SET note = 'secret' WHERE note <> 'x'")
		st, err := c.PrepareContext(t.Context(), "SELECT * FROM orders WHERE id = ?")
		if err != nil {
			t.Fatal(err)
		}
		execute := func() error { return st.QueryRowContext(t.Context(), 1).Scan(new(int), new(string)) }
		for range 2 {
			if err := execute(); err != nil {
				t.Fatal(err)
			}
		}
		run(t, c, "USE shop")
		other := one(t, g.open(t, "other", "shop", leg))
		run(t, other, "SELECT note FROM orders WHERE id = 7")
		compareTraffic(t, drained(t, counted), map[string]string{
			"app: USE `shop`":   "1 0", // the login
			"other: USE `shop`": "1 0",
			"app: USE shop":     "1 0",
			"app: SELECT note FROM orders WHERE id = 7":           "3 0",
			"other: SELECT note FROM orders WHERE id = 7":         "1 0",
			"app: DROP TABLE orders":                              "1 1",
			"app: DELETE FROM orders":                             "1 1",
			"app: UPDATE orders SET note = 'm' WHERE id = 1":      "1 0",
			"app: UPDATE orders SET note = 'm' WHERE note <> 'm'": "1 1",
			"app: SELECT * FROM orders WHERE id = ?":              "3 0", // prepared once, executed twice
		})
		g.swap(t, strings.Replace(trafficPolicy, "SELECT, INSERT", "INSERT", 1))
		if err := execute(); codeOf(err) != 1142 {
			t.Errorf("executed under the next policy: %v", err)
		}
		refused(t, c, 1142, "SELECT note FROM orders WHERE id = 7")
		compareTraffic(t, drained(t, counted), map[string]string{
			"app: SELECT * FROM orders WHERE id = ?":    "1 1",
			"app: SELECT note FROM orders WHERE id = 7": "1 1",
		})
		compareTraffic(t, drained(t, counted), nil)
	})
}

// However many sessions send it, over either driver, and whenever it is taken.
func TestNothingIsCountedTwiceOrLost(t *testing.T) {
	s := mysqltest.MySQL(t)
	shop(t, s)
	g, counted := counting(t, s.Addr(), trafficPolicy)
	const sessions, each = 8, 300
	var sum uint64
	gather := func() {
		records, _ := counted.Drain()
		for _, r := range records {
			if strings.HasPrefix(r.Example, "SELECT") {
				sum += r.Count
			}
		}
	}
	done := make(chan struct{})
	var draining, sending sync.WaitGroup
	draining.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				gather()
			}
		}
	})
	for i := range sessions {
		leg := []func(*mysql.Config){drivers["plain"], withTLS}[i%2]
		c := one(t, g.open(t, "app", "shop", leg))
		sending.Go(func() {
			for range each {
				if _, err := c.ExecContext(context.Background(), "SELECT 1 FROM orders"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	close(done)
	draining.Wait()
	gather()
	if sum != sessions*each {
		t.Errorf("%d statements were counted, %d were sent", sum, sessions*each)
	}
}

func TestAccountsBeyondBoundsAreCountedTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one event loop
	s := mysqltest.MySQL(t)
	shop(t, s)
	g, counted := counting(t, s.Addr(), strings.Replace(trafficPolicy, "[app, other]", `["*"]`, 1))
	const accounts = 20
	for i := range accounts {
		name := fmt.Sprintf("tenant%d", i)
		s.User(t, name, "ALL ON shop.*")
		run(t, one(t, g.open(t, name, "")), "SELECT 1 FROM shop.orders")
	}
	got := drained(t, counted)
	if n := got["*: SELECT 7 FROM shop.orders"]; n != "4 0" || len(got) != 17 {
		t.Errorf("%q counted together; all: %v", n, got)
	}
}
