// Package incident replays the story: a development script that drops the production database, first without
// Guardrail, then with it. Every step is done by a real driver on a real connection, and after every attempt each row of
// the database is read again, straight from the server.
package incident

import (
	"context"
	"errors"
	"fmt"
	"io"

	"guardrail/deploy/demo/internal/company"
)

// Account is a user of the server with its password.
type Account struct {
	User, Password string
	Declares       string // the environment that its client says it belongs to; empty for none
}

// Story is one replay. All fields are required.
type Story struct {
	Company *company.Company
	Server  string  // host:port of the database server
	Proxy   string  // host:port of Guardrail in front of it
	Root    Account // an account that may do everything on the server, and that no policy names
	Out     io.Writer
}

// errLost says that something got through: the demo has failed.
var errLost = errors.New("the database is not what it was")

// WithoutGuardrail lets the script reach the server itself, shows what is left, and makes the database again.
func (s *Story) WithoutGuardrail(ctx context.Context) error {
	s.title("Without Guardrail")
	before, err := s.Company.Census(ctx)
	if err != nil {
		return err
	}
	s.say("The production database %s holds %d rows (%v).", company.Database, before.Rows(), before)
	s.say("A development script, applied to the wrong target, is run by cron. Straight to the server:")
	s.statement(drop)
	if err := attacks[0].run(ctx, s, s.Server); err != nil {
		return fmt.Errorf("the server refused by itself, there is no incident to replay: %w", err)
	}
	if _, err := s.Company.Census(ctx); !company.Gone(err) {
		return fmt.Errorf("the script has run, and yet the database answers: %w", err)
	}
	s.answer("Query OK. All %d rows are gone.", before.Rows())
	s.say("(The demo makes the database again. The company restored it from backups, for hours.)")
	return s.Company.Refill(ctx)
}

// Straight sends every attempt of the story to the server itself, and returns those that left the database standing: a
// refusal of one of these would prove nothing.
func (s *Story) Straight(ctx context.Context) (harmless []string, err error) {
	for _, a := range attacks {
		if err := a.run(ctx, s, s.Server); err != nil {
			return harmless, fmt.Errorf("%s: %w", a.name, err)
		}
		if _, err := s.Company.Census(ctx); !company.Gone(err) {
			harmless = append(harmless, a.name)
		}
		if err := s.Company.Refill(ctx); err != nil {
			return harmless, err
		}
	}
	return harmless, nil
}

// WithGuardrail replays the rest of the story through the proxy. It returns an error unless the application worked,
// every attempt was refused, and every row is still there.
func (s *Story) WithGuardrail(ctx context.Context) error {
	s.title("With Guardrail, the application works as before")
	if err := s.work(ctx); err != nil {
		return err
	}
	census, err := s.Company.Census(ctx)
	if err != nil {
		return err
	}
	s.title("Cron runs the script again, now through Guardrail")
	s.say("It has the application's account, which the server would let drop the database.")
	for _, a := range attacks {
		if err := s.attempt(ctx, a, census); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	s.title("In the middle of the application's own transaction")
	if err := s.insideTransaction(ctx, census); err != nil {
		return err
	}
	s.title("Afterwards")
	s.say("Every row is still there: %v.", census)
	return nil
}

// WrongTarget shows a proxy of another environment that is pointed at this server: it lets nobody in.
func (s *Story) WrongTarget(ctx context.Context, proxy string) error {
	census, err := s.Company.Census(ctx)
	if err != nil {
		return err
	}
	s.title("A proxy of staging is pointed at production")
	s.say("The data itself says that it is production (guardrail tag). The script, through the proxy of staging:")
	s.statement(drop)
	refused, err := refusal(attacks[0].run(ctx, s, proxy))
	if err != nil {
		return err
	}
	s.answer("%s", refused)
	return s.unchanged(ctx, census)
}

// attempt makes one attack through the proxy and compares the database with the census taken before.
func (s *Story) attempt(ctx context.Context, a attack, before company.Census) error {
	s.say("%s:", a.name)
	s.statement(a.text)
	refused, err := refusal(a.run(ctx, s, s.Proxy))
	if err != nil {
		return err
	}
	s.answer("%s", refused)
	return s.unchanged(ctx, before)
}

// unchanged reads every row again.
func (s *Story) unchanged(ctx context.Context, before company.Census) error {
	after, err := s.Company.Census(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	if after != before {
		return fmt.Errorf("%w: %v, was %v", errLost, after, before)
	}
	return nil
}
