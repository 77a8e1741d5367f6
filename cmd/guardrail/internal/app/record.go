package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
)

// OpenStore opens the store that the configuration names.
func OpenStore(c config.Audit) (*audit.Store, error) {
	password := ""
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	s, err := audit.Open(c.Store, password)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return s, nil
}

// openRecord starts the recorder. It is stopped last, when nobody records any more.
func (a *App) openRecord(lines io.Writer) error {
	c := a.config.Audit
	var err error
	if a.store, err = OpenStore(c); err != nil {
		return err
	}
	if !c.Lines {
		lines = nil
	}
	registerer := metrics.In(a.config.Environment, a.registry)
	a.book, err = audit.New(audit.Options{
		Store:       a.store,
		Environment: a.config.Environment,
		OnFailure:   audit.OnFailure(c.OnFailure),
		Retention:   audit.Retention{Age: c.Retention, Size: c.MaxSize},
		Lines:       lines,
		Log:         a.log,
		Registerer:  registerer,
	})
	if err != nil {
		return errors.Join(err, a.store.Close())
	}
	ledger := audit.NewLedger(audit.LedgerOptions{Store: a.store, Source: a.traffic, Log: a.log, Registerer: registerer})
	a.undo = append(a.undo, undo{"record", func(ctx context.Context) error {
		return errors.Join(ledger.Stop(ctx), a.book.Stop(ctx), a.store.Close())
	}})
	return nil
}

// recordReload puts an attempt to load the policies into the record.
func (a *App) recordReload(at time.Time, hash string, failed error) {
	e := audit.Event{
		Time: at, Environment: a.config.Environment, Decision: audit.PolicyLoaded,
		Cause: string(audit.PolicyLoaded), Rule: string(audit.PolicyLoaded), PolicyHash: hash,
	}
	if failed != nil {
		e.Decision, e.Cause, e.Rule = audit.PolicyFailed, string(audit.PolicyFailed), string(audit.PolicyFailed)
		e.Reason, _, _ = strings.Cut(failed.Error(), "\n")
	}
	e.Identify()
	_ = a.book.Record(e) // never waits for these, and never fails
}

// recordState tells how the record does, in a line for /readyz.
func (a *App) recordState() string {
	h := a.book.Health()
	switch {
	case h.Err != nil:
		return fmt.Sprintf("record: cannot be written since %s (on_failure: %s); the log says why", h.Since.UTC().Format(time.RFC3339), a.config.Audit.OnFailure)
	case h.Killed > 0:
		return fmt.Sprintf("record: ok, but other proxies on this store were killed (%d): how many refusals are missing is not known", h.Killed)
	case h.Lost > 0:
		return fmt.Sprintf("record: ok, %d events of an earlier process are missing", h.Lost)
	}
	return "record: ok"
}
