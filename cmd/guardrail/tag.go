package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/app"
	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy"
	"guardrail/policy/strictyaml"
	"guardrail/proxy/identity"
)

// tagCommand writes or shows the environment tag inside a backend's data.
type tagCommand struct {
	config  string
	backend string
	name    string
	note    string
	replace string
	force   bool
	show    bool
}

// tagTimeout bounds a conversation with a backend.
const tagTimeout = 20 * time.Second

func newTagCommand() *cobra.Command {
	var c tagCommand
	cmd := &cobra.Command{
		Use:   "tag [ENVIRONMENT]",
		Short: "Write into a database which environment it belongs to",
		Long: `Write into a database which environment its data belongs to, or show it. The tag
is one row in the table guardrail.environment, which is made if need be; it goes
with the data, to replicas and into snapshots. A proxy lets nobody in whose
backend is tagged with another environment than the proxy's, and no app can
change the tag through a proxy.

A snapshot of production that is restored for staging is production's until it is
tagged anew, with --replace and the environment that it was of. What is tagged
otherwise is left as it is: the address may lead to another server than you think.

The backend's control account writes it. It needs
  GRANT SELECT, INSERT, UPDATE, CREATE ON guardrail.* TO 'guardrail'@'%'`,
		Example: `  guardrail tag production
  guardrail tag --backend main staging --replace production --name shop --note "snapshot of 2026-11-01"
  guardrail tag --show`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for the backend and its control account")
	f.StringVar(&c.backend, "backend", "", "which backend; may be left out where there is one")
	f.StringVar(&c.name, "name", "", "what people call the database")
	f.StringVar(&c.note, "note", "", "anything that the next reader should know")
	f.StringVar(&c.replace, "replace", "", "the environment that the database is tagged with and belongs to no more")
	f.BoolVar(&c.force, "force", false, "write an environment that looks like a slip of another")
	f.BoolVar(&c.show, "show", false, "show the tags in place of writing one; of all backends where none is named")
	return cmd
}

func (c *tagCommand) run(cmd *cobra.Command, args []string) error {
	if c.show != (len(args) == 0) {
		return errors.New("name an environment, as in guardrail tag production, or give --show")
	}
	o, err := config.LoadAside(c.config)
	if err != nil {
		return err
	}
	backends, err := c.backends(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), tagTimeout)
	defer cancel()
	if !c.show {
		return c.write(ctx, cmd, o, backends[0], args[0])
	}
	return c.printAll(ctx, cmd, o, backends)
}

// printAll shows the tags of backends. One that cannot be asked hides no other.
func (c *tagCommand) printAll(ctx context.Context, cmd *cobra.Command, o config.Options, backends []config.Backend) error {
	code, failed := error(nil), []error(nil)
	for _, b := range backends {
		right, err := c.print(ctx, cmd, o, b)
		failed = append(failed, err)
		if !right {
			code = exitCode(1)
		}
	}
	return cmp.Or(errors.Join(failed...), code)
}

