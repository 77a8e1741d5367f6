package sqlparse_test

import (
	"slices"
	"strings"
	"testing"

	"guardrail/sqlparse"
)

func TestRows(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for _, row := range []struct {
		sql    string
		pinned string
		limit  sqlparse.Limit
	}{
		{"DELETE FROM t WHERE id = 1", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE 1 = id", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = ?", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE t.ID = @v", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = (-5)", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = UNHEX('ab')", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE b = 2 AND a = 'x' AND c > 5", "a b", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id IN (2, 3)", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE (a, b) IN ((2, 3), (4, 5))", "a b", sqlparse.LimitNone},
		{"DELETE FROM t WHERE (a, b) = (2, 3)", "a b", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = 2 OR id = 3", "id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = 2 OR name = 'x'", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE (id = 2 OR id = 3) AND b = 2", "b id", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = id", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = other", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = RAND() * 10", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = f(1)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = (SELECT 1)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id = (@v := @v + 1)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id IN (2, other)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id IN (SELECT 1)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id NOT IN (2)", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id <=> NULL", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE NOT id = 2", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id + 1 = 2", "", sqlparse.LimitNone},
		{"DELETE FROM t WHERE id > 2", "", sqlparse.LimitNone},
		{"DELETE FROM t", "", sqlparse.LimitNone},
		{"DELETE t FROM t JOIN u WHERE t.id = 5", "", sqlparse.LimitNone},
		{"DELETE FROM t LIMIT 100", "", sqlparse.LimitSmall},
		{"DELETE FROM t WHERE id = 5 ORDER BY id LIMIT ?", "id", sqlparse.LimitParameter},
		{"DELETE FROM t LIMIT 1000000", "", sqlparse.LimitLarge},
		{"DELETE FROM t LIMIT 18446744073709551615", "", sqlparse.LimitLarge},
		{"UPDATE t SET id = 5", "", sqlparse.LimitNone},
		{"UPDATE t SET a = 5 WHERE id = 5 LIMIT 1", "id", sqlparse.LimitSmall},
		{"UPDATE t, u SET t.a = 5 WHERE t.id = 5", "", sqlparse.LimitNone},
		{"UPDATE t SET a = (SELECT 1 LIMIT 1)", "", sqlparse.LimitNone},
		{"EXPLAIN DELETE FROM t WHERE id = 5 LIMIT 5", "id", sqlparse.LimitSmall},
		{"SELECT 1 FROM t WHERE id = 5 LIMIT 5", "", sqlparse.LimitNone},
	} {
		for _, m := range []sqlparse.Mode{mysql97, mariadb10} {
			st := reader.Read([]byte(row.sql), m).Statements[0]
			if got := strings.Join(st.Pinned, " "); got != row.pinned || st.Limit != row.limit {
				t.Errorf("%s: %s: pinned %q, limit %v, want %q, %v", m.Server, row.sql, got, st.Limit, row.pinned, row.limit)
			}
		}
	}
}

// TestPinsOpen tells what may be a date, or is bound later.
func TestPinsOpen(t *testing.T) {
	many := strings.Repeat("1, ", 40)
	for where, want := range map[string]bool{
		"a = 5": false, "a = 'x'": false, "a = @v": false, "a IN (" + many + "1)": false, "a = YEAR('2020-01-01')": false, "a = HEX(?)": false,
		"a = ?": true, "a = DATE '2020-01-01'": true, "a IN (" + many + "?)": true, "a IN (" + strings.Repeat("?, ", 40) + "5)": true,
		"a = CAST('x' AS DATE)": true, "a = 5 AND b = ?": true, "a = 5 AND b > ?": false, "(a, b) IN ((1, 2), (3, ?))": true,
	} {
		for _, m := range []sqlparse.Mode{mysql97, mariadb10} {
			if st := readOne(t, "DELETE FROM t WHERE "+where, m); st.PinsOpen != want || len(st.Pinned) == 0 {
				t.Errorf("%s: %s: %v, %v", m.Server, where, st.PinsOpen, st.Pinned)
			}
		}
	}
}

// TestRowsByBones reads what the parser's grammar lacks.
func TestRowsByBones(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	for _, row := range []struct {
		sql    string
		pinned string
		limit  sqlparse.Limit
	}{
		{"DELETE FROM t WHERE id = 5 LIMIT 5 RETURNING id", "id", sqlparse.LimitSmall},
		{"DELETE FROM t WHERE id = 5 LIMIT ? RETURNING id", "id", sqlparse.LimitParameter},
		{"DELETE FROM t LIMIT 5 RETURNING id", "", sqlparse.LimitSmall},
		{"DELETE FROM t WHERE id = 5 LIMIT 1000000 RETURNING id", "id", sqlparse.LimitLarge},
		{"DELETE FROM t WHERE id IN (SELECT id FROM u LIMIT 5) RETURNING id", "", sqlparse.LimitNone},
		{"DELETE FROM t RETURNING id", "", sqlparse.LimitNone},
	} {
		st := reader.Read([]byte(row.sql), mariadb10).Statements[0]
		if got := strings.Join(st.Pinned, " "); st.Kind != "delete" || got != row.pinned || st.Limit != row.limit {
			t.Errorf("%s: %s, pinned %q, limit %v, want %q, %v", row.sql, st.Kind, got, st.Limit, row.pinned, row.limit)
		}
	}
}

func TestSets(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	both := []sqlparse.Mode{mysql97, mariadb10}
	for _, row := range []struct {
		sql   string
		want  string
		modes []sqlparse.Mode
	}{
		{"SET max_execution_time = 0", "max_execution_time", both},
		{"SET SESSION Max_Execution_Time = 0, sql_safe_updates = DEFAULT", "max_execution_time sql_safe_updates", both},
		{"SET LOCAL a = 1", "a", both},
		{"SET @@a = 1", "a", both},
		{"SET @@session.a = 1", "a", both},
		{"SET @@local.`a` := 1", "a", both},
		{"SET @a = 1", "", both},
		{"SET GLOBAL a = 1, b = 2", "", both},
		{"SET GLOBAL a = 1, SESSION b = 2", "b", both},
		{"SET sql_log_bin = 0", "sql_log_bin", both},
		{"SET SESSION TRANSACTION READ WRITE", "transaction_read_only", both},
		{"SET TRANSACTION READ ONLY", "transaction_read_only", both},
		{"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "transaction_isolation", both},
		{"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", "transaction_isolation transaction_read_only", both},
		{"SET STATEMENT max_statement_time = 0 FOR SELECT 1", "max_statement_time", both[1:]},
		{"SET STATEMENT max_statement_time = 0 FOR DELETE FROM t RETURNING 1", "max_statement_time", both[1:]},
		{"SELECT /*+ SET_VAR(sql_safe_updates = 0) */ 1", "sql_safe_updates", both[:1]},
		{"DELETE /*+ no_icp(t) set_var ( SQL_SAFE_UPDATES=0) SET_VAR(b=1) */ FROM t", "sql_safe_updates b", both[:1]},
		{"SELECT /*+ SET_VAR(`a`=0) */ 1", "*", both[:1]},
		{"SELECT 1 FROM (SELECT /*+ MAX_EXECUTION_TIME(0) */ 1) t", "max_execution_time", both[:1]},
		{"SELECT /*+ SET_VAR(sql_safe_updates = 0) */ 1", "", both[1:]},
		{"SELECT 1 /*+ SET_VAR(sql_safe_updates = 0) */", "", both},
	} {
		for _, m := range row.modes {
			st := reader.Read([]byte(row.sql), m).Statements[0]
			if got := strings.Join(st.Sets, " "); st.Kind == sqlparse.Unknown || got != row.want {
				t.Errorf("%s: %s: %q, want %q (%s)", m.Server, row.sql, got, row.want, st.Reason)
			}
		}
	}
}

// TestHintsBelongToTheirStatement holds that a hint counts for its own
// statement, and that the shape tells it.
func TestHintsBelongToTheirStatement(t *testing.T) {
	reader := sqlparse.NewReader(sqlparse.Options{})
	got := reader.Read([]byte("SELECT 1; SELECT /*+ SET_VAR(a=1) */ 1; SELECT 2"), mysql97).Statements
	if len(got) != 3 || got[0].Sets != nil || !slices.Equal(got[1].Sets, []string{"a"}) || got[2].Sets != nil {
		t.Errorf("%+v", got)
	}
	shapes := map[string]string{}
	for _, text := range []string{"SELECT 1", "SELECT /*+ SET_VAR(a=1) */ 1", "SELECT /*+ SET_VAR(b=1) */ 1", "SELECT /*+ MAX_EXECUTION_TIME(1) */ 1"} {
		shape := string(sqlparse.Lex([]byte(text), mysql97, &sqlparse.Tokens{}).Shape)
		if other, twice := shapes[shape]; twice {
			t.Errorf("one shape: %s and %s", other, text)
		}
		shapes[shape] = text
	}
	if _, same := shapes[string(sqlparse.Lex([]byte("SELECT /*+ NO_ICP(t) */ 1"), mysql97, &sqlparse.Tokens{}).Shape)]; !same {
		t.Error("a hint that sets nothing has a shape of its own")
	}
}
