package main

import (
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/sqlparse"
)

// testCommand runs the tests written in policy files.
type testCommand struct {
	config  string
	server  string
	only    string // environment
	format  string
	verbose bool
	covered bool
	watch   bool
}

func newTestCommand() *cobra.Command {
	var c testCommand
	cmd := &cobra.Command{
		Use:   "test [DIRECTORY | FILE]...",
		Short: "Run the tests written in the policies",
		Long: `Run the tests written in policy files, with the reader and the judge that
enforce them. Without an argument, the policies of the configuration are tested.
Tests may stand in files of their own, beside the policies or elsewhere: a file
that holds nothing but tests.

A test runs in the environment it names, or in the first that its app lists; with
--environment only those of one environment run, and --coverage is about the
lines that are in force there. It runs at the moment it names, or now; one that
names none and hangs on the hour is warned of.

What is only observed counts as refused, unless the test expects observe. by
names any rule that refuses: its id or FILE:LINE, the verb that is missing or
denied, WHERE, ROWS, LIMIT, PRIMARY KEY, UNIQUE KEY, DECLARED ENVIRONMENT, or
not-granted, deny, during, multiple, variable, unparsed, no-database, and of
logins no-account, network, environment, declared.

The exit code is 0 when all tests pass, 1 when one fails, when there are
mistakes or no tests, and 2 when something could not be read.

With --coverage it is 1 as well while some grant, deny, requirement, exception
or limit is shown to work by no test; those lines are told. Limits that are
counted over many statements or logins cannot be tested.`,
		Example: `  guardrail test policies/
  guardrail test --coverage policies/ more-tests/accounting.yaml
  guardrail test --coverage --environment production policies/
  guardrail test --watch policies/                    # again, whenever a file changes
  guardrail test --server mariadb-10.11.19 --verbose policies/
  guardrail test --coverage --format github policies/ # annotations in a pull request`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for its policies")
	cmd.Flags().StringVar(&c.server, "server", "mysql-9.7.4", "the server whose reading counts, as in mariadb-10.11.19")
	cmd.Flags().StringVar(&c.only, "environment", "", "run the tests of this environment alone")
	cmd.Flags().StringVar(&c.format, "format", "text", "how failures are told: "+formats)
	cmd.Flags().BoolVar(&c.covered, "coverage", false, "fail if a line of a policy is shown to work by no test")
	cmd.Flags().BoolVarP(&c.verbose, "verbose", "v", false, "tell the tests that pass, too")
	cmd.Flags().BoolVarP(&c.watch, "watch", "w", false, "run again whenever a file changes, until interrupted")
	return cmd
}

func (c *testCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), c.format)
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
	if !c.watch {
		return c.test(p, server, args)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return watchFiles(ctx, args, p.out, func() {
		p.forget()
		tellFailed(p, c.test(p, server, args))
	})
}

// test runs the tests once.
func (c *testCommand) test(p *printer, server sqlparse.Server, paths []string) error {
	sources, err := readPolicies(paths)
	if err != nil {
		return err
	}
	parsed, err := policy.Parse(sources)
	if err != nil {
		return p.mistakes(err)
	}
	judged := parsed
	if c.only != "" {
		if judged, err = parsed.In(c.only); err != nil {
			return err
		}
	}
	results := runTests(parsed, server, c.only)
	failed := c.report(p, results)
	tellHanging(p, results)
	untested := policytest.Untested(judged, results)
	if c.covered {
		tellUntested(p, untested)
	}
	tellTotals(p, results, failed, len(policytest.Testable(judged)), untested, c.covered)
	tellUntestable(p, judged)
	if failed > 0 || len(results) == 0 || c.covered && len(untested) > 0 {
		return exitCode(1)
	}
	return nil
}

// runTests runs the tests of policies now, as one server reads; those of one environment if it is named.
func runTests(parsed *policy.Policy, server sqlparse.Server, environment string) []policytest.Result {
	return policytest.Run(parsed, policytest.Options{
		Reader:      sqlparse.NewReader(sqlparse.Options{}),
		Mode:        sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8},
		Now:         time.Now(),
		Environment: environment,
	})
}