// backends are those that are meant: the one that is named, the only one, or
// all that are to be shown.
func (c *tagCommand) backends(o config.Options) ([]config.Backend, error) {
	if c.backend == "" && (c.show || len(o.Backends) == 1) {
		return o.Backends, nil
	}
	var names []string
	for _, b := range o.Backends {
		if b.Name == c.backend {
			return []config.Backend{b}, nil
		}
		names = append(names, b.Name)
	}
	if c.backend == "" {
		return nil, fmt.Errorf("say which backend with --backend: %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no backend is called %q: there is %s", c.backend, strings.Join(names, ", "))
}

func control(b config.Backend) (identity.Control, error) {
	if b.Control.User == "" {
		return identity.Control{}, fmt.Errorf("backend %s has no control account: write control: {user: guardrail, password_file: control.pw} below backends.%s", b.Name, b.Name)
	}
	return app.Control(b)
}

func (c *tagCommand) write(ctx context.Context, cmd *cobra.Command, o config.Options, b config.Backend, environment string) error {
	if !identity.ValidEnvironment(environment) {
		return fmt.Errorf("an environment cannot be %q; write up to 64 letters, digits, hyphens, underscores and dots", environment)
	}
	if hint := slip(o, environment); hint != "" && !c.force {
		return fmt.Errorf("neither the configuration nor a policy knows an environment %q; %s --force writes it all the same", environment, hint)
	}
	account, err := control(b)
	if err != nil {
		return err
	}
	tag := identity.Tag{Environment: environment, Name: c.name, Note: c.note, Who: person(), When: time.Now()}
	server, earlier, err := account.Write(ctx, tag, c.replace)
	switch {
	case errors.Is(err, identity.ErrOther):
		return c.other(b, server, environment, earlier)
	case err != nil:
		return explained(b, account, err)
	}
	was := ""
	if earlier != "" && earlier != environment {
		was = ", not " + earlier + " any more"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "backend %s is %s%s: %s\n", b.Name, environment, was, server)
	if environment != o.Environment {
		fmt.Fprintf(cmd.OutOrStdout(), "a proxy with this configuration is for %s, and lets nobody in to this backend from now on\n", o.Environment)
	}
	return nil
}

// other is the error where a database is tagged otherwise than whoever tags it believes.
func (c *tagCommand) other(b config.Backend, server identity.Server, environment, earlier string) error {
	switch {
	case earlier == "":
		return fmt.Errorf("backend %s has no tag that could be replaced: %s; if that is the server you mean, leave out --replace", b.Name, server)
	case c.replace != "":
		return fmt.Errorf("backend %s is %s, not %s: %s; nothing was written", b.Name, earlier, c.replace, server)
	}
	return fmt.Errorf("backend %s is %s: %s; if that is the server you mean, and it is %s from now on, add --replace %s", b.Name, earlier, server, environment, earlier)
}

// slip says which environment was most likely meant by a name that is near
// another one: a misspelt tag shuts every proxy out of the database.
func slip(o config.Options, environment string) string {
	known := []string{o.Environment}
	if sources, err := policy.ReadDir(o.Policies); err == nil {
		if p, err := policy.Parse(sources); err == nil {
			known = append(known, p.Environments()...)
		}
	}
	if slices.Contains(known, environment) {
		return ""
	}
	return strictyaml.DidYouMean(environment, known)
}

// print shows a backend's tag, and reports whether it is the proxy's environment.
func (c *tagCommand) print(ctx context.Context, cmd *cobra.Command, o config.Options, b config.Backend) (right bool, err error) {
	account, err := control(b)
	if err != nil {
		return false, err
	}
	server, tag, err := account.Read(ctx)
	out := cmd.OutOrStdout()
	switch {
	case errors.Is(err, identity.ErrUntagged):
		fmt.Fprintf(out, "backend %s has no tag: %s\n", b.Name, server)
		return b.Identity.Tag != config.TagRequired, nil
	case err != nil:
		return false, explained(b, account, err)
	}
	fmt.Fprintf(out, "backend %s is %s: %s\n", b.Name, tag.Environment, server)
	fmt.Fprintf(out, "  tagged by %s at %s\n", tag.Who, tag.When.Format(time.RFC3339))
	for _, more := range [][2]string{{"name", tag.Name}, {"note", tag.Note}} {
		if more[1] != "" {
			fmt.Fprintf(out, "  %s: %s\n", more[0], more[1])
		}
	}
	if tag.Environment != o.Environment {
		fmt.Fprintf(out, "  this configuration is for %s: its proxy lets nobody in\n", o.Environment)
	}
	return tag.Environment == o.Environment, nil
}

// explained adds the GRANT that is missing.
func explained(b config.Backend, account identity.Control, err error) error {
	if errors.Is(err, identity.ErrDenied) {
		return fmt.Errorf("backend %s: %w; run as an administrator of the server: GRANT SELECT, INSERT, UPDATE, CREATE ON guardrail.* TO '%s'@'%%' (with the host that the account has)", b.Name, err, account.User)
	}
	return fmt.Errorf("backend %s: %w", b.Name, err)
}

// person is who is at the keyboard, as far as the machine knows.
func person() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}
