package incident

import (
	"context"
	"fmt"
	"strings"
)

// elsewhere is an account whose app belongs to staging alone, in the policies of the demo.
const elsewhere = "expenses"

// WrongSides shows who is kept out of production by what is known of the client: its app, and what it says itself. The
// third side, the data's own, is WrongTarget's.
func (s *Story) WrongSides(ctx context.Context) error {
	census, err := s.Company.Census(ctx)
	if err != nil {
		return err
	}
	declaring := s.app()
	declaring.Declares = "development"
	s.title("Production is production on three sides")
	for _, side := range []struct {
		name string
		as   Account
	}{
		{"An application of staging connects to production:", Account{User: elsewhere, Password: "any"}},
		{"One of production does, from a machine whose configuration says development:", declaring},
	} {
		s.say("%s", side.name)
		s.statement(drop)
		refused, err := refusal(s.send(ctx, s.Proxy, side.as, drop))
		if err != nil {
			return fmt.Errorf("%s %w", side.name, err)
		}
		if !strings.Contains(refused, "guardrail: ") {
			return fmt.Errorf("%s not Guardrail refused it: %s", side.name, refused)
		}
		s.answer("%s", refused)
		if err := s.unchanged(ctx, census); err != nil {
			return err
		}
	}
	return nil
}
