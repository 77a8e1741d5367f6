package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
	mysqldriver "github.com/go-sql-driver/mysql"

	"guardrail/proxy"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

func annotating(o *proxy.Options) { o.Backend.Annotate = true }

func TestStatementsCarryWhoSentThem(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app", "ALL ON *.*")
		s.Database(t, "shop")
		s.Exec(t, "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = ON")
		defer s.Exec(t, "SET GLOBAL general_log = OFF")
		g := start(t, s.Addr(), everything, annotating)
		c := one(t, g.open(t, "app", "shop", multi))
		const mark = " /*app='any',environment='production'*/"
		want := []string{}
		for _, x := range []struct{ sent, got string }{
			{"CREATE TABLE annotated (id INT)", "CREATE TABLE annotated (id INT)" + mark},
			{"SELECT 'annotated' ;\n", "SELECT 'annotated'" + mark},
			{"SELECT 'annotated', \"it's\"", "SELECT 'annotated', \"it's\"" + mark},
			{"SELECT 'annotated' -- last", "SELECT 'annotated'" + mark + " -- last"},
			{"SELECT 'annotated' # last", "SELECT 'annotated'" + mark + " # last"},
			{"SELECT 'annotated' /* last */", "SELECT 'annotated'" + mark + " /* last */"},
			{"SELECT 'annotated', 1 /* a * / */ -- b\n /*c*/ ;", "SELECT 'annotated', 1" + mark + " /* a * / */ -- b\n /*c*/"},
			{"SELECT 'annotated', 2 --", "SELECT 'annotated', 2" + mark + " --"},
			{"SELECT 'annotated', 3 - -1", "SELECT 'annotated', 3 - -1" + mark},
			{"INSERT INTO annotated VALUES (1),(2),(3),(4),(5),(6),(7),(8)", "INSERT INTO annotated VALUES (1),(2),(3),(4),(5),(6),(7),(8)" + mark},
			{"INSERT INTO annotated VALUES (1),(2),(3),(4),(5),(6),(7),(8) -- (9)", "INSERT INTO annotated VALUES (1),(2),(3),(4),(5),(6),(7),(8)" + mark + " -- (9)"},
			{"SELECT 'annotated' /*! , 2 */", "SELECT 'annotated' /*! , 2 */"},
			{"CREATE VIEW annotated_view AS SELECT 1", "CREATE VIEW annotated_view AS SELECT 1"},
		} {
			run(t, c, x.sent)
			want = append(want, x.got)
		}
		run(t, c, "DO 1; DO 'annotated' ; ")
		run(t, c, "DO 'annotated', 4; -- nothing")
		last, empty := "DO 'annotated'"+mark, "DO 'annotated', 4"
		if s.Flavour() == "mariadb" { // logs the whole text
			last, empty = "DO 1; "+last, empty+"; -- nothing"
		}
		want = append(want, last, empty)
		run(t, c, "DROP TABLE annotated")
		event := g.record.all()[0].ID
		want = append(want, "DROP TABLE annotated /*app='any',environment='production',event='"+event+"'*/")
		var got []string
		rows, err := s.Admin().QueryContext(t.Context(), "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type = 'Query' AND argument LIKE '%annotated%' AND argument NOT LIKE '%general_log%' ORDER BY event_time")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.TrimRight(text, " ;\n"))
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("the server did not get %q", w)
			}
		}
		if t.Failed() {
			t.Logf("it got %q", got)
		}
	})
}

func TestStatementsCarryQueryAttributes(t *testing.T) {
	s := mysqltest.MySQL(t, mysqltest.Own())
	s.Exec(t, "INSTALL COMPONENT 'file://component_query_attributes'")
	s.User(t, "app")
	g := start(t, s.Addr(), everything, annotating)
	c := login(t, g.addr, "app", mysql.CLIENT_QUERY_ATTRIBUTES)
	const ask = "SELECT CONCAT_WS(' ', mysql_query_attribute_string('mine'), mysql_query_attribute_string('guardrail.app'), mysql_query_attribute_string('guardrail.environment'))"
	for want, attributes := range map[string][]byte{
		"any production":    {0, 1},
		"7 any production":  append([]byte{1, 1, 0, 1, 0x08, 0, 4}, "mine\x07\x00\x00\x00\x00\x00\x00\x00"...),
		"is any production": append([]byte{2, 1, 2, 1, 0xfd, 0, 4}, "mine\xfd\x00\x04none\x02is"...),
	} {
		if got := c.text(t, string(attributes)+ask); got != want {
			t.Errorf("%v: %q, want %q", attributes, got, want)
		}
	}
	if _, err := wire.WithQueryAttributes([]byte{3}, [2]string{"a", "b"}); err == nil {
		t.Error("malformed attributes are added to")
	}
}

// Where a comment is asked for, it stands in the text, behind what a client's
// own attributes say, and is in the server's slow log.
func TestStatementsCarryACommentIntoTheSlowLog(t *testing.T) {
	s := mysqltest.MySQL(t, mysqltest.Own())
	s.Exec(t, "INSTALL COMPONENT 'file://component_query_attributes'", "SET GLOBAL log_output = 'TABLE'", "SET GLOBAL long_query_time = 0", "SET GLOBAL slow_query_log = ON")
	s.User(t, "app")
	g := start(t, s.Addr(), everything, annotating, func(o *proxy.Options) { o.Backend.AnnotateInText = true })
	c := login(t, g.addr, "app", mysql.CLIENT_QUERY_ATTRIBUTES)
	attributes := append([]byte{1, 1, 0, 1, 0x08, 0, 4}, "mine\x07\x00\x00\x00\x00\x00\x00\x00"...)
	if got := c.text(t, string(attributes)+"SELECT mysql_query_attribute_string('mine') /* theirs */"); got != "7" {
		t.Errorf("the client's own attribute is %q", got)
	}
	const want = "SELECT mysql_query_attribute_string('mine') /*app='any',environment='production'*/ /* theirs */"
	eventually(t, "it is in the slow log", func() bool {
		var n int
		err := s.Admin().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM mysql.slow_log WHERE CONVERT(sql_text USING utf8mb4) = ?", want).Scan(&n)
		return err == nil && n == 1
	})
}

// A text that the server takes is taken with a comment, too: one that would make
// it too long is left out.
func TestATextIsNeverTooLongForItsComment(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		const longest = 1 << 16
		s.User(t, "app")
		g := start(t, s.Addr(), everything, annotating)
		c := one(t, g.open(t, "app", "", func(c *mysqldriver.Config) { c.MaxAllowedPacket = 1 << 20 }))
		const shell = "DO LENGTH('')"
		for n := longest - 120; n < longest; n++ { // with the command byte, one byte less than the variable says
			if _, err := c.ExecContext(t.Context(), "DO LENGTH('"+strings.Repeat("x", n-1-len(shell))+"')"); err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
	}, mysqltest.Args("--max-allowed-packet=65536"))
}
