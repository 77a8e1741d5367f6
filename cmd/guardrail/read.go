package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"guardrail/sqlparse"
)

// readCommand shows how statements are understood.
type readCommand struct {
	server  string
	sqlMode string
	charset string
}

func newReadCommand() *cobra.Command {
	c := &readCommand{}
	cmd := &cobra.Command{
		Use:   "read [SQL]",
		Short: "Show how statements are read: kind, privileges needed, WHERE",
		Long: `Print how Guardrail reads a statement, as a JSON object. Where none is given,
statements are read from standard input, one JSON object a line, and each gets a
line.

A line is {"sql": "...", "sql_mode": "...", "charset": "..."}, or "b64" in place
of "sql" where the text is not UTF-8. Without sql_mode and charset, --sql-mode
and --charset count; the sql_mode "-" is that of no mode at all. Keys that say
what a server made of the statement may stand beside these.

A line that is no such object, or names a sql_mode or character set that no server
has, gives {"error": "line 3: ..."}, and the exit code is 2.`,
		Example: `  guardrail read 'DELETE FROM t WHERE 1=1'
  guardrail read --sql-mode ANSI_QUOTES 'DELETE FROM t WHERE name = "name"'
  guardrail read --server mariadb-10.11.19 < statements.jsonl`,
		Args:         oneStatement,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.run(cmd.InOrStdin(), cmd.OutOrStdout())
			}
			text := []byte(args[0]) // may be no UTF-8
			line, err := json.Marshal(readLine{B64: &text})
			if err != nil {
				return err
			}
			return c.run(bytes.NewReader(line), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&c.sqlMode, "sql-mode", "", "the session's sql_mode, as in ANSI_QUOTES,NO_BACKSLASH_ESCAPES")
	cmd.Flags().StringVar(&c.charset, "charset", "utf8mb4", "the session's character_set_client")
	cmd.Flags().StringVar(&c.server, "server", "mysql-9.7.4", "the server whose reading is asked for, as flavour-version")
	return cmd
}

// readLine is one line of input.
type readLine struct {
	SQL     *string `json:"sql,omitempty"`
	B64     *[]byte `json:"b64,omitempty"`
	SQLMode string  `json:"sql_mode"`
	Charset string  `json:"charset"`
}

// text returns the statement's bytes.
func (l readLine) text() ([]byte, error) {
	switch {
	case l.SQL != nil && l.B64 != nil:
		return nil, errors.New(`both "sql" and "b64"`)
	case l.B64 != nil:
		return *l.B64, nil
	case l.SQL != nil:
		return []byte(*l.SQL), nil
	}
	return nil, errors.New(`neither "sql" nor "b64"`)
}

// mode is the session's for a line: what it says itself, or the flags.
func (c *readCommand) mode(server sqlparse.Server, l readLine) (sqlparse.Mode, error) {
	sqlMode, err := parseSQLMode(cmp.Or(l.SQLMode, c.sqlMode))
	if err != nil {
		return sqlparse.Mode{}, err
	}
	charset, err := parseCharset(cmp.Or(l.Charset, c.charset))
	return sqlparse.Mode{Server: server, SQLMode: sqlMode, Charset: charset}, err
}

// run reads lines until the input ends. Every line gets an answer; its error
// counts the lines that could not be read.
func (c *readCommand) run(in io.Reader, out io.Writer) error {
	server, err := sqlparse.ParseServer(c.server)
	if err != nil {
		return err
	}
	if _, err := c.mode(server, readLine{}); err != nil {
		return err // a flag's
	}
	reader := sqlparse.NewReader(sqlparse.Options{})
	lines := bufio.NewReaderSize(in, 1<<20)
	buffered := bufio.NewWriter(out)
	answers := json.NewEncoder(buffered)
	answers.SetEscapeHTML(false)
	bad := 0
	for number := 1; ; number++ {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil && readErr != io.EOF {
			return errors.Join(readErr, buffered.Flush())
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			answer, err := c.readStatement(reader, server, line)
			if err != nil {
				bad++
				answer = readFailure{Error: fmt.Sprintf("line %d: %v", number, err)}
			}
			if err := answers.Encode(answer); err != nil {
				return err
			}
		}
		if lines.Buffered() == 0 || readErr == io.EOF {
			if err := buffered.Flush(); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			break
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s could not be read", count(bad, "line"))
	}
	return nil
}

// readStatement answers one line.
func (c *readCommand) readStatement(reader *sqlparse.Reader, server sqlparse.Server, line []byte) (any, error) {
	l, err := parseReadLine(line)
	if err != nil {
		return nil, err
	}
	text, err := l.text()
	if err != nil {
		return nil, err
	}
	mode, err := c.mode(server, l)
	if err != nil {
		return nil, err
	}
	return newReadAnswer(reader.Read(text, mode)), nil
}

// parseReadLine reads one line. A corpus's line has keys beside ours, which say
// what a server made of the statement; one that was meant for ours is a mistake.
func parseReadLine(line []byte) (l readLine, err error) {
	if !utf8.Valid(line) { // encoding/json would put another character in the place of a bad byte
		return l, errors.New(`a byte that is not UTF-8; give such a text as "b64"`)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	err = d.Decode(&l)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return l, fmt.Errorf("%q cannot be a %s", kind.Field, kind.Value)
	case err != nil:
		return l, fmt.Errorf("no JSON object: %w", err)
	}
	if d.More() {
		return l, errors.New("more than one JSON object")
	}
	return l, noMisspeltKey(line)
}

// noMisspeltKey returns an error where a key is one of ours but for its hyphens
// and underscores: it would be passed over.
func noMisspeltKey(line []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return fmt.Errorf("no JSON object: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		switch strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(key)) {
		case "sqlmode", "charset":
			if !strings.EqualFold(key, "sql_mode") && !strings.EqualFold(key, "charset") {
				return fmt.Errorf("unknown key %q; the keys are sql, b64, sql_mode and charset", key)
			}
		}
	}
	return nil
}
