package proxy_test

import (
	"strings"
	"testing"

	protocol "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
)

// declaring makes a client declare its environment.
func declaring(environment string) func(*mysql.Config) {
	return attributes("guardrail.environment:" + environment)
}

// attributes gives a client connection attributes.
func attributes(text string) func(*mysql.Config) {
	return func(c *mysql.Config) { c.ConnectionAttributes = text }
}

func TestAClientThatDeclaresAnotherEnvironment(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		must := start(t, s.Addr(), everything+"require: [DECLARED ENVIRONMENT]\n")
		for _, c := range []struct {
			name string
			g    *guard
			as   func(*mysql.Config)
			want int
		}{
			{"none", g, func(*mysql.Config) {}, 0},
			{"the right one", g, declaring("production"), 0},
			{"another", g, declaring("development"), 1045},
			{"several, one of them another", g, attributes("guardrail.environment:production,guardrail.environment:development,guardrail.environment:production"), 1045},
			{"in a program's name", g, attributes("program_name:nightly report environment='development'"), 1045},
			{"the right one in a program's name", g, attributes("program_name:nightly report environment='production'"), 0},
			{"against a program's name", g, attributes("program_name:environment='development',guardrail.environment:production"), 1045},
			{"a program's name like any other", g, attributes("program_name:development"), 0},
			{"in a program's name, as it must", must, attributes("program_name:environment='production'"), 0},
			{"a program's name, but it must", must, attributes("program_name:production"), 1045},
			{"a long one", g, declaring(strings.Repeat("development", 500)), 1045},
			{"none, but it must", must, func(*mysql.Config) {}, 1045},
			{"the right one, as it must", must, declaring("production"), 0},
		} {
			err := knock(t, c.g, c.as)
			if codeOf(err) != c.want {
				t.Errorf("%s: %v", c.name, err)
			}
			if (c.name == "another" || c.name == "a long one") && (!strings.Contains(err.Error(), "development") || !strings.Contains(err.Error(), "production")) {
				t.Errorf("the error does not name both environments: %v", err)
			}
		}
	})
}

func TestAStatementThatDeclaresAnotherEnvironment(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		c := one(t, g.open(t, "app", "", multi))
		for _, text := range []string{
			"/*environment='production'*/ DO 1",
			" /* app='x',environment='production' */ DO 1 /*environment='production'*/",
			"/* environment */ DO 1",
			"/*environment=development*/ DO 1",
			"DO '/*environment=''development''*/'",
			"DO 1 /*",
			"/*/ DO 1",
			"DO '/*environment=\\'development\\'*/'",
			"DO ('a', \"/*environment='development'*/\", 'b', 'c'), 1",
			"/*!50000 DO */ 1 /*environment='production'*/",
			"DO 1 -- /*environment='development'*/",
		} {
			if _, err := c.ExecContext(t.Context(), text); codeOf(err) == 1227 {
				t.Errorf("%s: %v", text, err)
			}
		}
		for _, text := range []string{
			"/*environment='development'*/ DO 1",
			"  /* app='x' , environment='dev%65lopment' */ DO 1",
			"DO 1 /*app='x',environment='development'*/",
			"DO 1 /*app='x',environment='development'*/ ; ",
			"DO 1; /*environment='development'*/",
			"/*app='x'*/ /*environment='development'*/ DO 1",
			"/*environment='production'*/ /*environment='development'*/ DO 1",
			"/*environment='production',environment='development'*/ DO 1",
			"/*environment='development',environment='production'*/ DO 1",
			"-- of a tool\n/*environment='development'*/ DO 1",
			"# of a tool\n/*environment='development'*/ DO 1",
			"DO 1; /*environment='development'*/ DO 2; DO 3",
			"DO /*environment='development'*/ 1",
			"DO 1 /*environment='development'*/ /*app='x'*/",
			"/*environment='Production'*/ DO 1",
		} {
			refused(t, c, 1227, text)
		}
		refused(t, c, 1227, "/*environment='development'*/ SELECT ?", 1) // prepared
		if n := strings.Count(causes(g, audit.Refused), "declared"); n != 16 {
			t.Errorf("%d events", n)
		}
	})
}

func TestTextsThatCannotBeReadDoNotNameTheTag(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), strings.Replace(everything, "grants: [", "grants: [\"UNPARSED ON *.*\", ", 1))
		c := one(t, g.open(t, "app", ""))
		message := refused(t, c, 1227, "FROBNICATE GuardRail.environment")
		if !strings.Contains(message, "guardrail tag") {
			t.Error(message)
		}
		refused(t, c, 1064, "FROBNICATE shop.t") // by the server
		refused(t, c, 1227, "DO 'open /*environment='development'*/ 'shut, \"open")
	})
}

// COM_CHANGE_USER is a login: what it declares counts, and what was declared
// before does not any more.
func TestAChangedUserDeclaresAnew(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.User(t, "app")
		g := start(t, s.Addr(), everything)
		must := start(t, s.Addr(), everything+"require: [DECLARED ENVIRONMENT]\n")
		const capabilities = oldest | protocol.CLIENT_CONNECT_ATTRS
		declares := func(environment string) []byte {
			return wire.AppendAttribute(nil, "guardrail.environment", environment)
		}
		for _, c := range []struct {
			name     string
			g        *guard
			declared []byte
			want     string // in the error
		}{
			{"another", g, declares("development"), `belongs to "development": refused in production`},
			{"the same", must, declares("production"), ""},
			{"none, but it must", must, nil, "does not say which environment"},
		} {
			client := loginAs(t, c.g.addr, wire.HandshakeResponse{Capabilities: capabilities, User: "app", Attributes: declares("production")}, nil)
			client.send(t, 0, wire.ChangeUser{User: "app", Collation: 45, AuthPlugin: "asks_for_a_switch", Attributes: c.declared}.
				Append([]byte{protocol.COM_CHANGE_USER}, capabilities)...)
			e := client.authenticate(t)
			if c.want == "" && e != nil || c.want != "" && (e == nil || e.Code != 1045 || !strings.Contains(e.Message, c.want)) {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	})
}
