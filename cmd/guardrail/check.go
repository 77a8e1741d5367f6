package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// checkCommand reads configuration and policies and tells what is wrong.
type checkCommand struct {
	config      string
	environment string
	format      string
	effective   bool
	strict      bool
}

func newCheckCommand() *cobra.Command {
	var c checkCommand
	cmd := &cobra.Command{
		Use:   "check [DIRECTORY | FILE]...",
		Short: "Read the configuration and the policies, and show every mistake",
		Long: `Read the configuration, its file of users and its policies, show every mistake
with its place and what to write instead, and the effective configuration when
there is none.

With directories or files, only these policies are read, all together, as if
they were one directory. Mistakes are told of all environments, as one file with
a mistake keeps the others out of force.

Policies may be shared by all environments. With a configuration they are judged
for its environment, with --environment for that one: warnings are those that
matter there, --effective shows what is in force there and who may not connect.

Warnings tell what is allowed and most likely not meant: grants that nothing can
use, denies that refuse nothing, requirements on what is not granted, wildcards
over everything, accounts of two apps, apps that may do nothing, session
variables and names in tests that nobody knows, exceptions and observe modes
that have ended, environments that look like a slip, tests that hang on the hour
at which they are run, and tests that pass as nobody can read their statement.
They do not change the exit code, unless --strict is given.

The exit code is 0 when all is well, 1 when there are mistakes, and 2 when
something could not be read.`,
		Example: `  guardrail check --config /etc/guardrail/guardrail.yaml
  guardrail check --environment production --effective policies/
  guardrail check --format github policies/everyone.yaml policies/accounting-web.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file")
	cmd.Flags().StringVar(&c.environment, "environment", "", "judge for this environment alone; the configuration's where one is read")
	cmd.Flags().StringVar(&c.format, "format", "text", "how mistakes are told: "+formats)
	cmd.Flags().BoolVar(&c.effective, "effective", false, "show what holds for each app in each environment that is judged")
	cmd.Flags().BoolVar(&c.strict, "strict", false, "take warnings for mistakes")
	return cmd
}

func (c *checkCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), c.format)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return c.policies(p, args)
	}
	o, err := config.Load(c.config)
	if err == nil && o.Admin.Users != "" {
		p.conceal(o.Admin.Users)
		_, err = config.ReadUsers(o.Admin.Users)
	}
	if err != nil {
		return p.mistakes(withPolicies(c.config, err))
	}
	c.environment = cmp.Or(c.environment, o.Environment)
	if err := c.policies(p, []string{o.Policies}); err != nil {
		return err
	}
	if p.format == "text" {
		_, _ = fmt.Fprintf(p.out, "\neffective configuration:\n%s", o)
	}
	return nil
}

// policies checks policy files, for an environment if one is given.
func (c *checkCommand) policies(p *printer, paths []string) error {
	sources, err := readPolicies(paths)
	if err != nil {
		return err
	}
	parsed, err := policy.Parse(sources)
	if err != nil {
		return p.mistakes(err)
	}
	judged := parsed
	if c.environment != "" {
		if judged, err = parsed.In(c.environment); err != nil {
			return err
		}
	}
	now := time.Now()
	results := runTests(parsed, anyServer, c.environment)
	warnings := slices.Concat(judged.Warnings(now), policytest.Hanging(results), policytest.Unread(results))
	for _, w := range warnings {
		p.tell("warning", w)
	}
	if p.format == "text" {
		_, _ = fmt.Fprintf(p.out, "%s of %s%s, no mistakes, %s\n", count(len(sources), "policy file"), count(len(parsed.Apps()), "app"),
			c.judged(len(judged.Apps())), count(len(warnings), "warning"))
	}
	if c.effective {
		if err := tellAllEffective(p, parsed, judged.Environments(), now); err != nil {
			return err
		}
	}
	if c.strict && len(warnings) > 0 {
		return exitCode(1)
	}
	return nil
}

// anyServer is as what the tests are read that are looked for hanging on the hour: one is as good as another.
var anyServer = sqlparse.Server{Flavour: sqlparse.MySQL, Version: 90704}

// judged says for which environment was judged, and how many apps belong to it.
func (c *checkCommand) judged(apps int) string {
	if c.environment == "" {
		return ""
	}
	return fmt.Sprintf(" (%d in %s)", apps, c.environment)
}

// withPolicies adds the mistakes of the policies to those of their
// configuration, so that all are told at once. Where they lie is guessed then.
func withPolicies(configFile string, err error) error {
	var ms strictyaml.Mistakes
	if !errors.As(err, &ms) {
		return err
	}
	sources, failed := policy.ReadDir(policiesOf(configFile))
	if failed != nil {
		return err
	}
	var more strictyaml.Mistakes
	if _, wrong := policy.Parse(sources); errors.As(wrong, &more) {
		ms = append(ms, more...)
	}
	return ms
}

// policiesOf is the directory of policies of a configuration that may have mistakes.
func policiesOf(configFile string) string {
	dir := config.DefaultPolicies
	if text, err := os.ReadFile(configFile); err == nil {
		root := strictyaml.Parse(configFile, text, &strictyaml.Report{})
		dir = cmp.Or(root.Fields("policies").Get("policies").Written(), dir)
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(filepath.Dir(configFile), dir)
}
