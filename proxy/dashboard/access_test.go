package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
	"guardrail/proxy/dashboard/browsertest"
)

func who() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func TestAccess(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := map[string][]byte{"oncall": hash}
	proxied := dashboard.Access{Header: "X-User", From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	both := proxied
	both.Users = users
	for _, c := range []struct {
		name           string
		access         dashboard.Access
		host, from     string
		user, password string
		header         []string
		want           int
	}{
		{"open, by a loopback name", dashboard.Access{}, "localhost:9104", "127.0.0.1:5", "", "", nil, 204},
		{"open, by a loopback address", dashboard.Access{}, "[::1]:9104", "[::1]:5", "", "", nil, 204},
		{"open, by a name of another site", dashboard.Access{}, "evil.example:9104", "127.0.0.1:5", "", "", nil, 403},
		{"open, by no name", dashboard.Access{}, "", "127.0.0.1:5", "", "", nil, 403},
		{"users, the right password", dashboard.Access{Users: users}, "page", "10.0.0.9:5", "oncall", "right", nil, 204},
		{"users, a wrong password", dashboard.Access{Users: users}, "page", "10.0.0.9:5", "oncall", "wrong", nil, 401},
		{"users, another user", dashboard.Access{Users: users}, "page", "10.0.0.9:5", "nobody", "nobody", nil, 401},
		{"users, nobody", dashboard.Access{Users: users}, "localhost", "127.0.0.1:5", "", "", nil, 401},
		{"users, a header that is not asked for", dashboard.Access{Users: users}, "page", "10.0.0.9:5", "", "", []string{"oncall"}, 401},
		{"a trusted proxy's header", proxied, "page", "10.0.0.9:5", "", "", []string{"hanako"}, 204},
		{"a trusted proxy's header over IPv6", proxied, "page", "[::ffff:10.0.0.9]:5", "", "", []string{"hanako"}, 204},
		{"a stranger's header", proxied, "page", "192.0.2.1:5", "", "", []string{"hanako"}, 401},
		{"a header twice", proxied, "page", "10.0.0.9:5", "", "", []string{"a", "b"}, 401},
		{"an empty header", proxied, "page", "10.0.0.9:5", "", "", []string{""}, 401},
		{"no users, a password", proxied, "page", "192.0.2.1:5", "oncall", "right", nil, 401},
		{"either", both, "page", "192.0.2.1:5", "oncall", "right", nil, 204},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := c.access.Wrap(who())
			for range 2 { // the second time from memory
				r := httptest.NewRequest("GET", "/", nil)
				r.Host, r.RemoteAddr = c.host, c.from
				if c.user != "" {
					r.SetBasicAuth(c.user, c.password)
				}
				r.Header["X-User"] = c.header
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if w.Code != c.want {
					t.Errorf("%d, want %d", w.Code, c.want)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	response, err := http.Get(p.URL + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	csp := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) || strings.Contains(csp, "unsafe") {
			t.Errorf("content security policy: %s", csp)
		}
	}
	for header, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := response.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
}

// Another site cannot make a viewer's browser acknowledge.
func TestCrossSiteRequests(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	p.incident(t)
	path := p.URL + p.issueOf(t, "DROP DATABASE") + "/acknowledge"
	for name, header := range map[string][2]string{
		"fetch metadata": {"Sec-Fetch-Site", "cross-site"}, "a sibling": {"Sec-Fetch-Site", "same-site"}, "origin": {"Origin", "https://evil.example"},
	} {
		r, err := http.NewRequest("POST", path, strings.NewReader("note=x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
}

// SQL, account, attributes and what else a stranger writes is text, in a real
// browser too.
func TestStoredScripts(t *testing.T) {
	p := newPage(t, dashboard.Access{})
	const attack = `"><script>window.hit=1</script><img src=x onerror="window.hit=1">' onmouseover='window.hit=1' javascript:window.hit=1 </title></textarea>{{.}}`
	e := audit.Event{
		Time: time.Now(), Environment: "production", Backend: attack, App: attack, Account: attack, Client: attack, Attributes: map[string]string{"program_name": attack, attack: attack},
		Schema: attack, Kind: attack, Need: "DROP ON " + attack, Objects: []string{attack}, Shape: "x", Statement: attack, Decision: audit.Refused, Cause: "deny",
		Because: attack, Rule: attack, RuleFile: attack, RuleLine: 1, Reason: attack, Code: 1044, PolicyHash: attack,
	}
	e.Identify()
	login := e
	login.App, login.Decision, login.Cause = "", audit.LoginRefused, "no-account"
	login.Identify()
	lost := e
	lost.Decision = audit.AllowedDestructive
	lost.Identify()
	for _, e := range []audit.Event{e, login, lost} {
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	p.settle(t)
	p.guard.health.Policy.Err, p.guard.explanation.Report, p.guard.explanation.Exception = attack, attack, attack
	b := browsertest.New(t)
	issue := p.issueOf(t, "window.hit")
	if err := p.store.Acknowledge(t.Context(), mustID(t, issue), audit.Acknowledgement{At: time.Now(), By: attack, Note: attack}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/?show=all", issue, "/events", "/events/" + e.ID, "/events/" + login.ID, "/?app=" + strings.ReplaceAll(attack, " ", "+"), "/%3Cscript%3E"} {
		if strings.Contains(p.getAny(t, path), "<script>window") {
			t.Errorf("%s holds the script as it is", path)
		}
		if path == "/%3Cscript%3E" {
			continue
		}
		b.Open(p.URL + path)
		if browsertest.Ask[bool](b, "window.hit === 1 || document.querySelector('main img, main script') !== null") {
			t.Errorf("%s runs the script", path)
		}
	}
}

func mustID(t *testing.T, path string) audit.IssueID {
	t.Helper()
	id, err := audit.ParseIssueID(strings.TrimPrefix(path, "/issues/"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}
