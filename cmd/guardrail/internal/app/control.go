package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/proxy"
	"guardrail/proxy/identity"
)

// tagRules are the words of identity.tag.
var tagRules = map[string]proxy.TagRule{
	config.TagRequired: proxy.TagRequired,
	config.TagOptional: proxy.TagOptional,
	config.TagNone:     proxy.TagNone,
}

// Control is the control account of a backend, with its password. It has no
// User where none is configured.
func Control(b config.Backend) (identity.Control, error) {
	if b.Control.User == "" {
		return identity.Control{}, nil
	}
	serverTLS, err := backendTLS(b.TLS.Mode, b.TLS.CA, b.Address)
	if err != nil {
		return identity.Control{}, err
	}
	password, err := os.ReadFile(b.Control.PasswordFile)
	if err != nil {
		return identity.Control{}, fmt.Errorf("control account: %w", err)
	}
	return identity.Control{
		Address: b.Address, TLS: serverTLS,
		User: b.Control.User, Password: strings.TrimRight(string(password), "\r\n"),
	}, nil
}

// detail tells what /readyz says beside yes or no: how the policies and the record
// do, and which server is behind each listener.
func (a *App) detail() string {
	lines := []string{a.policyState(), a.recordState()}
	for i, s := range a.servers {
		line := "backend " + a.config.Listeners[i].Backend + ": " + s.Identity()
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
