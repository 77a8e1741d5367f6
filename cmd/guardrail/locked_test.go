package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"

	"guardrail/proxy/mysqltest"
)

// While the record is locked by another program, nothing that destroys reaches
// the server, everything else does, and the page, /readyz and the metric say
// so; afterwards all goes on by itself.
func TestNothingIsDestroyedUnrecorded(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	server.Exec(t, "CREATE TABLE accounting.deals (id INT PRIMARY KEY)", "INSERT INTO accounting.deals VALUES (1), (2)")
	s := serve(t, server.Addr())
	s.write("accounting-web.yaml", stormPolicy)
	app := s.open("accounting_web")
	rows := func() (n int) {
		if err := app.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM deals").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	s.until("the policy grants DELETE", func() bool {
		_, err := app.ExecContext(t.Context(), "DELETE FROM deals WHERE id = 3")
		return err == nil
	})

	unlock := s.lock(t)
	_, err := app.ExecContext(t.Context(), "DELETE FROM deals WHERE id = 1")
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) || refused.Number != 1105 || !strings.Contains(refused.Message, "the record cannot be written") {
		t.Errorf("while it is locked: %v", err)
	}
	if rows() != 2 {
		t.Error("a row is gone that is not on record")
	}
	for address, want := range map[string]string{"/": "The record cannot be written", "/readyz": "record: cannot be written", "/metrics": `guardrail_audit_store_up{environment="production"} 0`} {
		if text := ask(s.page + address); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %.2000s", address, want, text)
		}
	}

	unlock()
	s.until("it goes on", func() bool {
		_, err := app.ExecContext(t.Context(), "DELETE FROM deals WHERE id = 1")
		return err == nil
	})
	if rows() != 1 {
		t.Errorf("%d rows are left", rows())
	}
}

// lock locks the record, as another program would, until unlock is called.
func (s served) lock(t *testing.T) (unlock func()) {
	db, err := sql.Open("sqlite", s.store+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(text string) {
		if _, err := c.ExecContext(context.Background(), text); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN IMMEDIATE")
	return func() { run("ROLLBACK") }
}
