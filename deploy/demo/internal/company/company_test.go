package company_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/go-sql-driver/mysql"

	"guardrail/deploy/demo/internal/company"
	"guardrail/deploy/demo/internal/embedded"
)

// admin is a pool of an embedded server's root account.
func admin(t *testing.T) *sql.DB {
	t.Helper()
	s, err := embedded.Start("secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr = "root", "secret", "tcp", s.Addr()
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestCensusSeesEveryChange(t *testing.T) {
	db := admin(t)
	c := company.New(db)
	if err := c.Found(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := c.Census(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before.Rows() != 12+240+12 || before.String() != "companies 12, deals 240, sessions 12" {
		t.Errorf("the first census is %v", before)
	}
	for _, change := range []string{
		"UPDATE freee_production.deals SET amount = amount + 1 WHERE id = 7",
		"UPDATE freee_production.companies SET name = 'Ramen Oda' WHERE id = 12",
		"DELETE FROM freee_production.sessions WHERE id = 101",
	} {
		if _, err := db.Exec(change); err != nil {
			t.Fatal(err)
		}
		after, err := c.Census(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after == before {
			t.Errorf("the census is the same after %s", change)
		}
		before = after
	}
	if _, err := db.Exec("DROP DATABASE freee_production"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Census(t.Context()); !company.Gone(err) {
		t.Errorf("the census of a dropped database: %v", err)
	}
}

func TestFoundLeavesForeignThingsAlone(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"database", "CREATE DATABASE freee_production", "USE freee_production"},
		{"tag", "CREATE DATABASE guardrail", "USE guardrail"},
		{"account", "CREATE USER accounting_web@localhost IDENTIFIED BY 'theirs'", "DROP USER accounting_web@localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := admin(t)
			if _, err := db.Exec(c.before); err != nil {
				t.Fatal(err)
			}
			demo := company.New(db)
			if err := demo.Found(t.Context()); !errors.Is(err, company.ErrForeign) {
				t.Errorf("Found: %v, want ErrForeign", err)
			}
			if err := demo.Remove(t.Context()); err != nil {
				t.Errorf("Remove: %v", err)
			}
			if _, err := db.Exec(c.after); err != nil {
				t.Errorf("what was there is gone: %v", err)
			}
		})
	}
}

func TestFoundTakesOverWhatAKilledDemoLeft(t *testing.T) {
	db := admin(t)
	if err := company.New(db).Found(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := company.New(db)
	if err := again.Found(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := again.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	err := db.QueryRow("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'freee_production'").Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d databases left, %v", left, err)
	}
}
