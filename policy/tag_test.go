package policy_test

import (
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// everywhere is an app that may do everything that a policy can say.
const everywhere = `
app: root
accounts: [root]
environments: [production]
grants: ["ALL ON *.*", "GRANT OPTION ON *.*", "UNPARSED ON *.*"]
`

func TestNobodyChangesTheTag(t *testing.T) {
	observed := everywhere + "mode: observe\nuntil: 2036-01-01T00:00:00Z\n"
	reader := sqlparse.NewReader(sqlparse.Options{})
	server, _ := sqlparse.ParseServer("8.0.36")
	for _, text := range []string{everywhere, observed} {
		a := rootApp(t, text)
		for _, c := range []struct {
			sql, db string
			allow   bool
		}{
			{"SELECT environment FROM guardrail.environment", "", true},
			{"SELECT environment FROM environment", "guardrail", true},
			{"USE guardrail", "", true},
			{"SHOW CREATE TABLE guardrail.environment", "", true},
			{"INSERT INTO guardrail.log VALUES (1)", "", false},
			{"UPDATE guardrail.environment SET environment = 'development'", "", false},
			{"UPDATE environment SET environment = 'development'", "guardrail", false},
			{"UPDATE GuardRail.environment SET environment = 'development'", "", false},
			{"UPDATE GUARDRA\u0130L.environment SET environment = 'development'", "", false},
			{"UPDATE environment SET environment = 'development'", "Guardra\u0130l", false},
			{"UPDATE shop.t JOIN guardrail.environment e SET e.environment = 'x'", "", false},
			{"DELETE FROM guardrail.environment", "", false},
			{"REPLACE INTO guardrail.environment (id) VALUES (1)", "", false},
			{"TRUNCATE guardrail.environment", "", false},
			{"DROP TABLE guardrail.environment", "", false},
			{"DROP DATABASE guardrail", "", false},
			{"CREATE DATABASE guardrail", "", false},
			{"ALTER DATABASE guardrail CHARACTER SET latin1", "", false},
			{"ALTER TABLE guardrail.environment DROP COLUMN note", "", false},
			{"RENAME TABLE guardrail.environment TO shop.t", "", false},
			{"RENAME TABLE shop.t TO guardrail.environment", "", false},
			{"CREATE TRIGGER guardrail.t BEFORE INSERT ON guardrail.environment FOR EACH ROW SET NEW.environment = 'x'", "", false},
			{"CREATE VIEW shop.v AS SELECT * FROM guardrail.environment", "", false},
			{"CREATE PROCEDURE shop.p() UPDATE guardrail.environment SET environment = 'x'", "", false},
			{"PREPARE s FROM 'UPDATE guardrail.environment SET environment = 1'", "", false},
			{"LOAD DATA INFILE 'x' INTO TABLE guardrail.environment", "", false},
			{"LOCK TABLES guardrail.environment WRITE", "", false},
			{"GRANT ALL ON guardrail.* TO app", "", false},
			{"SELECT 1; DELETE FROM guardrail.environment", "", false},
		} {
			read := reader.Read([]byte(c.sql), sqlparse.Mode{Server: server, Charset: sqlparse.ParseCharset("utf8mb4")})
			d := a.Decide(policy.Request{Schema: c.db, Statements: read.Statements, Now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
			if d.Allowed() != c.allow || !c.allow && d.Cause != policy.ByTag {
				t.Errorf("%s: %v %s", c.sql, d.Allowed(), d.Cause)
			}
		}
	}
}

func TestDeclaredEnvironment(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	plain := rootApp(t, everywhere)
	must := rootApp(t, everywhere+"require: [DECLARED ENVIRONMENT]\n")
	observed := rootApp(t, everywhere+"require: [{rule: declared environment, mode: observe, until: 2036-01-01T00:00:00Z}]\n")
	for _, c := range []struct {
		name     string
		app      *policy.App
		declared string
		allow    bool
	}{
		{"none, and none is asked for", plain, "", true},
		{"the right one", plain, "production", true},
		{"another", plain, "development", false},
		{"in other letters", plain, "Production", false},
		{"none, but it must", must, "", false},
		{"the right one, as it must", must, "production", true},
		{"another, where it must", must, "development", false},
		{"none, observed", observed, "", true},
		{"another, observed", observed, "development", false},
		{"no app", nil, "production", false},
	} {
		d := c.app.Declared(c.declared, now)
		if d.Allowed() != c.allow || !c.allow && d.Code != 1045 {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
	if d := observed.Declared("", now); !d.Observed || d.Rule.Line == 0 {
		t.Errorf("observed: %+v", d)
	}
	if got := must.Declared("development", now).Message("production", "E"); got != `guardrail: this client says that it belongs to "development": refused in production; check which server this client means to reach (rule declared at app.yaml:2, event E)` {
		t.Error(got)
	}
}

// rootApp compiles the one app of a text for production.
func rootApp(t *testing.T, text string) *policy.App {
	t.Helper()
	p, err := policy.Parse([]policy.Source{{File: "app.yaml", Text: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := p.Compile("production")
	if err != nil {
		t.Fatal(err)
	}
	return set.Apps()[0]
}
