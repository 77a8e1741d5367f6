package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guardrail/proxy/mysqltest"
)

// tagging runs guardrail tag and returns what it says and its error.
func tagging(t *testing.T, config string, args ...string) (string, error) {
	t.Helper()
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"tag", "--config", config}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTag(t *testing.T) {
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		s.Database(t, "guardrail")
		s.Exec(t, "DROP DATABASE guardrail")
		s.User(t, "guardrail")
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "policies"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "control.pw"), []byte(mysqltest.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config := filepath.Join(dir, "guardrail.yaml")
		text := fmt.Sprintf("environment: production\nlisteners: [{address: 127.0.0.1:0}]\nbackends:\n  main:\n    address: %q\n    tls: {mode: disabled}\n    control: {user: guardrail, password_file: control.pw}\n", s.Addr())
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		says := func(out string, err error, wantErr string, words ...string) {
			t.Helper()
			if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
				t.Fatalf("error %v, want %q", err, wantErr)
			}
			for _, w := range words {
				if !strings.Contains(out, w) {
					t.Errorf("it does not say %q: %s", w, out)
				}
			}
		}
		out, err := tagging(t, config, "production")
		says(out, err, "GRANT SELECT, INSERT, UPDATE, CREATE ON guardrail.* TO 'guardrail'@'%'")
		s.Exec(t, "GRANT SELECT, INSERT, UPDATE, CREATE ON guardrail.* TO guardrail")
		out, err = tagging(t, config, "--show")
		says(out, err, "exit status 1", "backend main has no tag")
		out, err = tagging(t, config, "staging", "--replace", "production")
		says(out, err, "backend main has no tag that could be replaced: ")
		out, err = tagging(t, config, "staging", "--name", "shop", "--note", "snapshot of November")
		says(out, err, "", "backend main is staging: ", s.Version(), "for production, and lets nobody in")
		out, err = tagging(t, config, "--show", "--backend", "main")
		says(out, err, "exit status 1", "backend main is staging", "tagged by ", "name: shop", "note: snapshot of November", "lets nobody in")
		out, err = tagging(t, config, "production")
		says(out, err, "backend main is staging: ")
		says(out, err, "if that is the server you mean, and it is production from now on, add --replace staging")
		out, err = tagging(t, config, "production", "--replace", "development")
		says(out, err, "backend main is staging, not development: ")
		out, err = tagging(t, config, "production", "--replace", "staging")
		says(out, err, "", "backend main is production, not staging any more")
		out, err = tagging(t, config, "production", "--note", "again")
		says(out, err, "", "backend main is production: ")
		out, err = tagging(t, config, "--show")
		says(out, err, "", "backend main is production")
		out, err = tagging(t, config, "--backend", "mein", "production")
		says(out, err, `no backend is called "mein": there is main`)
		out, err = tagging(t, config, "producton")
		says(out, err, `neither the configuration nor a policy knows an environment "producton"; did you mean production? --force writes it all the same`)
		out, err = tagging(t, config, "--force", "--replace", "production", "producton")
		says(out, err, "", "backend main is producton, not production any more")
		shared := "app: shop\naccounts: [shop]\nenvironments: [production, production-eu]\n"
		if err := os.WriteFile(filepath.Join(dir, "policies", "shop.yaml"), []byte(shared), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err = tagging(t, config, "production-eu", "--replace", "producton")
		says(out, err, "", "backend main is production-eu, not producton any more")
		out, err = tagging(t, config)
		says(out, err, "name an environment")
		out, err = tagging(t, config, "two words")
		says(out, err, "an environment cannot be")
		aside := strings.Replace(text, "backends:\n", "backends:\n  aside: {address: \"127.0.0.1:1\"}\n  away: {address: \"127.0.0.1:1\", tls: {mode: disabled}, control: {user: guardrail, password_file: control.pw}}\n", 1)
		aside = strings.Replace(aside, "127.0.0.1:0}", "127.0.0.1:0, backend: main}, {address: 127.0.0.1:0, backend: aside}, {address: 127.0.0.1:0, backend: away}", 1)
		if err := os.WriteFile(config, []byte(aside), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, failure := range []string{"backend aside has no control account", "backend away: control account"} { // which hide main from nobody
			out, err = tagging(t, config, "--show")
			says(out, err, failure, "backend main is production-eu", "lets nobody in")
		}
	})
}
