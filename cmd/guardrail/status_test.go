package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/cmd/guardrail/internal/app"
	"guardrail/proxy/mysqltest"
)

const statusEveryone = pageEveryone + `  - {id: no-truncate, rule: TRUNCATE ON *.*, mode: observe, until: 2100-01-01T00:00:00Z}
exceptions:
  - {app: accounting-web, allow: DROP TABLE ON accounting.old_*, until: 2099-01-01T00:00:00Z, ticket: OPS-1, by: oncall}
tests:
  - {app: accounting-web, sql: DROP DATABASE accounting, expect: deny}
  - {app: accounting-web, sql: DROP DATABASE accounting, expect: allow, environment: staging, at: 2026-01-01T00:00:00Z} # not this proxy's
`

// ask returns a proxy's status and the command's exit code.
func (s served) ask(more ...string) (status app.Status, text string, code int) {
	s.t.Helper()
	call := func(format string) (string, int) {
		root := newRootCommand()
		var out strings.Builder
		root.SetOut(&out)
		root.SetArgs(append([]string{"status", "--url", s.page, "--format", format}, more...))
		err := root.Execute()
		if err == nil {
			return out.String(), 0
		}
		if err != exitCode(1) {
			s.t.Fatal(err)
		}
		return out.String(), 1
	}
	text, _ = call("text")
	out, code := call("json")
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	return status, text, code
}

