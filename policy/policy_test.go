package policy_test

import (
	"testing"
	"time"

	"guardrail/policy"
	"guardrail/sqlparse"
)

// noon is the moment that tests judge at.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// compile parses policy texts, named a.yaml, b.yaml and so on, for production.
func compile(t testing.TB, texts ...string) *policy.Set {
	t.Helper()
	return compileFor(t, "production", texts...)
}

func compileFor(t testing.TB, environment string, texts ...string) *policy.Set {
	t.Helper()
	p, err := policy.Parse(sources(texts...))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Compile(environment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sources(texts ...string) []policy.Source {
	var out []policy.Source
	for i, text := range texts {
		out = append(out, policy.Source{File: string(rune('a'+i)) + ".yaml", Text: []byte(text)})
	}
	return out
}

// appOf returns the app of the set's name.
func appOf(t testing.TB, s *policy.Set, name string) *policy.App {
	t.Helper()
	for _, a := range s.Apps() {
		if a.Name() == name {
			return a
		}
	}
	t.Fatalf("no app %s", name)
	return nil
}

// app is a policy file of one app in production and staging with these lines added.
func app(lines string) string {
	return "app: shop\naccounts: [shop]\nenvironments: [production, staging]\n" + lines
}

// need is a statement of a kind that needs one privilege on one object.
func need(kind sqlparse.Kind, p sqlparse.Privilege, o sqlparse.Object) sqlparse.Statement {
	return sqlparse.Statement{Kind: kind, Needs: []sqlparse.Need{{Privilege: p, Object: o}}, Where: sqlparse.WhereColumn}
}

func table(schema, name string) sqlparse.Object {
	return sqlparse.Object{Type: sqlparse.Table, Schema: schema, Name: name}
}

func schema(name string) sqlparse.Object {
	return sqlparse.Object{Type: sqlparse.Schema, Schema: name}
}

func routine(schema, name string) sqlparse.Object {
	return sqlparse.Object{Type: sqlparse.Routine, Schema: schema, Name: name}
}

// ask judges statements in database accounting at noon.
func ask(a *policy.App, statements ...sqlparse.Statement) policy.Decision {
	return a.Decide(policy.Request{Schema: "accounting", Statements: statements, Now: noon})
}
