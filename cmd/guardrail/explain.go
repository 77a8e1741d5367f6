package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/sqlparse"
)

// explainCommand says what would become of a statement, and why.
type explainCommand struct {
	config      string
	policies    string
	environment string
	app         string
	schema      string
	server      string
	lowerCase   bool
}

func newExplainCommand() *cobra.Command {
	var c explainCommand
	cmd := &cobra.Command{
		Use:   "explain --app NAME [SQL]",
		Short: "Say what would become of a statement, and which lines decide",
		Long: `Say how a statement is read, what it needs, which line of the policies grants or
refuses each need, and what would have to change. The statement is read from
standard input when it is not given.

The exit code is 0 when the statement would be forwarded, 1 when it would be
refused, and 2 when something could not be read.`,
		Example: `  guardrail explain --app accounting-web --db freee_production 'DELETE FROM deals'
  guardrail explain --policies policies/ --environment staging --app migrator < migration.sql`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args)
		},
	}
	cmd.Flags().StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for policies and environment")
	cmd.Flags().StringVar(&c.policies, "policies", "", "a directory of policies in place of the configuration's")
	cmd.Flags().StringVar(&c.environment, "environment", "", "an environment in place of the configuration's")
	cmd.Flags().StringVar(&c.app, "app", "", "the app that sends the statement")
	cmd.Flags().StringVar(&c.schema, "db", "", "the session's default database")
	cmd.Flags().StringVar(&c.server, "server", "mysql-9.7.4", "the server whose reading counts, as in mariadb-10.11.19")
	cmd.Flags().BoolVar(&c.lowerCase, "lower-case-table-names", false, "names are compared without regard to case")
	return cmd
}

func (c *explainCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), "text")
	if err != nil {
		return err
	}
	app, environment, err := c.load()
	if err != nil {
		return p.mistakes(err)
	}
	text, err := statementText(cmd.InOrStdin(), args)
	if err != nil {
		return err
	}
	server, err := sqlparse.ParseServer(c.server)
	if err != nil {
		return fmt.Errorf("--server: %w", err)
	}
	mode := sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8}
	r := policy.Request{
		Schema: c.schema, LowerCaseNames: c.lowerCase, Now: time.Now(),
		Statements: sqlparse.NewReader(sqlparse.Options{}).Read(text, mode).Statements,
	}
	tellExplanation(p.out, app, r)
	return tellVerdict(p.out, app, app.Decide(r), environment)
}

// load returns the app as the policies of the flags have it.
func (c *explainCommand) load() (app *policy.App, environment string, err error) {
	if c.app == "" {
		return nil, "", errors.New("--app is missing: name the app that sends the statement")
	}
	if c.policies == "" || c.environment == "" {
		o, err := config.Load(c.config)
		if err != nil {
			return nil, "", err
		}
		if c.policies == "" {
			c.policies = o.Policies
		}
		if c.environment == "" {
			c.environment = o.Environment
		}
	}
	set, err := policy.Load(c.policies, c.environment)
	if err != nil {
		return nil, "", err
	}
	if app = set.App(c.app); app == nil {
		return nil, "", fmt.Errorf("no app is called %s; there are %s", c.app, appNames(set))
	}
	return app, c.environment, nil
}

func appNames(set *policy.Set) string {
	var names []string
	for _, a := range set.Apps() {
		names = append(names, a.Name())
	}
	return strings.Join(names, ", ")
}

// statementText is the argument or, without one, what standard input holds.
func statementText(in io.Reader, args []string) ([]byte, error) {
	if len(args) > 0 {
		return []byte(args[0]), nil
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return text, nil
}
