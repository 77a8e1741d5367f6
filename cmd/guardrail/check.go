package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
)

// checkCommand reads configuration and policies and tells what is wrong.
type checkCommand struct {
	config    string
	format    string
	effective bool
	strict    bool
}

func newCheckCommand() *cobra.Command {
	var c checkCommand
	cmd := &cobra.Command{
		Use:   "check [DIRECTORY | FILE...]",
		Short: "Read the configuration and the policies, and show every mistake",
		Long: `Read the configuration and its policies, show every mistake with its place and
what to write instead, and the effective configuration when there is none.

With a directory or files, only these policies are read. Files given by name
are read together, as if they were a directory.

Warnings tell what is allowed and most likely not meant: grants that nothing can
use, grants over everything, exceptions that have ended. They do not change the
exit code, unless --strict is given.

The exit code is 0 when all is well, 1 when there are mistakes, and 2 when
something could not be read.`,
		Example: `  guardrail check --config /etc/guardrail/guardrail.yaml
  guardrail check --effective policies/
  guardrail check --format github policies/everyone.yaml policies/accounting-web.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file")
	cmd.Flags().StringVar(&c.format, "format", "text", "how mistakes are told: "+formats)
	cmd.Flags().BoolVar(&c.effective, "effective", false, "show what holds for each app, in each environment or in the configuration's")
	cmd.Flags().BoolVar(&c.strict, "strict", false, "take warnings for mistakes")
	return cmd
}

func (c *checkCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), c.format)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return c.policies(p, args, "")
	}
	o, err := config.Load(c.config)
	if err != nil {
		return p.mistakes(err)
	}
	if err := c.policies(p, []string{o.Policies}, o.Environment); err != nil {
		return err
	}
	if p.format == "text" {
		_, _ = fmt.Fprintf(p.out, "\neffective configuration:\n%s", o)
	}
	return nil
}

// policies checks policy files, for an environment if one is given.
func (c *checkCommand) policies(p *printer, paths []string, environment string) error {
	sources, err := readPolicies(paths)
	if err != nil {
		return err
	}
	parsed, err := policy.Parse(sources)
	if err != nil {
		return p.mistakes(err)
	}
	environments := parsed.Environments()
	if environment != "" {
		environments = []string{environment}
	}
	sets := make([]*policy.Set, 0, len(environments))
	for _, e := range environments {
		set, err := parsed.Compile(e)
		if err != nil {
			return err
		}
		sets = append(sets, set)
	}
	warnings := parsed.Warnings(time.Now())
	for _, w := range warnings {
		p.tell("warning", w)
	}
	if p.format == "text" {
		_, _ = fmt.Fprintf(p.out, "%s of %s, no mistakes, %s\n", count(len(sources), "policy file"), count(len(parsed.Apps()), "app"), count(len(warnings), "warning"))
	}
	if c.effective {
		for _, set := range sets {
			tellEffective(p.out, set)
		}
	}
	if c.strict && len(warnings) > 0 {
		return exitCode(1)
	}
	return nil
}

// readPolicies reads the policy files of one directory, or files given by name.
func readPolicies(paths []string) ([]policy.Source, error) {
	if len(paths) == 1 {
		if info, err := os.Stat(paths[0]); err == nil && info.IsDir() {
			return policy.ReadDir(paths[0])
		}
	}
	var sources []policy.Source
	for _, path := range paths {
		s, err := policy.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}
