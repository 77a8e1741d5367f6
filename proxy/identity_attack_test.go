package proxy_test

import (
	"strings"
	"testing"
	"time"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
)

// unguarded is an app that may do everything, on the server too.
var unguarded = strings.Replace(everything, "grants: [", "grants: ['UNPARSED ON *.*', 'GRANT OPTION ON *.*', ", 1)

// ways are texts that would change the environment tag, or put something in its
// place, were they forwarded. ^ stands for the name guardrail.
var ways = []string{
	"UPDATE ^.environment SET environment = 'development'",
	"UPDATE `^`.`environment` SET environment = 'development'",
	"UPDATE/**/^ . environment SET environment = 'development'",
	"/*!50000 UPDATE ^.environment SET environment = 'development' */",
	"USE ^; UPDATE environment SET environment = 'development'",
	"WITH c AS (SELECT 1) UPDATE ^.environment SET environment = 'development'",
	"UPDATE shop.t, ^.environment SET environment = 'development'",
	"UPDATE shop.t x JOIN (^.environment y) SET y.environment = 'development'",
	"DELETE e FROM shop.t, ^.environment e",
	"DELETE ^.environment FROM ^.environment",
	"INSERT INTO ^.environment SELECT 1, 'development', '', '', NOW(), '' ON DUPLICATE KEY UPDATE environment = 'development'",
	"REPLACE INTO ^.environment VALUES (1, 'development', '', '', NOW(), '')",
	"TRUNCATE ^.environment",
	"DROP TABLE shop.missing, ^.environment",
	"DROP TABLE IF EXISTS shop.missing, ^.environment",
	"DROP DATABASE ^",
	"DROP SCHEMA IF EXISTS `^`",
	"RENAME TABLE ^.environment TO shop.gone",
	"RENAME TABLE shop.t TO shop.u, ^.environment TO shop.gone, shop.u TO shop.t",
	"ALTER TABLE ^.environment RENAME TO shop.gone",
	"ALTER TABLE ^.environment RENAME COLUMN environment TO was",
	"ALTER TABLE shop.parted EXCHANGE PARTITION p0 WITH TABLE ^.environment",
	"CREATE OR REPLACE TABLE ^.environment (environment VARCHAR(64))",
	"CREATE OR REPLACE VIEW shop.w AS SELECT * FROM ^.environment; UPDATE shop.w SET environment = 'development'",
	"ALTER VIEW shop.v AS SELECT * FROM ^.environment; UPDATE shop.v SET environment = 'development'",
	"CREATE VIEW shop.x AS SELECT e.* FROM (SELECT 1) a JOIN ^.environment e; UPDATE shop.x SET environment = 'development'",
	"CREATE TRIGGER shop.tr BEFORE INSERT ON shop.t FOR EACH ROW UPDATE ^.environment SET environment = 'development'; INSERT INTO shop.t VALUES (9)",
	"CREATE PROCEDURE shop.p() UPDATE ^.environment SET environment = 'development'; CALL shop.p()",
	"CREATE FUNCTION shop.f() RETURNS INT DETERMINISTIC BEGIN UPDATE ^.environment SET environment = 'development'; RETURN 1; END",
	"CREATE EVENT shop.e ON SCHEDULE AT NOW() DO UPDATE ^.environment SET environment = 'development'",
	"PREPARE s FROM 'UPDATE ^.environment SET environment = ''development'''; EXECUTE s",
	"SET @q = 'UPDATE ^.environment SET environment = ''development'''; PREPARE s FROM @q; EXECUTE s",
	"EXECUTE IMMEDIATE 'UPDATE ^.environment SET environment = ''development'''",
	"EXECUTE IMMEDIATE CONCAT('UPDATE ^.environment', ' SET environment = ''development''')",
	"BEGIN NOT ATOMIC UPDATE ^.environment SET environment = 'development'; END",
	"SET STATEMENT max_statement_time = 1 FOR UPDATE ^.environment SET environment = 'development'",
	"LOAD DATA INFILE '/nonexistent' REPLACE INTO TABLE ^.environment",
	"LOAD XML INFILE '/nonexistent' INTO TABLE ^.environment",
	"CREATE TEMPORARY TABLE ^.environment (environment VARCHAR(64)) SELECT 'development' AS environment",
	"CREATE TEMPORARY TABLE ^.environment LIKE shop.t",
	"CALL sys.execute_prepared_stmt('UPDATE ^.environment SET environment = ''development''')",
	"ALTER TABLE ^.environment DISCARD TABLESPACE",
	"ALTER TABLE ^.environment ENGINE = BLACKHOLE",
	"CREATE FUNCTION ^.environment() RETURNS INT DETERMINISTIC RETURN 1",
	"CREATE PROCEDURE ^.p() UPDATE environment SET environment = 'development'; CALL ^.p()",
	"SET GLOBAL init_connect = 'UPDATE ^.environment SET environment = ''development'''",
	"SET GLOBAL max_connections = 100, init_connect = 'USE ^; UPDATE environment SET environment = ''development'''",
	"EXPLAIN ANALYZE UPDATE ^.environment SET environment = 'development'",
	"ANALYZE UPDATE ^.environment SET environment = 'development'",
}

