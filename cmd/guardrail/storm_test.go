package main

import (
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

const stormPolicy = `app: accounting-web
accounts: [accounting_web]
environments: [production]
grants:
  - SELECT, DELETE ON accounting.*
`

// A proxy is killed while real clients delete rows and are refused: every row
// that is gone was recorded before, and every refusal that a client saw is
// counted, or counted as missing.
func TestKilledWithRealClients(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	server.Exec(t, "CREATE TABLE accounting.deals (id INT PRIMARY KEY)",
		"SET SESSION cte_max_recursion_depth = 200000", "INSERT INTO accounting.deals WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s")
	dir, admin := t.TempDir(), freeAddress(t)
	s := served{t: t, address: freeAddress(t), policies: filepath.Join(dir, "policies"), store: filepath.Join(dir, "audit.db")}
	s.write("accounting-web.yaml", stormPolicy)
	backend := fmt.Sprintf("{address: %q, tls: {mode: disabled}, identity: {tag: none}}", server.Addr())
	page := fmt.Sprintf("admin: {address: %q}\n", admin)
	proxy := exec.Command("guardrail", "serve", "--config", s.configure(dir, backend, page))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill() })
	s.until("it is ready", func() bool {
		response, err := http.Get("http://" + admin + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})

	refused := s.storm(t, func() error { return proxy.Process.Kill() })
	_ = proxy.Wait()
	var left int64
	if err := server.Admin().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM accounting.deals").Scan(&left); err != nil {
		t.Fatal(err)
	}
	deleted := 900 - left

	serveIn(t, dir, server.Addr(), page, "http://"+admin+"/readyz") // it looks what the one before has lost
	store, err := audit.Open(s.store, "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	sum := func(decisions ...audit.Decision) (n int64) {
		issues, _, err := store.Issues(t.Context(), audit.Filter{Decisions: decisions}, audit.ByLast, 100, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range issues {
			n += i.Events
		}
		return n
	}
	s.until("what is missing is recorded", func() bool { return sum(audit.Refused)+sum(audit.RecordGap) >= refused })
	recorded, counted := sum(audit.AllowedDestructive), sum(audit.Refused)+sum(audit.RecordGap)
	t.Logf("%d rows deleted, %d recorded; %d refusals seen, %d counted, %d of them as missing", deleted, recorded, refused, counted, sum(audit.RecordGap))
	if deleted == 0 || recorded < deleted {
		t.Errorf("%d rows are gone, %d deletions are recorded", deleted, recorded)
	}
	if refused == 0 || counted < refused || counted > refused+2*stormClients { // of the last ones no client heard; a proxy's start is an event, too
		t.Errorf("clients saw %d refusals, %d are counted", refused, counted)
	}
}

const stormClients = 4

// storm has clients delete rows one by one and be refused in between, kills the
// proxy when they are at it, and returns how many refusals they saw.
func (s served) storm(t *testing.T, kill func() error) int64 {
	db := s.open("accounting_web")
	db.SetMaxOpenConns(stormClients)
	var refused, deletions, next atomic.Int64
	var wait sync.WaitGroup
	for range stormClients {
		wait.Go(func() {
			for {
				for range 20 {
					_, err := db.Exec("DROP DATABASE accounting")
					var e *mysql.MySQLError
					if !errors.As(err, &e) || e.Number != 1044 {
						return // the proxy is gone
					}
					refused.Add(1)
				}
				if _, err := db.Exec(fmt.Sprintf("DELETE FROM accounting.deals WHERE id = %d", next.Add(1))); err != nil {
					return
				}
				deletions.Add(1)
			}
		})
	}
	s.until("the storm is on", func() bool { return deletions.Load() > 40 })
	if err := kill(); err != nil {
		t.Fatal(err)
	}
	wait.Wait()
	return refused.Load()
}
