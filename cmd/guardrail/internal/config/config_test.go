package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/sqlparse"
)

// TestMistakes holds one fixture per mistake: a configuration that ends in the
// comments "# want LINE:COL: text", one for each mistake to be told.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, l := range strings.Split(string(text), "\n") {
				if w, ok := strings.CutPrefix(l, "# want "); ok {
					want = append(want, file+":"+w)
				}
			}
			o, err := config.Parse(file, text)
			if err == nil {
				t.Fatal("no mistake found")
			}
			if !reflect.DeepEqual(o, config.Options{}) {
				t.Error("half-loaded")
			}
			if got := err.Error(); got != strings.Join(want, "\n") {
				t.Errorf("\n got %s\nwant %s", got, strings.Join(want, "\n"))
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	o, err := config.Parse("testdata/guardrail.yaml", []byte(`
environment: production
listeners: [{address: 0.0.0.0:3306}]
backends: {main: {address: db.example.com:3306}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Options{
		File:        "testdata/guardrail.yaml",
		Environment: "production",
		Listeners:   []config.Listener{{Address: "0.0.0.0:3306", Backend: "main"}},
		Backends:    []config.Backend{{Name: "main", Address: "db.example.com:3306", TLS: config.BackendTLS{Mode: "verify_identity"}, Identity: config.Identity{Tag: "required"}}},
		Policies:    "testdata/policies",
		Admin:       config.Admin{Address: "127.0.0.1:9104"},
		Audit: config.Audit{
			Store: "testdata/audit.db", OnFailure: "refuse_destructive", Retention: 90 * 24 * time.Hour, MaxSize: 4 << 30, Lines: true,
		},
		Reading: sqlparse.Limits{Text: 128 << 20, Tokens: 1 << 20, Parse: 256 << 10, Depth: 200, Joins: 1000},
	}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("\n got %+v\nwant %+v", o, want)
	}
}

func TestAllKeys(t *testing.T) {
	o, err := config.Parse("testdata/guardrail.yaml", []byte(`
environment: staging
listeners:
  - {address: "[::]:3306", backend: b, tls: {cert: tls.crt, key: tls.key, client_ca: ca.pem, required: true}}
  - {address: "127.0.0.1:0", backend: a, tls: {cert: "", key: "", client_ca: "", required: false}, proxy_protocol_from: [10.0.0.0/16, "fd00::/8"]}
  - {address: "unix:guardrail.sock", backend: a}
backends:
  b: {address: "db-b:3306", tls: {mode: verify_ca, ca: ca.pem}, control: {user: guardrail, password_file: ca.pem}, identity: {tag: none}, annotate_statements: true}
  a: {address: "10.0.0.5:3307", tls: {mode: disabled}, proxy_protocol: v2, annotate_statements: comment}
policies: policies
admin: {address: "0.0.0.0:9104", metrics_address: "0.0.0.0:9105", tls: {cert: tls.crt, key: tls.key}, users: users, trusted_header: {name: x-forwarded-user, from: [10.0.1.7/24]}, profiles: true}
audit: {store: "mysql://guardrail@records:3306/audit", password_file: ca.pem, on_failure: refuse_all, retention: 30d, max_size: 500MiB, lines: false}
reading: {max_text: 1GiB, max_parsed: 100KiB, max_tokens: 5000, max_depth: 50, max_joins: 60}
`))
	if err != nil {
		t.Fatal(err)
	}
	const want = `environment: staging
listeners:
  - address: "[::]:3306"
    backend: b
    tls: {cert: "testdata/tls.crt", key: "testdata/tls.key", client_ca: "testdata/ca.pem", required: true}
  - address: "127.0.0.1:0"
    backend: a
    tls: {cert: "", key: "", client_ca: "", required: false} # a self-signed certificate is made at start
    proxy_protocol_from: ["10.0.0.0/16", "fd00::/8"]
  - address: "unix:testdata/guardrail.sock"
    backend: a
    tls: {cert: "", key: "", client_ca: "", required: false} # a self-signed certificate is made at start
backends:
  a:
    address: "10.0.0.5:3307"
    tls: {mode: disabled, ca: "", follow_client: false}
    proxy_protocol: v2
    identity: {tag: optional}
    annotate_statements: comment
  b:
    address: "db-b:3306"
    tls: {mode: verify_ca, ca: "testdata/ca.pem", follow_client: false}
    control: {user: "guardrail", password_file: "testdata/ca.pem"}
    identity: {tag: none}
    annotate_statements: true
policies: "testdata/policies"
admin: {address: "0.0.0.0:9104", metrics_address: "0.0.0.0:9105", tls: {cert: "testdata/tls.crt", key: "testdata/tls.key"}, users: "testdata/users", trusted_header: {name: X-Forwarded-User, from: [10.0.1.0/24]}, profiles: true}
audit: {store: "mysql://guardrail@records:3306/audit", password_file: "testdata/ca.pem", on_failure: refuse_all, retention: 30d, max_size: 500MiB, lines: false}
reading: {max_text: 1024MiB, max_parsed: 100KiB, max_tokens: 5000, max_depth: 50, max_joins: 60}
`
	if got := o.String(); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if b, ok := o.Backend("b"); !ok || b.Address != "db-b:3306" {
		t.Errorf("backend b: %+v", b)
	}
	if _, ok := o.Backend("c"); ok {
		t.Error("there is a backend c")
	}
}

func TestClientCARequiresTLS(t *testing.T) {
	o, err := config.Parse("testdata/guardrail.yaml", []byte(`
environment: production
listeners: [{address: 0.0.0.0:3306, tls: {client_ca: ca.pem}}]
backends: {main: {address: db.example.com:3306}}
`))
	if err != nil || !o.Listeners[0].TLS.Required {
		t.Errorf("TLS is not required with a client_ca: %+v, %v", o, err)
	}
}

func TestLoadAbsentFile(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "absent.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzLoadConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no corpus", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := config.Parse("testdata/guardrail.yaml", text)
		if err != nil && !reflect.DeepEqual(o, config.Options{}) {
			t.Error("half-loaded")
		}
		if err == nil && (o.Environment == "" || len(o.Listeners) == 0 || len(o.Backends) == 0) {
			t.Errorf("loaded without what is required: %+v", o)
		}
	})
}

// A proxy whose policies are gone can still be asked how it does.
func TestLoadAside(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guardrail.yaml")
	text := "environment: qa\nlisteners: [{address: 127.0.0.1:0}]\nbackends: {main: {address: db:3306}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file); err == nil || !strings.Contains(err.Error(), "no directory") {
		t.Errorf("with policies: %v", err)
	}
	if o, err := config.LoadAside(file); err != nil || o.Environment != "qa" || filepath.Base(o.Policies) != "policies" {
		t.Errorf("aside: %+v, %v", o, err)
	}
	if err := os.WriteFile(file, []byte(text+"policys: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.LoadAside(file); err == nil || !strings.Contains(err.Error(), "unknown key policys") {
		t.Errorf("other mistakes: %v", err)
	}
}
