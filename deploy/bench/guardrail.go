package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"guardrail/proxy/mysqltest"
)

// guardrailConfig fronts the server as in production: tagged, verified, with a record.
var guardrailConfig = template.Must(template.New("guardrail.yaml").Parse(`environment: production
listeners:
  - {address: "{{.Plain}}", backend: plain}
  - {address: "{{.Secure}}", backend: secure, tls: {cert: {{.Cert}}, key: {{.Key}}, required: true}}
backends:
  plain:
    address: {{.Server}}
    tls: {mode: disabled}
    control: {user: root, password_file: control.pw}
  secure:
    address: {{.Server}}
    tls: {mode: verify_identity, ca: {{.CA}}}
    control: {user: root, password_file: control.pw}
policies: policies
admin: {address: "{{.Admin}}", profiles: {{.Profiles}}}
`))

// guardrailApp is the policy of the account that makes the load, beside those of the story.
const guardrailApp = `app: bench
accounts: [` + account + `]
environments: [production]
grants:
  - SELECT, INSERT, UPDATE, DELETE ON ` + database + `.*
require:
  - WHERE FOR UPDATE, DELETE
`

func startGuardrail(ctx context.Context, b *bench, f *field) error {
	program, err := filepath.Abs(b.options.guardrail)
	if err != nil {
		return err
	}
	addrs, err := freeAddresses(3)
	if err != nil {
		return err
	}
	s := b.server
	var text bytes.Buffer
	err = guardrailConfig.Execute(&text, map[string]any{
		"Plain": addrs[0], "Secure": addrs[1], "Admin": addrs[2], "Server": s.Addr(),
		"Cert": s.CertFile(), "Key": s.KeyFile(), "CA": s.CAFile(), "Profiles": b.options.profile != "",
	})
	if err != nil {
		return err
	}
	config, err := f.write("guardrail.yaml", text.Bytes())
	if err != nil {
		return err
	}
	if _, err := f.write("control.pw", []byte(mysqltest.Password)); err != nil {
		return err
	}
	if err := f.copyPolicies(b.options.policies); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, program, "tag", "--config", config, "--backend", "plain", "production").CombinedOutput()
	if err != nil {
		return fmt.Errorf("tag: %w: %s", err, out)
	}
	pid, err := f.launch(ctx, exec.Command(program, "serve", "--config", config), "guardrail", addrs...)
	f.targets = append(f.targets, target{name: "guardrail", addr: map[security]string{plain: addrs[0], clients: addrs[1], bothLegs: addrs[1]}, admin: addrs[2], pid: pid})
	return err
}

// copyPolicies puts the story's policies and that of the load's account into the field's folder.
func (f *field) copyPolicies(from string) error {
	if err := os.Mkdir(filepath.Join(f.dir, "policies"), 0o700); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no policies in %s: %w", from, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if name := filepath.Base(file); name != "guardrail.yaml" {
			if _, err := f.write(filepath.Join("policies", name), text); err != nil {
				return err
			}
		}
	}
	_, err = f.write(filepath.Join("policies", "bench.yaml"), []byte(guardrailApp))
	return err
}
