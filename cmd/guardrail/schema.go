package main

import (
	"embed"
	"errors"
	"slices"

	"github.com/spf13/cobra"
)

// schemas are the JSON Schemas of the two kinds of files that people write. A
// test holds them against the loaders.
//
//go:embed schemas/*.schema.json
var schemas embed.FS

func newSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema policy|config",
		Short: "Print the JSON Schema of policy files or of guardrail.yaml, for editors",
		Long: `Print the JSON Schema (draft 7) of policy files or of guardrail.yaml. Editors
with yaml-language-server (VS Code, Neovim, IntelliJ, Emacs) complete keys, show
what they mean and mark mistakes with it.

The schema knows the shape of the files; guardrail check knows all the rest:
verbs and objects, other files, dates that have passed.`,
		Example: `  guardrail schema policy > policy.schema.json
  guardrail schema config > config.schema.json

  # then, in VS Code's settings.json:
  #   "yaml.schemas": {"policy.schema.json": "policies/*.yaml", "config.schema.json": "guardrail.yaml"}
  # or as the first line of a file:
  #   # yaml-language-server: $schema=../policy.schema.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(cmd.ValidArgs, args[0]) {
				return errors.New("say which schema: policy or config")
			}
			return nil
		},
		ValidArgs: []string{"policy", "config"},
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := schemas.ReadFile("schemas/" + args[0] + ".schema.json")
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
