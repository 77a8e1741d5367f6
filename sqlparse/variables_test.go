package sqlparse_test

import (
	"slices"
	"testing"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// unasked are session variables that ask for a privilege here and not on the
// server of this version: older ones do, or they ask for it when it matters.
var unasked = []string{
	"SET SESSION require_row_format = @@SESSION.require_row_format", // asks when it is turned off
	"SET SESSION default_table_encryption = @@SESSION.default_table_encryption",
	"SET SESSION skip_replication = @@SESSION.skip_replication",
	"SET SESSION pseudo_slave_mode = @@SESSION.pseudo_slave_mode",
}

// TestSessionVariables sets every variable of a session: where the server asks
// for a privilege, so must the reading.
func TestSessionVariables(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		o := newOracle(t, s)
		var texts []string
		rows, err := o.admin.QueryContext(t.Context(), "SHOW SESSION VARIABLES")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name, value string
			if err := rows.Scan(&name, &value); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, "SET SESSION "+name+" = @@SESSION."+name)
		}
		m := soupMode{sqlparse.Mode{Server: o.server, Charset: sqlparse.CharsetUTF8}, "", "utf8mb4"}
		for i, events := range o.gather(t, m, texts) {
			o.judge(t, m, texts[i], events)
			asks := len(o.reader.Read([]byte(texts[i]), m.mode).Statements[0].Needs) > 0
			if last := events[len(events)-1]; asks && last.errno == 0 && !slices.Contains(unasked, texts[i]) {
				t.Errorf("%s: a privilege is asked for, and not by the server", texts[i])
			}
		}
	}, recording()...)
}
