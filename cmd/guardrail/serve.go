package main

import (
	"context"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/app"
	"guardrail/policy"
)

func newServeCommand() *cobra.Command {
	var configFile string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Guard: accept clients and relay what their policies allow",
		Long: `Accept clients on the configured listeners, judge every statement, and relay
what the policies allow to the backend.

The policies are loaded again when their files change and on SIGHUP; a file
with mistakes, or whose tests fail, changes nothing, and the log, the page,
guardrail status and the metric guardrail_policy_last_reload_successful say so. SIGTERM and SIGINT stop.`,
		Example: "  guardrail serve --config /etc/guardrail/guardrail.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			explain := func(out io.Writer, app *policy.App, r policy.Request, environment string) {
				tellExplanation(out, app, r)
				_ = tellVerdict(out, app, app.Decide(r), environment) // the page needs no exit code
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			version, revision := buildFacts()
			return app.Run(ctx, app.Options{ConfigFile: configFile, Version: version, Revision: revision, LogTo: cmd.ErrOrStderr(), Explain: explain})
		},
	}
	cmd.Flags().StringVarP(&configFile, "config", "c", "guardrail.yaml", "configuration file")
	cmd.SetContext(context.Background())
	return cmd
}
