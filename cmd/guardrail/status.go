package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/app"
	"guardrail/cmd/guardrail/internal/config"
)

// statusTimeout is how long a proxy may take to answer: it looks at its backends first.
const statusTimeout = 15 * time.Second

// statusCommand asks a running proxy what it enforces.
type statusCommand struct {
	config       string
	url          string
	user         string
	passwordFile string
	format       string
}

func newStatusCommand() *cobra.Command {
	var c statusCommand
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what a running proxy enforces, and how it does",
		Long: `Ask a running proxy, at its admin address, which policies it enforces and since
when, how the last load of them went, its backends with their environment tags,
its sessions, what is only observed and until when, the exceptions in force, and
how the record does.

The exit code is 0 when all is well, 1 when policies on disk are not in force, a
backend cannot be used or the record cannot be written, and 2 when the proxy does
not answer.`,
		Example: `  guardrail status
  guardrail status --config /etc/guardrail/guardrail.yaml --format json
  guardrail status --user oncall --password-file oncall.pw
  guardrail status --url http://127.0.0.1:9104`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVarP(&c.config, "config", "c", "guardrail.yaml", "configuration file, for the admin address")
	f.StringVar(&c.url, "url", "", "the admin address as a URL, in place of the configuration's")
	f.StringVar(&c.user, "user", "", "one of admin.users")
	f.StringVar(&c.passwordFile, "password-file", "", "file with that user's password")
	f.StringVar(&c.format, "format", "text", "text or json")
	return cmd
}

func (c *statusCommand) run(cmd *cobra.Command) error {
	if c.format != "text" && c.format != "json" {
		return fmt.Errorf("--format %q: use text or json", c.format)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), statusTimeout)
	defer cancel()
	s, err := c.ask(ctx)
	if err != nil {
		return err
	}
	if c.format == "json" {
		out := json.NewEncoder(cmd.OutOrStdout())
		out.SetIndent("", "  ")
		err = out.Encode(s)
	} else {
		err = tellStatus(cmd.OutOrStdout(), s)
	}
	if err == nil && !s.Well {
		return exitCode(1)
	}
	return err
}

// ask asks the proxy.
func (c *statusCommand) ask(ctx context.Context) (s app.Status, err error) {
	url, client, err := c.reach()
	if err != nil {
		return s, err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/status", nil)
	if err != nil {
		return s, err
	}
	if c.user != "" {
		password, err := os.ReadFile(c.passwordFile)
		if err != nil {
			return s, fmt.Errorf("--password-file: %w", err)
		}
		request.SetBasicAuth(c.user, strings.TrimRight(string(password), "\r\n"))
	}
	response, err := client.Do(request)
	if err != nil {
		return s, fmt.Errorf("the proxy does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return s, errors.New("the proxy asks who comes: name one of admin.users with --user and --password-file")
	default:
		return s, fmt.Errorf("the proxy answers %s", response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 16<<20)).Decode(&s); err != nil {
		return s, fmt.Errorf("the proxy's answer: %w", err)
	}
	return s, nil
}

// reach returns where the proxy answers, and what trusts its certificate.
func (c *statusCommand) reach() (url string, _ *http.Client, _ error) {
	transport := &http.Transport{}
	client := &http.Client{Transport: transport}
	if c.url != "" {
		return strings.TrimRight(c.url, "/"), client, nil
	}
	o, err := config.LoadAside(c.config)
	if err != nil {
		return "", nil, err
	}
	host, port, err := net.SplitHostPort(o.Admin.Address)
	if err != nil {
		return "", nil, err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if o.Admin.Cert == "" {
		return "http://" + net.JoinHostPort(host, port), client, nil
	}
	transport.TLSClientConfig, err = trustOnly(o.Admin.Cert, o.Admin.Key)
	return "https://" + net.JoinHostPort(host, port), client, err
}

// trustOnly trusts the certificate of a file, whatever name it is for: it is the
// proxy's own, and the proxy may be asked by another name.
func trustOnly(cert, key string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || string(s.PeerCertificates[0].Raw) != string(own.Certificate[0]) {
				return errors.New("another certificate than the configuration's answers")
			}
			return nil
		},
	}, nil
}
