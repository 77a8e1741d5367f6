package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/policy/rehearse"
)

// suggestCommand writes the least policy that lets recorded traffic pass.
type suggestCommand struct {
	trafficFlags
	config      string
	policies    string
	app         string
	environment string
	at          string
	wide        bool
	refused     bool
}

func newSuggestCommand() *cobra.Command {
	var c suggestCommand
	cmd := &cobra.Command{
		Use:   "suggest --app NAME --against RECORD",
		Short: "Write the least policy that lets an app's recorded traffic pass",
		Long: `Write the least policy that would have let an app's recorded traffic pass: its
grants, each with how often it was needed and by what, and what can be required
of it without harm. What only some environments sent is granted there alone.
What was refused each time it came is left out (--refused
takes it in). Below it stand the grants of the present policy that nothing in
the record needs.

The record shows what has been, not what is meant: a month end, or a rarely used
page, may be missing. Read it before you commit it.

The exit code is 0, and 2 when something could not be read.`,
		Example: `  guardrail suggest --app accounting-web --against guardrail.yaml
  guardrail suggest --app accounting-web --against traffic.jsonl --databases > policies/accounting-web.yaml
  guardrail suggest --app accounting-web --against traffic.jsonl --policies policies/ --environment staging`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for the present policies")
	f.StringVar(&c.policies, "policies", "", "the present policies, in place of the configuration's")
	c.trafficFlags.add(cmd)
	f.StringVar(&c.app, "app", "", "the app whose traffic it is")
	f.StringVar(&c.environment, "environment", "", "only the traffic of one environment")
	f.StringVar(&c.at, "at", "", "a moment in place of now, as in 2026-12-01T09:00:00+09:00")
	f.BoolVar(&c.refused, "refused", false, "let pass too what was refused each time it came")
	f.BoolVar(&c.wide, "databases", false, "grant on whole databases in place of single tables")
	return cmd
}

func (c *suggestCommand) run(cmd *cobra.Command) error {
	if c.app == "" {
		return errors.New("--app is missing: name the app whose traffic it is")
	}
	now, err := momentOf(c.at)
	if err != nil {
		return err
	}
	all, err := c.read(cmd.Context(), cmd.InOrStdin(), now)
	if err != nil {
		return err
	}
	entries := slices.DeleteFunc(slices.Clone(all), func(e rehearse.Entry) bool {
		return e.App != c.app || c.environment != "" && e.Environment != c.environment
	})
	if len(entries) == 0 {
		return fmt.Errorf("no traffic of app %s in %s; it has %s", c.app, c.against, strings.Join(appsOf(all), ", "))
	}
	s := newSuggestion(c.app, entries, c.wide, c.refused)
	s.tell(cmd.OutOrStdout())
	present, err := c.present()
	if err != nil {
		return err
	}
	s.tellUnused(cmd.OutOrStdout(), present)
	return nil
}

// appsOf names the apps and environments of a record.
func appsOf(entries []rehearse.Entry) []string {
	var names []string
	for _, e := range entries {
		names = append(names, e.App+" in "+e.Environment)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// present are the policies in force. There need not be any: nil then.
func (c *suggestCommand) present() (*policy.Policy, error) {
	path := c.policies
	if path == "" {
		o, err := config.Load(c.config)
		if err != nil {
			return nil, nil // no configuration beside the record
		}
		path = o.Policies
	}
	return parsePolicies(path)
}
