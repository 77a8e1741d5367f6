package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// What a proxy has recorded is read from its store, whichever way that is named;
// and the policy suggested from it lets that traffic pass, and no other.
func TestRecordedTraffic(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, server *mysqltest.Server) {
		server.Database(t, "accounting")
		server.Exec(t, "CREATE TABLE accounting.invoices (id INT PRIMARY KEY, note VARCHAR(20))", "CREATE TABLE accounting.drafts (id INT PRIMARY KEY)")
		server.User(t, "accounting_web", "ALL ON *.*")
		t.Run("sqlite", func(t *testing.T) { recordedTraffic(t, server, func(string) string { return "" }, nil) })
		t.Run("mysql", func(t *testing.T) {
			server.Database(t, "guardrail_traffic")
			store := fmt.Sprintf("mysql://root@%s/guardrail_traffic?tls=required", server.Addr())
			recordedTraffic(t, server, func(password string) string {
				return fmt.Sprintf("store: %q, password_file: %q, ", store, password)
			}, []string{store})
		})
	})
}

// recordedTraffic serves with a store, and rehearses what was recorded in it.
func recordedTraffic(t *testing.T, server *mysqltest.Server, audit func(passwordFile string) string, named []string) {
	dir := t.TempDir()
	password := filepath.Join(dir, "pw")
	if err := os.WriteFile(password, []byte(mysqltest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("recorded", func(t *testing.T) {
		s := guarding(t, dir, server, "app: accounting-web\naccounts: [accounting_web]\nenvironments: [production]\nmode: observe\nuntil: 2100-01-01T00:00:00Z\n", "audit: {"+audit(password)+"lines: false}\n")
		s.everyday()
	})
	config := filepath.Join(dir, "guardrail.yaml")
	if named == nil {
		named = []string{filepath.Join(dir, "audit.db")}
	}
	want := output(t, "suggest", "--app", "accounting-web", "--against", config)
	for _, line := range []string{
		"  - SELECT, INSERT, UPDATE, DELETE ON accounting.invoices  # ", "accounts: [accounting_web]\n",
	} {
		if !strings.Contains(want, line) {
			t.Errorf("%q is not in\n%s", line, want)
		}
	}
	lines := filepath.Join(dir, "traffic.jsonl")
	export := []string{"audit", "--traffic", "--config", config}
	if err := os.WriteFile(lines, []byte(output(t, export...)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(named, lines) {
		got := output(t, "suggest", "--app", "accounting-web", "--against", name, "--password-file", password, "--config", config)
		if got != want {
			t.Errorf("against %s\n%s\nagainst %s\n%s", name, got, config, want)
		}
	}
	suggested := filepath.Join(t.TempDir(), "policies")
	served{t: t, policies: suggested}.write("accounting-web.yaml", want)
	if out := output(t, "diff", filepath.Join(dir, "policies"), suggested, "--against", config, "--fail-on", "refused,asked,observed"); !strings.HasPrefix(out, "newly allowed: ") {
		t.Errorf("the change: %s", out)
	}
	t.Run("suggested", func(t *testing.T) {
		s := guarding(t, t.TempDir(), server, want, "")
		s.everyday()
		for _, text := range []string{"SELECT * FROM drafts", "DELETE FROM invoices", "DROP TABLE invoices", "SELECT 1; SELECT 2"} {
			if _, err := s.open("accounting_web").ExecContext(t.Context(), text); err == nil {
				t.Errorf("%s was not in the traffic and passes", text)
			}
		}
	})
}

// guarding serves an app's policy in a directory.
func guarding(t *testing.T, dir string, server *mysqltest.Server, policy, audit string) served {
	t.Helper()
	admin := freeAddress(t)
	s := served{t: t, address: freeAddress(t), page: "http://" + admin, policies: filepath.Join(dir, "policies")}
	s.write("accounting-web.yaml", policy)
	s.run(dir, fmt.Sprintf("{address: %q, tls: {mode: disabled}, identity: {tag: none}}", server.Addr()),
		fmt.Sprintf("admin: {address: %q}\n%s", admin, audit), s.page+"/readyz")
	return s
}

// everyday is what the app sends, as text and prepared. All of it must pass.
func (s served) everyday() {
	s.t.Helper()
	db := s.open("accounting_web")
	run := func(text string, args ...any) {
		s.t.Helper()
		if _, err := db.ExecContext(context.Background(), text, args...); err != nil {
			s.t.Errorf("%s: %v", text, err)
		}
	}
	run("INSERT INTO invoices VALUES (1, 'secret')")
	run("INSERT INTO invoices VALUES (?, ?)", 2, "secret")
	run("UPDATE invoices SET note = 'other' WHERE id = 1")
	run("SET NAMES utf8mb4")
	run("DELETE FROM invoices WHERE id = ?", 1)
	run("DELETE FROM invoices WHERE id IN (1, 2, 3)")
	var n int
	if err := db.QueryRow("SELECT COUNT(*) FROM invoices").Scan(&n); err != nil || n != 0 {
		s.t.Errorf("%d rows, %v", n, err)
	}
}
