package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
)

// Following shows what is recorded later, once.
func TestAuditFollows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.db")
	s, err := audit.Open(file, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := audit.New(audit.Options{Store: s, Environment: "production", Log: zap.NewNop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	dropped := incident()[31]
	keep := func() {
		dropped.Time = time.Now()
		if err := b.Record(dropped); err != nil {
			t.Fatal(err)
		}
	}
	keep()
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := newAuditCommand()
	cmd.SetContext(ctx)
	cmd.SetOut(out)
	cmd.SetArgs([]string{"--store", file, "-f", "--format", "json"})
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(cmd.Execute(), out.Close()) }()
	lines := bufio.NewScanner(in)
	for range 3 {
		if !lines.Scan() {
			t.Fatal("no line")
		}
		keep()
	}
	cancel()
	rest := 0
	for lines.Scan() {
		rest++
	}
	if err := <-ended; err != nil || rest > 1 {
		t.Errorf("%d lines more, %v", rest, err)
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// record is the scripts' command that fills a store with an incident: 30
// refusals of one loop, a refused login, a table dropped.
func record(file string) int {
	s, err := audit.Open(file, "")
	if err != nil {
		return 1
	}
	defer s.Close()
	b, err := audit.New(audit.Options{Store: s, Environment: "production", Log: zap.NewNop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		return 1
	}
	at := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	for i, e := range incident() {
		e.Environment, e.Backend, e.Time = "production", "main", at.Add(time.Duration(i)*time.Second)
		e.Identify()
		stored := make(chan error, 1)
		wait, err := b.Submit(&e, func(err error) { stored <- err })
		if wait {
			err = <-stored
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if wait {
			e.Rows, e.Duration = 1, 5247034*time.Nanosecond
			b.Finished(&e)
		}
	}
	if err := b.Stop(context.Background()); err != nil {
		return 1
	}
	return 0
}

func incident() []audit.Event {
	var all []audit.Event
	for range 30 {
		all = append(all, audit.Event{
			App: "accounting-web", Account: "accounting_web", Client: "10.0.0.7", Kind: "drop_db", Need: "DROP DATABASE ON accounting.*",
			Shape: "5ad1", Statement: "DROP DATABASE accounting", Decision: audit.Refused, Cause: "deny", Rule: "no-drop-database",
			RuleFile: "policies/everyone.yaml", RuleLine: 4, Code: 1044,
		})
	}
	return append(all, audit.Event{
		Account: "=cmd\x1b[2J", Client: "10.0.0.9", Decision: audit.LoginRefused, Cause: "no-account", Rule: "no-account", Code: 1045,
	}, audit.Event{
		App: "migrator", Account: "migrator", Client: "10.0.0.8", Kind: "drop_table", Shape: "77", Statement: "DROP TABLE old_1", Decision: audit.AllowedDestructive,
		Objects: []string{"accounting.old_1", "accounting.old_2"}, PolicyHash: "abc", Attributes: map[string]string{"program_name": "reset.sh"},
	})
}
