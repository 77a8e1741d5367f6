package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"

	"guardrail/proxy/mysqltest"
)

// While the record is locked by another program, nothing that destroys reaches
// the server but what was written ahead before this was known; everything else
// does, and the page, /readyz and the metric say so. Afterwards all goes on by
// itself, and everything is on record.
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
	passed := int64(0)
	deletes := func(id int) error {
		_, err := app.ExecContext(t.Context(), fmt.Sprintf("DELETE FROM deals WHERE id = %d", id))
		if err == nil {
			passed++
		}
		return err
	}
	s.until("the policy grants DELETE", func() bool { return deletes(3) == nil })

	unlock := s.lock(t)
	s.until("it is known that the record is locked", func() bool { return deletes(3) != nil })
	err := deletes(1)
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
	s.until("it goes on", func() bool { return deletes(1) == nil })
	if rows() != 1 {
		t.Errorf("%d rows are left", rows())
	}
	s.until("all is on record", func() bool { return s.destroyed(t) == passed })
}

// destroyed is how many statements that destroy were allowed, says the record.
func (s served) destroyed(t *testing.T) (n int64) {
	db, err := sql.Open("sqlite", s.store)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(t.Context(), "SELECT COALESCE(SUM(events), 0) FROM issues WHERE decision = 'allowed_destructive'").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
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
