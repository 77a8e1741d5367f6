package policy_test

import (
	"testing"

	"guardrail/policy"
)

// TestMistakesThatFollow holds that a file is not blamed for naming what stands
// in a file that cannot be read.
func TestMistakesThatFollow(t *testing.T) {
	const everyone = `deny:
  - {id: no-drop, rule: DROP DATABASE ON *.*, environments: [production]}
exceptions:
  - {app: shop, lift: few-rows, until: 2030-01-01T00:00:00Z, ticket: A, by: b}
  - {app: shop, allow: DROP TABLE ON a.t, environments: [production], until: 2030-01-01T00:00:00Z, ticket: A, by: b}
tests:
  - {app: shop, sql: DROP DATABASE a, environment: production, expect: deny}
`
	const report = "app: report\naccounts: [report]\nenvironments: [staging]\n"
	const shop = "app: shop\naccounts: [shop]\nenvironments: [production]\nrequire:\n  - {id: few-rows, rule: ROWS <= 5 FOR DELETE}\n"
	for _, tt := range []struct{ name, shop, want string }{
		{"all well", shop, ""},
		{"no YAML", shop + "grants: [SELECT ON a.t\n", "c.yaml:6:9: not YAML: did not find expected ',' or ']' while parsing a flow sequence; close the ["},
		{"empty", "", "c.yaml:1:1: the file is empty; write keys with values, or take the file away"},
		{"no UTF-8", shop + "# caf\xe9\n", "c.yaml:6:6: a byte that is not UTF-8; write plain UTF-8 text"},
		{"no app", shop[len("app: shop\n"):], "c.yaml:1:1: app is missing; name the app these lines are for, as in app: accounting-web"},
		{"a misspelt app", "a" + shop[len("app"):], "c.yaml:1:1: unknown key a; the keys here are app, accounts, environments, during, grants, deny, require, limits, mode, until, tests\nc.yaml:1:1: app is missing; name the app these lines are for, as in app: accounting-web"},
		{"an odd app", "app: [shop]" + shop[len("app: shop"):], "c.yaml:1:6: app must be a text, not a list"},
		{"no environments", "app: shop\naccounts: [shop]\n" + shop[len("app: shop\naccounts: [shop]\nenvironments: [production]\n"):], "c.yaml:1:1: environments is missing; list where the app may connect, as in environments: [production]"},
		{"a rule with a mistake", shop + "  - {id: z, rule: ROW FOR DELETE}\n", "c.yaml:6:19: unknown requirement ROW; did you mean ROWS?"},
		{"a lifted rule with a mistake", "app: shop\naccounts: [shop]\nenvironments: [production]\nrequire:\n  - {id: few-rows, rule: ROW FOR DELETE}\n", "c.yaml:5:26: unknown requirement ROW; did you mean ROWS?"},
		{"another app", "app: shops" + shop[len("app: shop"):], "a.yaml:4:11: no app is called shop; did you mean shops?\na.yaml:5:11: no app is called shop; did you mean shops?\na.yaml:7:11: no app is called shop; did you mean shops?"},
		{"an app far away", "app: web" + shop[len("app: shop"):], "a.yaml:4:11: no app is called shop; write report or web\na.yaml:5:11: no app is called shop; write report or web\na.yaml:7:11: no app is called shop; write report or web"},
		{"another environment", "app: shop\naccounts: [shop]\nenvironments: [qa]\nrequire:\n  - {id: few-rows, rule: ROWS <= 5 FOR DELETE}\n", "a.yaml:2:62: no app belongs to environment production; write qa or staging\na.yaml:5:58: app shop does not belong to environment production; write qa\na.yaml:7:52: no app belongs to environment production; write qa or staging"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse(sources(everyone, report, tt.shop))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}
