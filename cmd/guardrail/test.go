package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// testCommand runs the tests written in policy files.
type testCommand struct {
	config  string
	server  string
	verbose bool
	covered bool
}

func newTestCommand() *cobra.Command {
	var c testCommand
	cmd := &cobra.Command{
		Use:   "test [DIRECTORY | FILE...]",
		Short: "Run the tests written in the policies",
		Long: `Run the tests written in policy files, with the reader and the judge that
enforce them. Without an argument, the policies of the configuration are tested.

A test runs in the environment it names, or in the first that its app lists.
The exit code is 0 when all tests pass, 1 when one fails, when there are
mistakes or no tests, and 2 when something could not be read.`,
		Example: `  guardrail test policies/
  guardrail test --server mariadb-10.11.19 --verbose policies/`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for its policies")
	cmd.Flags().StringVar(&c.server, "server", "mysql-9.7.4", "the server whose reading counts, as in mariadb-10.11.19")
	cmd.Flags().BoolVar(&c.covered, "coverage", false, "fail if a line of a policy is shown to work by no test")
	cmd.Flags().BoolVarP(&c.verbose, "verbose", "v", false, "tell the tests that pass, too")
	return cmd
}

func (c *testCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), "text")
	if err != nil {
		return err
	}
	server, err := sqlparse.ParseServer(c.server)
	if err != nil {
		return fmt.Errorf("--server: %w", err)
	}
	if len(args) == 0 {
		o, err := config.Load(c.config)
		if err != nil {
			return p.mistakes(err)
		}
		args = []string{o.Policies}
	}
	sources, err := readPolicies(args)
	if err != nil {
		return err
	}
	parsed, err := policy.Parse(sources)
	if err != nil {
		return p.mistakes(err)
	}
	results := policytest.Run(parsed, policytest.Options{
		Reader: sqlparse.NewReader(sqlparse.Options{}),
		Mode:   sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8},
		Now:    time.Now(),
	})
	if err := c.report(p, results); err != nil || !c.covered {
		return err
	}
	return coverage(p, parsed, results)
}

// coverage tells the lines that no test shows to work, and ends the process with 1 if there are any.
func coverage(p *printer, parsed *policy.Policy, results []policytest.Result) error {
	untested, all := policytest.Untested(parsed, results), len(policytest.Testable(parsed))
	for _, l := range untested {
		at := strictyaml.Pos{File: l.File, Line: l.Line, Col: l.Col}
		p.tell("warning", strictyaml.Mistake{Pos: at, What: fmt.Sprintf("no test shows that this %s works", l.Effect)})
	}
	_, _ = fmt.Fprintf(p.out, "%d of %s shown to work\n", all-len(untested), count(all, "line"))
	if len(untested) > 0 {
		return exitCode(1)
	}
	return nil
}

// report tells the results and ends the process with 1 unless all tests passed.
func (c *testCommand) report(p *printer, results []policytest.Result) error {
	failed := 0
	for _, r := range results {
		place := fmt.Sprintf("%s:%d:%d", r.Test.File, r.Test.Line, r.Test.Col)
		switch {
		case r.Failure != "":
			failed++
			_, _ = fmt.Fprintf(p.out, "FAIL %s: %s\n     %s\n", place, r.Failure, subject(r))
		case c.verbose:
			_, _ = fmt.Fprintf(p.out, "ok   %s: %s\n", place, subject(r))
		}
	}
	switch {
	case len(results) == 0:
		_, _ = fmt.Fprintln(p.out, "no tests: write some under the key tests")
		return exitCode(1)
	case failed > 0:
		_, _ = fmt.Fprintf(p.out, "%d of %s failed\n", failed, count(len(results), "test"))
		return exitCode(1)
	}
	_, _ = fmt.Fprintf(p.out, "%s passed\n", count(len(results), "test"))
	return nil
}

// subject is what a test is about: who does what, where.
func subject(r policytest.Result) string {
	if r.Test.Account != "" {
		return fmt.Sprintf("login of %s from %s in %s", r.Test.Account, r.Test.From, r.Environment)
	}
	where := ""
	if r.Test.Schema != "" {
		where = ", database " + r.Test.Schema
	}
	return fmt.Sprintf("%s in %s%s: %s", r.Test.App, r.Environment, where, r.Test.SQL)
}