// get is what the admin address says at a path.
func (s served) get(path string) string {
	s.t.Helper()
	response, err := http.Get(s.page + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func TestPoliciesThatFailTheirTestsAreNotTaken(t *testing.T) {
	server := mysqltest.MariaDB(t)
	server.Database(t, "accounting")
	server.Exec(t, "CREATE TABLE accounting.invoices (id INT PRIMARY KEY)")
	server.User(t, "accounting_web", "ALL ON *.*")
	s := serve(t, server.Addr())
	policies := strings.Replace(pagePolicies, "[production]", "[production, staging]", 1)
	s.write("accounting-web.yaml", policies)
	s.write("everyone.yaml", statusEveryone)
	s.until("the exception is in force", func() bool { status, _, _ := s.ask(); return len(status.Exceptions) > 0 })
	conn, err := s.open("accounting_web").Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	codeOf := func(text string) uint16 {
		_, err := conn.ExecContext(t.Context(), text)
		if refused, ok := err.(*mysql.MySQLError); ok {
			return refused.Number
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0
	}
	if code := codeOf("DELETE FROM invoices WHERE id = 1"); code != 1142 {
		t.Fatalf("error %d", code)
	}
	before, text, code := s.ask()
	if code != 0 || !before.Well || before.Sessions != 1 || before.Policies.Error != "" || before.Backends[0].Error != "" || before.Record.Error != "" {
		t.Errorf("exit code %d: %+v", code, before)
	}
	for _, want := range []string{
		"proxy      production, guardrail ", "1 session\n", "policies   " + before.Policies.Hash + ", in force since ", "backend    main at " + server.Addr() + ", ", "; up\n",
		"observed   accounting-web, rule no-truncate, until 2100-01-01T00:00:00Z\n",
		"exception  accounting-web: DROP TABLE ON accounting.old_* until 2099-01-01T00:00:00Z, OPS-1", "(everyone.yaml:5)\n", "record     audit.db\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}

	granting := strings.Replace(policies, "SELECT, INSERT", "DELETE, SELECT, INSERT", 1)
	s.write("accounting-web.yaml", granting+"tests:\n  - {sql: \"DELETE FROM t WHERE a = 1\", db: accounting, expect: deny}\n")
	s.until("the metric says so", func() bool {
		return strings.Contains(s.get("/metrics"), "guardrail_policy_last_reload_successful{environment=\"production\"} 0")
	})
	after, text, code := s.ask()
	why := "accounting-web.yaml:9:5: this test fails: expected deny, but it is allowed"
	if code != 1 || after.Well || !strings.Contains(after.Policies.Error, why) || after.Policies.Hash != before.Policies.Hash || after.Policies.LoadedAt != before.Policies.LoadedAt {
		t.Errorf("exit code %d: %+v", code, after)
	}
	if !strings.Contains(text, "NOT IN FORCE are those on disk") || !strings.Contains(text, why) {
		t.Error(text)
	}
	if got := s.get("/readyz"); !strings.Contains(got, "policies: those on disk were not taken at ") || !strings.HasPrefix(got, "ready\n") {
		t.Errorf("/readyz: %s", got)
	}
	if !strings.Contains(s.get("/"), "The policies on disk are not in force") {
		t.Error("the page does not say so")
	}
	s.until("it is on record", func() bool {
		return strings.Contains(output(t, "audit", "--store", s.store), "policy_failed")
	})
	if code := codeOf("DELETE FROM invoices WHERE id = 1"); code != 1142 {
		t.Errorf("error %d: the policies that failed are in force", code)
	}

	s.write("accounting-web.yaml", granting)
	s.until("the open session meets the next policies", func() bool { return codeOf("DELETE FROM invoices WHERE id = 1") == 0 })
	if last, _, code := s.ask(); code != 0 || last.Policies.Hash == before.Policies.Hash {
		t.Errorf("exit code %d: %+v", code, last)
	}
	if got := s.get("/readyz"); !strings.Contains(got, "\npolicies: "+policyHash(s)) {
		t.Errorf("/readyz: %s", got)
	}

	// A test that fails by the hour alone, as a window is closed or an exception has ended, keeps nothing out.
	taken := policyHash(s)
	s.write("window.yaml", "exceptions:\n  - {app: accounting-web, allow: ALTER ON accounting.t, until: 2020-01-01T00:00:00Z, ticket: OPS-9, by: ann}\n"+
		"tests:\n  - {app: accounting-web, sql: ALTER TABLE accounting.t ADD c INT, expect: allow}\n")
	s.until("the policies with an outdated test are taken", func() bool { return policyHash(s) != taken })
	if last, text, code := s.ask(); code != 0 || last.Policies.Error != "" {
		t.Errorf("exit code %d: %s", code, text)
	}
}

func policyHash(s served) string {
	status, _, _ := s.ask()
	return status.Policies.Hash
}

// A test that has become outdated locks nobody out at the start.
func TestStartWithPoliciesThatFailTheirTests(t *testing.T) {
	server := mysqltest.MariaDB(t)
	dir := t.TempDir()
	admin := freeAddress(t)
	s := served{t: t, address: freeAddress(t), page: "http://" + admin, policies: filepath.Join(dir, "policies")}
	s.write("accounting-web.yaml", pagePolicies+"tests:\n  - {sql: SELECT 1 FROM t, db: accounting, expect: deny}\n")
	s.run(dir, "{address: \""+server.Addr()+"\", tls: {mode: disabled}, identity: {tag: none}}", "admin: {address: \""+admin+"\"}\n", s.page+"/readyz")
	status, _, code := s.ask()
	if code != 1 || status.Policies.Hash == "" || !strings.Contains(status.Policies.Error, "this test fails: expected deny") {
		t.Errorf("exit code %d: %+v", code, status)
	}
}

func TestStatusOfAProxyThatAsksWhoComes(t *testing.T) {
	dir := t.TempDir()
	pair(t, filepath.Join(dir, "page.crt"), filepath.Join(dir, "page.key"))
	admin := freeAddress(t)
	_, port, _ := strings.Cut(admin, ":")
	writeUsers(t, filepath.Join(dir, "users"))
	open := freeAddress(t)
	serveIn(t, dir, "127.0.0.1:1", "admin: {address: \"0.0.0.0:"+port+"\", metrics_address: \""+open+"\", tls: {cert: page.crt, key: page.key}, users: users}\n", "http://"+open+"/healthz")
	config, password := filepath.Join(dir, "guardrail.yaml"), filepath.Join(dir, "pw")
	if err := os.WriteFile(password, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"nobody", []string{"--config", config}, "the proxy asks who comes: name one of admin.users with --user and --password-file"},
		{"a user, and a backend that is not there", []string{"--config", config, "--user", "oncall", "--password-file", password}, "exit status 1"},
		{"no password", []string{"--config", config, "--user", "oncall"}, "--password-file: open : no such file or directory"},
		{"an unknown certificate", []string{"--url", "https://127.0.0.1:" + port}, "the proxy does not answer: "},
		{"another page", []string{"--url", "http://" + open}, "the proxy answers 404 Not Found"},
		{"nobody there", []string{"--url", "http://" + freeAddress(t)}, "the proxy does not answer: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := newRootCommand()
			root.SetOut(io.Discard)
			root.SetArgs(append([]string{"status"}, c.args...))
			began := time.Now()
			if err := root.Execute(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, after %v", err, time.Since(began))
			}
		})
	}
}
