package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"guardrail/proxy/identity"
	"guardrail/proxy/mysqltest"
)

func TestMain(m *testing.M) { mysqltest.Main(m) }

func control(s *mysqltest.Server, user string) identity.Control {
	return identity.Control{Address: s.Addr(), User: user, Password: mysqltest.Password}
}

func TestATagIsWrittenReadAndWrittenAnew(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "guardrail") // is dropped at the end
		s.Exec(t, "DROP DATABASE guardrail")
		s.User(t, "control", "SELECT, INSERT, UPDATE, CREATE ON guardrail.*")
		c := control(s, "control")
		if _, _, err := c.Read(t.Context()); !errors.Is(err, identity.ErrUntagged) {
			t.Fatalf("before there is a tag: %v", err)
		}
		for _, environment := range []string{"production", "staging"} {
			want := identity.Tag{Environment: environment, Name: "main", Who: "alice@desk", Note: "it's \\ ours",
				When: time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)}
			was := map[string]string{"staging": "production"}[environment]
			for _, replaces := range []string{"staging", "development", ""} {
				if _, found, err := c.Write(t.Context(), want, replaces); replaces != was && (!errors.Is(err, identity.ErrOther) || found != was) {
					t.Errorf("%s in the place of %q: it was %q, %v", environment, replaces, found, err)
				}
			}
			if _, _, err := c.Write(t.Context(), want, was); err != nil {
				t.Fatal(err)
			}
			server, got, err := c.Read(t.Context())
			if err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
			if server.Version != s.Version() || !strings.HasSuffix(s.Addr(), ":"+server.Port) || server.ID == "" || server.Host == "" {
				t.Errorf("the server is %+v", server)
			}
		}
	})
}

func TestAnAccountThatMayNotIsTold(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "poor")
		if _, _, err := control(s, "poor").Read(t.Context()); !errors.Is(err, identity.ErrDenied) {
			t.Errorf("read: %v", err)
		}
		if _, _, err := control(s, "poor").Write(t.Context(), identity.Tag{Environment: "production"}, ""); !errors.Is(err, identity.ErrDenied) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestTwoServersAreTwo(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		var other *mysqltest.Server
		if s.Flavour() == "mysql" {
			other = mysqltest.MySQL(t, mysqltest.Own())
		} else {
			other = mysqltest.MariaDB(t, mysqltest.Own())
		}
		s.User(t, "control")
		other.User(t, "control")
		one, _, _ := control(s, "control").Read(t.Context())
		same, _, _ := control(s, "control").Read(t.Context())
		two, _, _ := control(other, "control").Read(t.Context())
		if !one.Known() || one != same || one == two {
			t.Errorf("%v, %v, %v", one, same, two)
		}
	})
}
