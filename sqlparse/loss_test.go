package sqlparse_test

import (
	"testing"

	"guardrail/sqlparse"
)

// TestLosses tells what takes something away from what does not.
func TestLosses(t *testing.T) {
	both, mariadb := []sqlparse.Mode{mysql97, mariadb10}, []sqlparse.Mode{mariadb10}
	for _, row := range []struct {
		sql   string
		loss  bool
		modes []sqlparse.Mode
	}{
		{"ALTER TABLE t ENGINE = BLACKHOLE", true, both},
		{"ALTER TABLE t COMMENT = 'x' ENGINE 'blackhole'", true, both},
		{"ALTER TABLE t ENGINE `BLACKHOLE`", true, both},
		{"ALTER TABLE t ENGINE = MEMORY", true, both},
		{"ALTER TABLE t ADD a INT, ENGINE = SPHINX", true, both},
		{"ALTER TABLE t PARTITION BY HASH (a) (PARTITION p ENGINE = BLACKHOLE)", true, both},
		{"ALTER TABLE t ENGINE = InnoDB", false, both},
		{"ALTER TABLE t ENGINE MyISAM", false, both},
		{"ALTER TABLE t ENGINE = 'Aria' TRANSACTIONAL = 1", false, both},
		{"ALTER TABLE t ADD engine VARCHAR(9)", false, both},
		{"ALTER TABLE t ADD KEY (engine)", false, both},
		{"ALTER TABLE t FORCE", false, both},
		{"ALTER TABLE IF EXISTS t ENGINE = BLACKHOLE", true, mariadb},
		{"ALTER TABLE IF EXISTS t ENGINE = InnoDB", false, mariadb},
		{"ALTER IGNORE TABLE t ADD UNIQUE (a)", true, mariadb},
		{"ALTER ONLINE IGNORE TABLE t ADD UNIQUE (a)", true, mariadb},
		{"SET STATEMENT max_statement_time = 9 FOR ALTER IGNORE TABLE t ADD UNIQUE (a)", true, mariadb},
		{"ALTER TABLE t ADD UNIQUE (a)", false, both},
		{"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", true, both},
		{"ALTER TABLE t CONVERT PARTITION p TO TABLE u", true, mariadb},
		{"ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (7)", true, mariadb},
		{"ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", false, both},
		{"CREATE VIEW v AS SELECT 1", false, both},
		{"CREATE OR REPLACE VIEW v AS SELECT 1", true, both},
		{"CREATE OR REPLACE ALGORITHM = MERGE VIEW v AS SELECT 1", true, both},
		{"ALTER VIEW v AS SELECT 1", true, both},
		{"CREATE INDEX i ON t (a)", false, both},
		{"CREATE OR REPLACE INDEX i ON t (a)", true, mariadb},
		{"CREATE OR REPLACE UNIQUE INDEX i ON t (a)", true, mariadb},
		{"ALTER EVENT e DO DELETE FROM t WHERE a = 5", true, both},
		{"ALTER EVENT e DO SELECT 1", true, both},
		{"ALTER EVENT e DISABLE", false, both},
		{"LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE t", true, both},
		{"LOAD DATA LOCAL INFILE 'f' IGNORE INTO TABLE t", false, both},
		{"LOAD XML LOCAL INFILE 'f' REPLACE INTO TABLE t", true, both},
		{"LOAD XML LOCAL INFILE 'f' INTO TABLE t", false, both},
		{"REPLACE INTO t VALUES (1)", true, both},
		{"REPLACE t SET a = 1", true, both},
		{"REPLACE INTO t SELECT * FROM u", true, both},
		{"REPLACE INTO t VALUES (1) RETURNING a", true, mariadb},
		{"EXPLAIN REPLACE INTO t VALUES (1)", false, both},
		{"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2", false, both},
		{"UPDATE t SET a = 2", false, both},
	} {
		for _, m := range row.modes {
			if st := readOne(t, row.sql, m); st.Kind == sqlparse.Unknown || st.Destructive != row.loss {
				t.Errorf("%s: %s: destructive %v (%s), want %v", m.Server, row.sql, st.Destructive, st.Reason, row.loss)
			}
		}
	}
}
