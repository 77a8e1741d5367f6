package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"guardrail/policy"
)

func TestLogin(t *testing.T) {
	s := compile(t,
		"app: web\naccounts: [web, both@10.1.0.0/16]\nenvironments: [production]\n",
		"app: ops\naccounts: [ops@10.0.0.0/8, 'ops@2001:db8::/32', both@10.2.0.0/16]\nenvironments: [production]\n",
		"app: web-staging\naccounts: [web_staging]\nenvironments: [staging, qa]\n")
	tests := []struct {
		name, account, from string
		app                 string // empty: refused
		cause               policy.Cause
	}{
		{"from anywhere", "web", "203.0.113.9", "web", policy.ByNothing},
		{"from the network", "ops", "10.200.0.1", "ops", policy.ByNothing},
		{"mapped address", "ops", "::ffff:10.200.0.1", "ops", policy.ByNothing},
		{"IPv6 network", "ops", "2001:db8::1", "ops", policy.ByNothing},
		{"outside the network", "ops", "11.0.0.1", "", policy.ByNetwork},
		{"one account in two apps, first", "both", "10.1.2.3", "web", policy.ByNothing},
		{"one account in two apps, second", "both", "10.2.2.3", "ops", policy.ByNothing},
		{"one account in two apps, neither", "both", "10.3.2.3", "", policy.ByNetwork},
		{"no such account", "root", "10.1.2.3", "", policy.ByNoAccount},
		{"case of accounts counts", "WEB", "10.1.2.3", "", policy.ByNoAccount},
		{"no name", "", "10.1.2.3", "", policy.ByNoAccount},
		{"another environment", "web_staging", "10.1.2.3", "", policy.ByEnvironment},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, d := s.Login(tt.account, netip.MustParseAddr(tt.from), noon)
			if d.Allowed() != (tt.app != "") || d.Cause != tt.cause {
				t.Fatalf("got %+v, want app %q, cause %q", d, tt.app, tt.cause)
			}
			if tt.app == "" {
				if a != nil || d.Code != 1045 || d.State != "28000" || d.Rule.ID == "" {
					t.Errorf("got app %v, %+v; want a refusal with 1045", a, d)
				}
				return
			}
			if a.Name() != tt.app {
				t.Errorf("app %s, want %s", a.Name(), tt.app)
			}
		})
	}
}

func TestLoginWithoutAnAddress(t *testing.T) {
	s := compile(t, "app: web\naccounts: [web, ops@0.0.0.0/0]\nenvironments: [production]\n")
	if _, d := s.Login("ops", netip.Addr{}, noon); d.Allowed() {
		t.Error("an account with a network is let in from no address")
	}
	if _, d := s.Login("web", netip.Addr{}, noon); !d.Allowed() {
		t.Error("an account without a network is refused")
	}
}

func TestLoginMessageNamesBothEnvironments(t *testing.T) {
	s := compile(t, app(""), "app: other\naccounts: [other]\nenvironments: [staging, qa]\n")
	_, d := s.Login("other", netip.MustParseAddr("10.0.0.1"), noon)
	got := d.Message("production", "01ABC")
	for _, want := range []string{"staging and qa", "production", "01ABC", `"other"`, "b.yaml:2"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not name %s", got, want)
		}
	}
}

func TestNilSetLetsNobodyIn(t *testing.T) {
	var s *policy.Set
	if a, d := s.Login("web", netip.MustParseAddr("10.0.0.1"), noon); a != nil || d.Allowed() {
		t.Error("a nil set lets an account in")
	}
}

func TestReadOnly(t *testing.T) {
	tests := []struct {
		name, lines, shared string
		want                bool
	}{
		{"reads", "grants: [READ ON *.*]\n", "", true},
		{"nothing", "", "", true},
		{"writes", "grants: [READ ON *.*, INSERT ON a.t]\n", "", false},
		{"calls", "grants: [EXECUTE ON a.*]\n", "", false},
		{"writes in staging", "grants: [READ ON *.*, {allow: WRITE ON a.*, environments: [staging]}]\n", "", true},
		{"by exception", "grants: [READ ON *.*]\n", "exceptions: [{app: shop, allow: DELETE ON a.t, until: 2030-01-01T00:00:00Z, ticket: A, by: b}]\n", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			texts := []string{app(tt.lines)}
			if tt.shared != "" {
				texts = append(texts, tt.shared)
			}
			if got := appOf(t, compile(t, texts...), "shop").ReadOnly(); got != tt.want {
				t.Errorf("read only %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAnyoneIsWhomNoAppNames(t *testing.T) {
	set := compile(t, "app: shop\naccounts: [shop_web]\nenvironments: [production]\ngrants: [SELECT ON shop.*]\n",
		"app: rest\naccounts: [\"*@10.0.0.0/8\"]\nenvironments: [production]\ngrants: [SELECT ON logs.*]\n")
	inside, outside := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.0.2.1")
	for _, row := range []struct {
		account string
		from    netip.Addr
		app     string
	}{
		{"shop_web", inside, "shop"},
		{"shop_web", outside, "shop"},
		{"stranger", inside, "rest"},
		{"*", inside, "rest"},
		{"stranger", outside, ""},
		{"", inside, ""},
	} {
		app, d := set.Login(row.account, row.from, noon)
		if d.Allowed() != (row.app != "") || app.Name() != row.app {
			t.Errorf("%q from %s: app %q, %+v", row.account, row.from, app.Name(), d)
		}
	}
}
