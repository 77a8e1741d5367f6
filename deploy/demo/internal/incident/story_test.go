package incident_test

import (
	"database/sql"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/deploy/demo/internal/company"
	"guardrail/deploy/demo/internal/embedded"
	"guardrail/deploy/demo/internal/incident"
)

// stage is a story on an embedded server, without Guardrail: the proxy's address is the server's own.
func stage(t *testing.T) (*incident.Story, *strings.Builder) {
	t.Helper()
	s, err := embedded.Start("secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = "root", "secret", "tcp", s.Addr()
	admin, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	demo := company.New(admin)
	if err := demo.Found(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := new(strings.Builder)
	return &incident.Story{
		Company: demo,
		Server:  s.Addr(),
		Proxy:   s.Addr(),
		Root:    incident.Account{User: "root", Password: "secret"},
		Out:     out,
	}, out
}

func TestEveryAttemptWouldDestroyTheDatabase(t *testing.T) {
	story, _ := stage(t)
	harmless, err := story.Straight(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, name := range harmless {
		t.Errorf("%s: the database stands", name)
	}
}

func TestWithoutGuardrailTheRowsGoAndComeBack(t *testing.T) {
	story, out := stage(t)
	before, err := story.Company.Census(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := story.WithoutGuardrail(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := story.Company.Census(t.Context())
	if err != nil || after != before {
		t.Errorf("afterwards %v, %v; want %v", after, err, before)
	}
	if !strings.Contains(out.String(), "All 264 rows are gone") {
		t.Errorf("it does not say what was lost:\n%s", out)
	}
}

func TestTheDemoFailsWhenNothingGuards(t *testing.T) {
	story, out := stage(t)
	err := story.WithGuardrail(t.Context())
	if err == nil || !strings.Contains(err.Error(), "it was not refused") {
		t.Errorf("%v, want that it was not refused", err)
	}
	if strings.Contains(out.String(), "Every row is still there") {
		t.Errorf("it claims success:\n%s", out)
	}
}

// Without Guardrail the server itself turns away an account it does not know, which would prove nothing.
func TestTheWrongSidesNeedGuardrail(t *testing.T) {
	story, out := stage(t)
	if err := story.WrongSides(t.Context()); err == nil || strings.Contains(out.String(), "ERROR") {
		t.Errorf("%v, want that it was not Guardrail\n%s", err, out)
	}
}

func TestTheDemoFailsWhenTheProxyIsNotThere(t *testing.T) {
	story, _ := stage(t)
	story.Proxy = "127.0.0.1:1"
	var refused *net.OpError
	if err := story.WithGuardrail(t.Context()); !errors.As(err, &refused) {
		t.Errorf("%v, want a network error", err)
	}
}

func TestLinesFitATerminal(t *testing.T) {
	story, out := stage(t)
	if err := story.WithoutGuardrail(t.Context()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 100 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}
