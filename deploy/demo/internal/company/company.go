// Package company is the production database of the story: three tables, some hundred rows, and the accounts that work
// on it. It makes them on a server, tells whether every row is still there, and removes them again.
package company

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Database is the one that was dropped.
const Database = "freee_production"

// marker is a table that only the demo makes: a database of the same name without it belongs to somebody else.
const marker = "guardrail_demo"

// App is the account of the application. As in the story, the server lets it do everything to the database.
const App = "accounting_web"

// Company is the database on one server.
type Company struct {
	admin    *sql.DB
	password string
	made     bool // database and account are ours to remove
}

// New takes a pool of an account that may create and drop databases and accounts.
func New(admin *sql.DB) *Company { return &Company{admin: admin, password: newPassword()} }

// Password is that of [App], made anew for every run.
func (c *Company) Password() string { return c.password }

// newPassword has letters of both cases, digits and a symbol, as password policies want them.
func newPassword() string { return "Dm-1" + rand.Text()[:12] + "z" }

// ErrForeign says that the server holds a database or an account of the demo's names which the demo did not make.
var ErrForeign = errors.New("not the demo's")

// Found makes the database, its rows and the account. It returns [ErrForeign], and changes nothing, if either is there
// already and was not left behind by a demo that was killed.
func (c *Company) Found(ctx context.Context) error {
	if err := c.refuseForeign(ctx); err != nil {
		return err
	}
	c.made = true
	if err := c.Refill(ctx); err != nil {
		return err
	}
	return c.account(ctx)
}

// refuseForeign looks at what is there before anything is changed.
func (c *Company) refuseForeign(ctx context.Context) error {
	there, err := c.exists(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '"+Database+"'")
	if err != nil {
		return err
	}
	tagged, err := c.exists(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'guardrail'")
	if err != nil {
		return err
	}
	ours, err := c.exists(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '"+Database+"' AND TABLE_NAME = '"+marker+"'")
	if err != nil {
		return err
	}
	if there && !ours {
		return fmt.Errorf("a database %s exists on this server: %w", Database, ErrForeign)
	}
	if tagged && !ours {
		return fmt.Errorf("a database guardrail, with the tag of this server's environment, exists: %w", ErrForeign)
	}
	account, err := c.exists(ctx, "SELECT COUNT(*) FROM mysql.user WHERE User = '"+App+"'")
	if err != nil {
		return err
	}
	if account && !ours {
		return fmt.Errorf("an account %s exists on this server: %w", App, ErrForeign)
	}
	return nil
}

func (c *Company) exists(ctx context.Context, count string) (bool, error) {
	var n int
	err := c.admin.QueryRowContext(ctx, count).Scan(&n)
	return n > 0, err
}

// account makes the application's account, with every right on the database that the server knows.
func (c *Company) account(ctx context.Context) error {
	return c.execute(ctx,
		"DROP USER IF EXISTS '"+App+"'@'%'",
		"CREATE USER '"+App+"'@'%' IDENTIFIED BY '"+c.password+"'",
		"GRANT ALL ON "+Database+".* TO '"+App+"'@'%'",
		"GRANT SELECT ON guardrail.* TO '"+App+"'@'%'")
}

// Refill makes the database anew with its first rows.
func (c *Company) Refill(ctx context.Context) error {
	err := c.execute(ctx,
		"DROP DATABASE IF EXISTS "+Database,
		"CREATE DATABASE "+Database,
		"CREATE TABLE "+Database+"."+marker+" (note VARCHAR(100) NOT NULL PRIMARY KEY)",
		"INSERT INTO "+Database+"."+marker+" VALUES ('made by the demo of Guardrail, which may drop it')",
		"CREATE TABLE "+Database+".companies (id INT PRIMARY KEY, name VARCHAR(100) NOT NULL)",
		"CREATE TABLE "+Database+".deals (id INT PRIMARY KEY AUTO_INCREMENT, company_id INT NOT NULL, amount DECIMAL(12,2) NOT NULL, booked DATE NOT NULL)",
		"CREATE TABLE "+Database+".sessions (id INT PRIMARY KEY, company_id INT NOT NULL)")
	if err != nil {
		return err
	}
	return c.rows(ctx)
}

// rows fills the tables: a dozen customers, each with a ledger.
func (c *Company) rows(ctx context.Context) error {
	first := time.Date(2013, time.January, 4, 0, 0, 0, 0, time.UTC)
	names := []string{"Aoki Books", "Bakery Chidori", "Cafe Daikoku", "Dental Endo", "Flowers Fuji", "Garage Goto",
		"Hotel Hamada", "Imports Ishii", "Jazz Bar Kato", "Kimono Mori", "Laundry Noda", "Ramen Ota"}
	for i, name := range names {
		id := i + 1
		if err := c.execute(ctx, fmt.Sprintf("INSERT INTO %s.companies VALUES (%d, '%s')", Database, id, name),
			fmt.Sprintf("INSERT INTO %s.sessions VALUES (%d, %d)", Database, 100+id, id)); err != nil {
			return err
		}
		insert := "INSERT INTO " + Database + ".deals (company_id, amount, booked) VALUES "
		for n := range 20 {
			if n > 0 {
				insert += ", "
			}
			insert += fmt.Sprintf("(%d, %d.%02d, '%s')", id, 1000+37*n*id, (13*n*id)%100, first.AddDate(0, 0, 7*n+i).Format(time.DateOnly))
		}
		if err := c.execute(ctx, insert); err != nil {
			return err
		}
	}
	return nil
}

// Remove drops what [Company.Found] made, and nothing otherwise.
func (c *Company) Remove(ctx context.Context) error {
	if !c.made {
		return nil
	}
	return c.execute(ctx, "DROP DATABASE IF EXISTS "+Database, "DROP DATABASE IF EXISTS guardrail", "DROP USER IF EXISTS '"+App+"'@'%'")
}

// execute runs statements in order as the administrator.
func (c *Company) execute(ctx context.Context, statements ...string) error {
	for _, text := range statements {
		if _, err := c.admin.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("the demo's own administrator: %w", err)
		}
	}
	return nil
}

// Gone tells whether an error says that the database or a table in it does not exist.
func Gone(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1049 || e.Number == 1146)
}
