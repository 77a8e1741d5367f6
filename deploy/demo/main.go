// Command demo replays the incident that Guardrail was made for: a development script that drops the production
// database, first without Guardrail, then with it. It is run by `make demo`.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"guardrail/deploy/demo/internal/company"
	"guardrail/deploy/demo/internal/guard"
	"guardrail/deploy/demo/internal/incident"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
	fmt.Println("\nEvery attempt was stopped, and nothing was lost.")
}

// run sets the stage, tells the story, leaves it standing until Ctrl-C unless ONCE=1, and clears the stage.
func run(ctx context.Context) (err error) {
	o, err := fromEnvironment()
	if err != nil {
		return err
	}
	b, err := openBackend(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	fmt.Printf("Guardrail's demo, on %v.\n", b)

	demo := company.New(b.admin)
	defer func() { err = errors.Join(err, clean(demo)) }()
	if err := demo.Found(ctx); err != nil {
		return err
	}
	story := &incident.Story{Company: demo, Server: b.addr, Root: b.root, Out: os.Stdout}
	if err := story.WithoutGuardrail(ctx); err != nil {
		return err
	}

	g, err := startGuard(ctx, o, b, "production")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	story.Proxy = g.Addr()
	if err := story.WithGuardrail(ctx); err != nil {
		return fmt.Errorf("%w\nGuardrail's log:\n%s", err, g.Log())
	}
	if err := story.WrongSides(ctx); err != nil {
		return fmt.Errorf("%w\nGuardrail's log:\n%s", err, g.Log())
	}
	if err := wrongTarget(ctx, o, b, story); err != nil {
		return err
	}
	if err := showMetrics(ctx, g); err != nil {
		return err
	}
	if o.once {
		return nil
	}
	return standBy(ctx, g, demo)
}

// wrongTarget points a proxy of another environment at the server.
func wrongTarget(ctx context.Context, o options, b *backend, story *incident.Story) (err error) {
	g, err := startGuard(ctx, o, b, "staging")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	if err := story.WrongTarget(ctx, g.Addr()); err != nil {
		return fmt.Errorf("%w\nGuardrail's log:\n%s", err, g.Log())
	}
	return nil
}

// startGuard puts Guardrail in front of the server, on its usual ports where they are free. The proxy for production
// tags the server.
func startGuard(ctx context.Context, o options, b *backend, environment string) (*guard.Guard, error) {
	listen, err := guard.Address("127.0.0.1:3307")
	if err != nil {
		return nil, err
	}
	admin, err := guard.Address("127.0.0.1:9104")
	if err != nil {
		return nil, err
	}
	options := guard.Options{
		Program:     o.program,
		Policies:    o.policies,
		Listen:      listen,
		Admin:       admin,
		Backend:     b.addr,
		BackendTLS:  b.tls,
		Environment: environment,
	}
	if environment == "production" {
		options.ControlUser, options.ControlPassword = b.root.User, b.root.Password
	}
	return guard.Start(ctx, options)
}

// showMetrics prints what Prometheus would see of the replay.
func showMetrics(ctx context.Context, g *guard.Guard) error {
	page, err := g.Metrics(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nGuardrail counted (http://%s/metrics):\n", g.Admin())
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "guardrail_refusals_total{") {
			fmt.Print("    ", line)
		}
	}
	return nil
}

// standBy leaves everything running for the user's own hands.
func standBy(ctx context.Context, g *guard.Guard, demo *company.Company) error {
	host, port, err := net.SplitHostPort(g.Addr())
	if err != nil {
		return err
	}
	fmt.Printf(`
== Try it yourself (Ctrl-C ends everything) ==

    mysql -h %s -P %s -u %s -p%s %s
    curl http://%s/metrics
    cat %s
    edit a policy in %s: it is in force when it is saved
`, host, port, company.App, demo.Password(), company.Database, g.Admin(), g.Config(), g.Policies())
	select {
	case <-ctx.Done():
		fmt.Println()
		return nil
	case <-g.Ended():
		return fmt.Errorf("guardrail has ended by itself:\n%s", g.Log())
	}
}

// clean removes what the demo made on the server, also after Ctrl-C.
func clean(demo *company.Company) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return demo.Remove(ctx)
}
