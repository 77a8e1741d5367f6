// Command guardrail stands in front of a MySQL server and lets through what
// the policy of each application allows.
package main

import (
	"errors"
	"fmt"
	"os"
	_ "time/tzdata" // policies name time zones, and a container has none

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:])) }

// exitCode is an error that has been told already and only ends the process.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// run carries out one command line and returns the process's exit code: 0 for
// success, 1 for a negative answer (mistakes found, tests failed), 2 for a call
// or a start that failed.
func run(args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	err := root.Execute()
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "guardrail:", err)
	return 2
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "guardrail",
		Short: "A MySQL proxy that lets through what each application's policy allows",
		Long: `Guardrail stands between applications and a MySQL or MariaDB server. It reads
every statement as the server will, checks it against the policy of the
application that sent it, and forwards it or refuses it with a MySQL error.

Start with:
  guardrail check --config guardrail.yaml    read the configuration and the policies, show every mistake
  guardrail test policies/                   run the tests written in the policies
  guardrail serve --config guardrail.yaml    guard`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newServeCommand(), newCheckCommand(), newTestCommand(), newExplainCommand(), newDiffCommand(), newSuggestCommand(), newReadCommand(), newStatusCommand(), newAuditCommand(), newTagCommand(), newSchemaCommand(), newVersionCommand())
	return root
}
