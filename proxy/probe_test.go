package proxy_test

import (
	"testing"

	"guardrail/proxy/mysqltest"
)

// MySQL's client asks this after each login, and goes by the server's error: it is
// the server's own here, and nothing is on record. What goes on behind it is not read.
func TestTheClientsProbeForDollarQuotes(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		shop(t, s)
		g := start(t, s.Addr(), shopPolicy)
		c := one(t, g.open(t, "app", "shop", multi))
		_, want := s.Admin().ExecContext(t.Context(), "select $$")
		refused(t, c, codeOf(want), "select $$")
		if events := g.record.all(); len(events) != 0 {
			t.Errorf("recorded %+v", events)
		}
		if s.Flavour() == "mysql" {
			refused(t, c, 1235, "select $$; DROP TABLE orders")
		}
	})
}
