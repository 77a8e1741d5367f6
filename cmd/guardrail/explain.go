package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	sqlMode     string
	at          string
	declare     string
	lowerCase   bool
	answers     explainAnswers
}

func newExplainCommand() *cobra.Command {
	var c explainCommand
	cmd := &cobra.Command{
		Use:   "explain --app NAME [SQL]",
		Short: "Say what would become of a statement, and which lines decide",
		Long: `Say how a statement is read, what it needs, which line of the policies grants or
refuses each need, and what would have to change. The statement is read from
standard input when it is not given. No server is asked: what a requirement of
ROWS or of a key hangs on is given by --rows, --primary-key and --unique-key.
Where that is missing and decides, the verdict is open. Of the configuration,
only environment and policies are read; with both flags it is not needed.

Which environment the client declares at its login is given by --declare; what a
comment of the statement declares counts as it does in the proxy.

The exit code is 0 when the statement would be forwarded, 1 when it would be
refused, and 2 when the verdict is open or something could not be read.`,
		Example: `  guardrail explain --app accounting-web --db freee_production 'DELETE FROM deals'
  guardrail explain --policies policies/ --environment staging --app migrator < migration.sql
  guardrail explain --app job-worker --db freee_production --rows 20000 'DELETE FROM jobs WHERE done = 1'
  guardrail explain --app insight --at 2026-11-22T03:00:00+09:00 'SELECT 1'
  guardrail explain --app migrator --declare staging "/*environment='staging'*/ DROP TABLE t"`,
		Args: oneStatement,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.answers.rows < 0 && cmd.Flags().Changed("rows") {
				return fmt.Errorf("--rows %d: a number of rows is not below zero", c.answers.rows)
			}
			return c.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for policies and environment")
	f.StringVar(&c.policies, "policies", "", "a directory of policies, or one file, in place of the configuration's")
	f.StringVar(&c.environment, "environment", "", "an environment in place of the configuration's")
	f.StringVar(&c.app, "app", "", "the app that sends the statement")
	f.StringVar(&c.schema, "db", "", "the session's default database")
	f.StringVar(&c.server, "server", "mysql-9.7.4", "the server whose reading counts, as in mariadb-10.11.19")
	f.StringVar(&c.sqlMode, "sql-mode", "", "the session's sql_mode, as in ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
	f.StringVar(&c.at, "at", "", "a moment in place of now, as in 2026-12-01T09:00:00+09:00")
	f.StringVar(&c.declare, "declare", "", "the environment that the client declares at its login")
	f.BoolVar(&c.lowerCase, "lower-case-table-names", false, "names are compared without regard to case")
	f.Int64Var(&c.answers.rows, "rows", -1, "how many rows the server estimates that the statement touches")
	f.StringSliceVar(&c.answers.primary, "primary-key", nil, "the columns of the table's primary key, of the type of what they are compared with")
	f.StringSliceVar(&c.answers.unique, "unique-key", nil, "the columns of a unique key of the table")
	return cmd
}

func (c *explainCommand) run(cmd *cobra.Command, args []string) error {
	p, err := newPrinter(cmd.OutOrStdout(), "text")
	if err != nil {
		return err
	}
	r, mode, err := c.request()
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
	reader := sqlparse.NewReader(sqlparse.Options{})
	lexed := sqlparse.Lex(text, mode, reader.NewTokens())
	if d, refused := tellDeclarations(p.out, app, c.declare, &lexed, r.Now); refused {
		return tellVerdict(p.out, app, d, environment)
	}
	reading := reader.ReadLexed(&lexed)
	if _, unread := reading.Unknown(); unread && clientCommand.Match(text) {
		return errDelimiter
	}
	r.Statements = reading.Statements
	r.Answers = c.answers.to(policy.Asked(app.Explain(r)), text, mode)
	tellExplanation(p.out, app, r)
	return tellVerdict(p.out, app, app.Decide(r), environment)
}

// request is what the flags say of the session, and how its server reads.
func (c *explainCommand) request() (r policy.Request, mode sqlparse.Mode, err error) {
	server, err := sqlparse.ParseServer(c.server)
	if err != nil {
		return r, mode, fmt.Errorf("--server: %w", err)
	}
	mode = sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8}
	if mode.SQLMode, err = parseSQLMode(c.sqlMode); err != nil {
		return r, mode, fmt.Errorf("--sql-mode: %w", err)
	}
	r = policy.Request{Schema: c.schema, LowerCaseNames: c.lowerCase}
	r.Now, err = momentOf(c.at)
	return r, mode, err
}

// momentOf reads the flag --at; without it, it is now.
func momentOf(at string) (time.Time, error) {
	if at == "" {
		return time.Now(), nil
	}
	moment, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return moment, fmt.Errorf("--at %q is no date with time and zone; try 2026-12-01T09:00:00+09:00", at)
	}
	return moment, nil
}

// explainAnswers are what the server would say.
type explainAnswers struct {
	rows    int64 // below 0: nothing
	primary []string
	unique  []string
}

// to returns the answers that were given to some questions about a text.
func (a explainAnswers) to(questions []policy.Question, text []byte, mode sqlparse.Mode) []policy.Answer {
	var answers []policy.Answer
	for _, q := range questions {
		switch {
		case q.Kind == policy.AskRows && a.rows >= 0:
			answers = append(answers, q.AnswerRows(uint64(a.rows), text, mode))
		case q.Kind == policy.AskRows:
			if limit, ok := q.AnswerLimit(text, mode); ok {
				answers = append(answers, limit)
			}
		case q.Kind == policy.AskKeys && len(a.primary)+len(a.unique) > 0:
			keys := []policy.Key{policy.ExactKey(true, a.primary...), policy.ExactKey(false, a.unique...)}
			answers = append(answers, policy.Answer{Question: q, Keys: keys})
		}
	}
	return answers
}

// load returns the app as the policies of the flags have it.
func (c *explainCommand) load() (app *policy.App, environment string, err error) {
	if c.app == "" {
		return nil, "", errors.New("--app is missing: name the app that sends the statement")
	}
	if c.environment == "" {
		if c.environment, err = environmentOf(c.config); err != nil {
			return nil, "", err
		}
	}
	c.policies = cmp.Or(c.policies, policiesOf(c.config))
	sources, err := readPath(c.policies)
	if err != nil {
		return nil, "", err
	}
	parsed, err := policy.Parse(sources)
	if err != nil {
		return nil, "", err
	}
	set, err := parsed.Compile(c.environment)
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
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil // which the mysql client leaves out of a file, too
}

// oneStatement takes one argument, or none.
func oneStatement(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("the statement is one argument, and here are %d: put it between quotes", len(args))
	}
	return nil
}