// Whatever an app may do, the tag stays. The account has all privileges, so
// that nobody but the proxy is in the way.
func TestNoAppChangesTheTagOfAServer(t *testing.T) {
	names := []string{"guardrail", "GuardRail"}
	t.Run("by its name", func(t *testing.T) {
		mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) { attackTag(t, s, names[:1]) })
	})
	// On such a server i with a dot is an i, in any character set that has it.
	t.Run("lower_case_table_names=1", func(t *testing.T) {
		names := append(names, "GUARDRA\u0130L")
		mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) { attackTag(t, s, names) }, mysqltest.LowerCaseTableNames("1"))
	})
}

func attackTag(t *testing.T, s *mysqltest.Server, names []string) {
	t.Helper()
	untagged(t, s)
	tag(t, s, "production")
	s.Exec(t, "CREATE TABLE shop.t (id INT)", "CREATE VIEW shop.v AS SELECT 1 AS one", "INSERT INTO shop.t VALUES (1)",
		"CREATE TABLE shop.parted (id TINYINT NOT NULL PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))")
	g := start(t, s.Addr(), unguarded, of("production", proxy.TagRequired, newClock(time.Now())), controlled)
	for _, name := range names {
		for _, way := range ways {
			c := one(t, g.open(t, "root", "shop", multi))
			text := strings.ReplaceAll(way, "^", name)
			rows, err := c.QueryContext(t.Context(), text)
			if err == nil {
				for rows.NextResultSet() {
				}
				err = rows.Err()
				rows.Close()
			}
			var now string
			if err := s.Admin().QueryRowContext(t.Context(), "SELECT environment FROM guardrail.environment").Scan(&now); err != nil || now != "production" {
				t.Errorf("%s\n the tag is now %q, %v", text, now, err)
				untagged(t, s)
				tag(t, s, "production")
			}
			if err == nil || !strings.Contains(err.Error(), "guardrail: ") {
				t.Errorf("%s\n was forwarded: %v", text, err)
			}
			c.Close()
		}
	}
}

// The same, in sessions that read or compare in another way, and as prepared statements.
func TestNoSessionChangesTheTagOfAServer(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		untagged(t, s)
		tag(t, s, "production")
		g := start(t, s.Addr(), unguarded, of("production", proxy.TagRequired, newClock(time.Now())), controlled)
		for _, session := range []struct{ setup, text string }{
			{"SET sql_mode = 'ANSI_QUOTES'", `UPDATE "guardrail"."environment" SET environment = 'development'`},
			{"SET NAMES latin5", "UPDATE GUARDRA\xddL.environment SET environment = 'development'"},
			{"SET NAMES latin5", "FROBNICATE GUARDRA\xddL.environment"},
			{"SET NAMES gb18030", "UPDATE GUARDRA\x81\x30\x90\x32L.environment SET environment = 'development'"},
			{"SET NAMES gbk", "UPDATE shop.t SET a = '\xbf\\' WHERE 1; UPDATE guardrail.environment SET environment = 'development' -- '"},
			{"SET NAMES sjis", "UPDATE guardrail.environment SET environment = '\x95\\'"},
			{"USE guardrail", "UPDATE environment SET environment = 'development'"},
			{"USE guardrail", "UPDATE `environment` SET environment = ?"},
			{"USE guardrail", "DROP TABLE environment"},
			{"DO 1", "UPDATE guardrail.environment SET environment = ?"},
			{"DO 1", "DELETE FROM guardrail.environment WHERE environment <> ?"},
		} {
			c := one(t, g.open(t, "root", "", multi))
			if _, err := c.ExecContext(t.Context(), session.setup); err != nil && !strings.Contains(err.Error(), "Unknown character set") {
				t.Fatalf("%s: %v", session.setup, err)
			} else if err != nil {
				continue // gb18030 is MySQL's
			}
			var parameters []any
			if strings.Contains(session.text, "?") {
				parameters = []any{"development"}
			}
			if _, err := c.ExecContext(t.Context(), session.text, parameters...); err == nil || !strings.Contains(err.Error(), "guardrail: ") {
				t.Errorf("%s; %q: %v", session.setup, session.text, err)
			}
		}
	}, mysqltest.LowerCaseTableNames("1"))
}
