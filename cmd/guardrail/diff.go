package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"guardrail/policy"
	"guardrail/policy/rehearse"
)

// diffCommand rehearses another policy against recorded traffic.
type diffCommand struct {
	trafficFlags
	format string
	at     string
	failOn []string
}

func newDiffCommand() *cobra.Command {
	var c diffCommand
	cmd := &cobra.Command{
		Use:   "diff OLD NEW --against RECORD",
		Short: "Judge recorded traffic by two policies, and show what changes",
		Long: `Judge recorded traffic by two policies, directories or files, and show what is
newly refused and what is newly allowed, with counts a day and an example. The
record is the proxy's own: its store, or what "guardrail audit --traffic" wrote.

A text is judged at the hour and day of the week at which it was last seen, so
that time windows count. What hangs on the server, an estimate of rows or a
table's keys, is shown when it newly does.

The exit code is 1 when something is newly refused (--fail-on says what else),
or when there are mistakes in a policy, and 2 when something could not be read.`,
		Example: `  guardrail diff policies/ policies-new/ --against guardrail.yaml
  git worktree add /tmp/main main && guardrail diff /tmp/main/policies policies --against traffic.jsonl
  guardrail diff --fail-on refused,allowed --format github old/ new/ --against traffic.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("name two folders of policies, the old ones and the new ones")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, args[0], args[1])
		},
	}
	c.trafficFlags.add(cmd)
	cmd.Flags().StringVar(&c.format, "format", "text", "how changes are told: "+formats)
	cmd.Flags().StringVar(&c.at, "at", "", "a moment in place of now, as in 2026-12-01T09:00:00+09:00")
	cmd.Flags().StringSliceVar(&c.failOn, "fail-on", []string{"refused"}, "the changes that make the exit code 1: refused, asked, observed, allowed")
	return cmd
}

func (c *diffCommand) run(cmd *cobra.Command, oldPath, newPath string) error {
	p, err := newPrinter(cmd.OutOrStdout(), c.format)
	if err != nil {
		return err
	}
	fail, err := verdictsOf(c.failOn)
	if err != nil {
		return err
	}
	now, err := momentOf(c.at)
	if err != nil {
		return err
	}
	entries, err := c.read(cmd.Context(), cmd.InOrStdin(), now)
	if err != nil {
		return err
	}
	before, err := parsePolicies(oldPath)
	if err != nil {
		return p.mistakes(err)
	}
	after, err := parsePolicies(newPath)
	if err != nil {
		return p.mistakes(err)
	}
	changes := rehearse.Diff(rehearse.NewPolicies(before), rehearse.NewPolicies(after), entries)
	tellChanges(p, entries, changes)
	if slices.ContainsFunc(changes, func(c rehearse.Change) bool { return fail[c.New.Verdict] }) {
		return exitCode(1)
	}
	return nil
}

// verdictsOf reads --fail-on.
func verdictsOf(words []string) (map[rehearse.Verdict]bool, error) {
	known := map[string]rehearse.Verdict{"refused": rehearse.Refused, "asked": rehearse.Asked, "observed": rehearse.Observed, "allowed": rehearse.Allowed}
	verdicts := map[rehearse.Verdict]bool{}
	for _, w := range words {
		v, ok := known[w]
		if !ok {
			return nil, fmt.Errorf("--fail-on %q: use refused, asked, observed or allowed", w)
		}
		verdicts[v] = true
	}
	return verdicts, nil
}

func parsePolicies(path string) (*policy.Policy, error) {
	sources, err := readPolicies([]string{path})
	if err != nil {
		return nil, err
	}
	return policy.Parse(sources)
}
