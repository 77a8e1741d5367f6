package proxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/policy"
	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// script is the incident's: development's way to begin anew.
var script = []string{
	"DROP DATABASE shop",
	"CREATE DATABASE shop",
	"CREATE TABLE shop.deals (id INT PRIMARY KEY)",
	"INSERT INTO shop.deals VALUES (1)",
}

// The script may run where development is meant on all three sides: the app's,
// the proxy's, the data's. Where one of them is wrong, the others keep it out.
func TestTheIncidentOnThreeSides(t *testing.T) {
	sides := []string{"development", "production"}
	for _, app := range sides {
		for _, fronts := range sides {
			for _, data := range sides {
				t.Run(fmt.Sprintf("app of %s, proxy of %s, data of %s", app, fronts, data), func(t *testing.T) {
					mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
						incident(t, s, app, fronts, data)
					})
				})
			}
		}
	}
}

// incident runs the script in every way that a client has.
func incident(t *testing.T, s *mysqltest.Server, app, fronts, data string) {
	t.Helper()
	untagged(t, s)
	tag(t, s, data)
	s.User(t, "ops")
	text := fmt.Sprintf("app: shop\naccounts: [app]\nenvironments: [%s]\ngrants: [ALL ON shop.*]\n", app)
	g := start(t, s.Addr(), everything, of(fronts, proxy.TagOptional, newClock(time.Now())), controlled, func(o *proxy.Options) {
		o.Policies = policy.NewLive(compileFor(t, fronts, text), time.Now())
	})
	want := 1045
	switch strings.Join([]string{app, fronts, data}, " ") {
	case "development development development":
		want = 0
	case "production production production": // all agree, and a rule is in the way
		want = 1044
	}
	for name, run := range map[string]func(*testing.T, *guard) int{
		"text": asText, "prepared": asPrepared, "multi-statement": asOneText, "changed account": asAnotherAccount,
	} {
		s.Exec(t, "DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop", script[2], "INSERT INTO shop.deals VALUES (7)")
		code := run(t, g)
		var kept int
		if err := s.Admin().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM shop.deals WHERE id = 7").Scan(&kept); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if code != want || (kept == 0) != (want == 0) {
			t.Errorf("%s: error %d, want %d; %d rows are left", name, code, want, kept)
		}
	}
}

func asText(t *testing.T, g *guard) (code int) {
	pool := g.open(t, "app", "")
	defer pool.Close()
	for _, text := range script {
		if _, err := pool.ExecContext(t.Context(), text); err != nil {
			return codeOf(err)
		}
	}
	return 0
}

func asPrepared(t *testing.T, g *guard) (code int) {
	pool := g.open(t, "app", "")
	defer pool.Close()
	for _, text := range script {
		statement, err := pool.PrepareContext(t.Context(), text)
		if err != nil {
			return codeOf(err)
		}
		defer statement.Close()
		if _, err := statement.ExecContext(t.Context()); err != nil {
			return codeOf(err)
		}
	}
	return 0
}

func asOneText(t *testing.T, g *guard) (code int) {
	pool := g.open(t, "app", "", func(c *mysql.Config) { c.MultiStatements = true })
	defer pool.Close()
	_, err := pool.ExecContext(t.Context(), strings.Join(script, "; "))
	return codeOf(err)
}

// asAnotherAccount logs in as an account that belongs to both environments, and
// becomes the app's.
func asAnotherAccount(t *testing.T, g *guard) (code int) {
	c := dialRaw(t, g.addr)
	defer c.conn.Close()
	c.read(t)
	c.send(t, 1, wire.HandshakeResponse{Capabilities: oldest, Collation: 45, User: "ops", AuthPlugin: "asks_for_a_switch"}.Append(nil)...)
	e := c.authenticate(t)
	if e == nil {
		e = c.changeUser(t, "app", "")
	}
	for _, text := range script {
		if e == nil {
			e = c.query(t, text)
		}
	}
	if e != nil {
		return int(e.Code)
	}
	return 0
}

// compileFor makes the policies of a test for an environment.
func compileFor(t testing.TB, environment, text string) *policy.Set {
	t.Helper()
	p, err := policy.Parse([]policy.Source{
		{File: "app.yaml", Text: []byte(text)},
		{File: "ops.yaml", Text: []byte("app: ops\naccounts: [ops]\nenvironments: [development, production]\n")},
		{File: "everyone.yaml", Text: []byte("deny:\n  - {id: no-drop, rule: \"DROP TABLE, DROP DATABASE ON *.*\", environments: [production]}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile(environment)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
