package app

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/policy/policytest"
	"guardrail/policy/strictyaml"
	"guardrail/sqlparse"
)

// settleTimeout is the quiet time after a change of a policy file before it is loaded.
const settleTimeout = 200 * time.Millisecond

// watch loads the policies again on SIGHUP and when their files change.
func (a *App) watch() error {
	watcher, err := NewWatcher(a.config.Policies, settleTimeout)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watcher.Run(ctx, hangups, a.Reload)
	}()
	a.undo = append(a.undo, undo{"policy watcher", func(context.Context) error {
		signal.Stop(hangups)
		cancel()
		<-done
		return nil
	}})
	return nil
}

// Reload loads the policies again and has them pass their own tests. Those that
// do not leave the ones in force; the log, the metrics, /readyz and the page say
// so. Tests that fail by the hour alone are only told. At the start, failing tests
// leave the policies in force that they are of: there are no others, and an app
// must not be locked out because a test has become outdated overnight.
func (a *App) Reload(reason string) {
	now := time.Now()
	var outdated strictyaml.Mistakes
	err := a.live.Reload(func() (set *policy.Set, err error) {
		set, outdated, err = load(a.config.Policies, a.config.Environment, now)
		return set, err
	}, now)
	status := a.live.Status()
	a.metrics.Reloaded(status.LoadedAt, status.Hash, err)
	a.recordReload(now, status.Hash, err)
	if err != nil {
		a.log.Error("the policies could not be loaded; the last good ones stay in force",
			zap.String("reason", reason), zap.String("policy_hash", status.Hash), zap.Error(err))
		return
	}
	if len(outdated) > 0 {
		a.log.Warn("tests of the policies fail at this moment and pass at another; the policies are taken",
			zap.String("policy_hash", status.Hash), zap.Error(outdated))
	}
	a.log.Info("policies loaded", zap.String("reason", reason), zap.String("policy_hash", status.Hash))
}

// load reads the policies of a directory for an environment, and runs the tests
// that they have there. A policy is meant for MySQL or for MariaDB: its tests
// must pass as the newest of one of them reads.
func load(dir, environment string, now time.Time) (set *policy.Set, outdated strictyaml.Mistakes, err error) {
	sources, err := policy.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	p, err := policy.Parse(sources)
	if err != nil {
		return nil, nil, err
	}
	if set, err = p.Compile(environment); err != nil {
		return nil, nil, err
	}
	outdated, failed := tested(p, environment, now, "mysql-9.7.4")
	if failed == nil {
		return set, outdated, nil
	}
	if outdated, err = tested(p, environment, now, "mariadb-11.8.3"); err != nil {
		return nil, nil, failed
	}
	return set, outdated, nil
}

func tested(p *policy.Policy, environment string, now time.Time, version string) (outdated strictyaml.Mistakes, err error) {
	return policytest.Check(p, policytest.Options{
		Reader: sqlparse.NewReader(sqlparse.Options{}), Mode: readAs(version), Now: now, Environment: environment,
	})
}

// readAs is how a server of a version reads, in its usual mode.
func readAs(version string) sqlparse.Mode {
	server, _ := sqlparse.ParseServer(version) // none reads nothing
	return sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8}
}

// policyState tells how the policies do, in a line for /readyz.
func (a *App) policyState() string {
	status := a.live.Status()
	if status.Err != nil {
		return fmt.Sprintf("policies: those on disk were not taken at %s; the log and the page say why", status.TriedAt.UTC().Format(time.RFC3339))
	}
	return "policies: " + status.Hash
}
