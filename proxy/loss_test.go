package proxy_test

import (
	"testing"

	"guardrail/proxy/mysqltest"
)

// TestLossesAreRecorded takes rows and definitions away without a DROP or a
// DELETE: each such statement is on record.
func TestLossesAreRecorded(t *testing.T) {
	const rows, twice, view = "SELECT COUNT(*) FROM l", "INSERT INTO l VALUES (1, 1), (1, 2)", "CREATE VIEW v AS SELECT 2 AS n"
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		for text, tc := range map[string]struct {
			ask    string // that says 2 while nothing is lost
			before []string
		}{
			"ALTER IGNORE TABLE l ADD UNIQUE (a)":             {rows, []string{"CREATE TABLE l (a INT, b INT)", twice}},
			"ALTER TABLE l ENGINE = BLACKHOLE":                {rows, []string{"CREATE TABLE l (a INT, b INT)", twice}},
			"REPLACE INTO l VALUES (1, 2)":                    {rows, []string{"CREATE TABLE l (a INT UNIQUE, b INT UNIQUE)", "INSERT INTO l VALUES (1, 1), (2, 2)"}},
			"ALTER TABLE l EXCHANGE PARTITION p WITH TABLE m": {rows, []string{"CREATE TABLE l (a INT, b INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (9))", "CREATE TABLE m (a INT, b INT)", twice}},
			"ALTER TABLE l CONVERT PARTITION p TO TABLE m":    {rows, []string{"CREATE TABLE l (a INT, b INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (9), PARTITION q VALUES LESS THAN (99))", twice}},
			"CREATE OR REPLACE VIEW v AS SELECT 1 AS n":       {"SELECT n FROM v", []string{view}},
			"ALTER VIEW v AS SELECT 1 AS n":                   {"SELECT n FROM v", []string{view}},
			"CREATE OR REPLACE INDEX i ON l (a)":              {"SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = 'shop' AND table_name = 'l'", []string{"CREATE TABLE l (a INT, b INT, KEY i (a, b))"}},
			"ALTER EVENT e DO SELECT 1":                       {"SELECT IF(event_definition = 'SELECT 1', 1, 2) FROM information_schema.events WHERE event_schema = 'shop'", []string{"CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 2"}},
		} {
			t.Run(text, func(t *testing.T) {
				s.Exec(t, "DROP DATABASE IF EXISTS shop")
				shop(t, s)
				g := start(t, s.Addr(), everything)
				c := one(t, g.open(t, "app", "shop", multi))
				for _, b := range tc.before {
					run(t, c, b)
				}
				_, err := c.ExecContext(t.Context(), text)
				switch got := value[string](t, c, tc.ask); {
				case got == "2" && err == nil:
					t.Error("nothing is lost")
				case got != "2" && len(g.record.all()) == 0:
					t.Error("nothing is on record")
				}
			})
		}
	})
}
