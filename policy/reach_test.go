package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guardrail/policy"
)

func TestWarningsOfWhatNoGrantReaches(t *testing.T) {
	const grants = "grants: [READ ON shop_production.*, DELETE ON shop_production.carts, UPDATE ON shop_production.old_*, DELETE ON log_*.*]\n"
	for _, tt := range []struct{ name, lines, shared, want string }{
		{"another database", "require: [PRIMARY KEY FOR DELETE ON shop_prod.carts]\n", "", "a.yaml:5:11: DELETE is granted nowhere on shop_prod.carts, so nothing is required; did you mean shop_production?"},
		{"a misspelt database", "require: [WHERE FOR DELETE ON shop_prodution.*]\n", "", "a.yaml:5:11: DELETE is granted nowhere on shop_prodution.*, so nothing is required; did you mean shop_production?"},
		{"another table", "require: [LIMIT FOR DELETE ON shop_production.cats]\n", "", "a.yaml:5:11: DELETE is granted nowhere on shop_production.cats, so nothing is required"},
		{"another verb", "require: [LIMIT FOR UPDATE ON shop_production.carts]\n", "", "a.yaml:5:11: UPDATE is granted nowhere on shop_production.carts, so nothing is required"},
		{"neither verb", "require: [\"LIMIT FOR UPDATE, DELETE ON billing.*\"]\n", "", "a.yaml:5:11: DELETE or UPDATE is granted nowhere on billing.*, so nothing is required"},
		{"one of two verbs", "require: [\"LIMIT FOR UPDATE, DELETE ON shop_production.carts\"]\n", "", ""},
		{"a part of the grant", "require: [LIMIT FOR UPDATE ON shop_production.old_carts]\n", "", ""},
		{"more than the grant", "require: [LIMIT FOR UPDATE ON shop_*.*]\n", "", ""},
		{"a database by its beginning", "require: [LIMIT FOR DELETE ON log_2026.t]\n", "", ""},
		{"other letters", "require: [LIMIT FOR DELETE ON Shop_Production.Carts]\n", "", ""},
		{"no object", "require: [LIMIT FOR UPDATE]\n", "", ""},
		{"at login", "require: [DECLARED ENVIRONMENT]\n", "", ""},
		{"of every app", "", "require: [WHERE FOR DELETE ON shop_prod.*]\n", "b.yaml:1:11: DELETE is granted nowhere on shop_prod.*, so nothing is required; did you mean shop_production?"},
		{"by an exception", "require: [WHERE FOR DELETE ON billing.t]\n", "exceptions: [{app: shop, allow: DELETE ON billing.*, until: 2030-01-01T00:00:00Z, ticket: A, by: b}]\n", ""},
		{"a deny in a misspelt database", "deny: [DROP TABLE ON shop_prodution.orders]\n", "", "a.yaml:5:8: nothing is granted in shop_prodution, so nothing is denied; did you mean shop_production?"},
		{"a deny in a shortened database", "", "deny: [ALL ON shop_prod.*]\n", "b.yaml:1:8: nothing is granted in shop_prod, so nothing is denied; did you mean shop_production?"},
		{"a deny in another database", "deny: [ALL ON payroll.*, ALL ON mysql.*, ALL ON shop.*]\n", "", ""},
		{"a deny in another shard", "deny: [ALL ON log_1.*, ALL ON shop_production2.*]\n", "", ""},
		{"a deny of what is not granted", "deny: [DROP TABLE ON shop_production.*]\n", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{app(grants + tt.lines)}
			if tt.shared != "" {
				texts = append(texts, tt.shared)
			}
			p, err := policy.Parse(sources(texts...))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Warnings(noon).Error(); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Ten thousand lines about databases that nothing is granted in cost no more than a moment.
func TestWarningsOfManyUnreachedLines(t *testing.T) {
	var text strings.Builder
	text.WriteString("grants:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - DELETE ON granted_%d.t\n", i)
	}
	text.WriteString("deny:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - DROP TABLE ON denied_%d.t\n", i)
	}
	text.WriteString("require:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  - WHERE FOR DELETE ON required_%d.t\n", i)
	}
	p, err := policy.Parse(sources(app(text.String())))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if got := len(p.Warnings(noon)); got != 5000 {
		t.Errorf("%d warnings", got)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
