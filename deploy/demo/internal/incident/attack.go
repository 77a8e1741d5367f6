package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"guardrail/deploy/demo/internal/company"
)

// drop is the statement of the incident.
const drop = "DROP DATABASE " + company.Database

// attack is one way in which the script brings its statement to a server.
type attack struct {
	name, text string
	run        func(ctx context.Context, s *Story, addr string) error
}

var attacks = []attack{
	{name: "As text", text: drop, run: text(drop)},
	{name: "As a prepared statement", text: "prepare: " + drop, run: prepared},
	{
		name: "As the second of two statements in one text",
		text: "SELECT 1; " + drop,
		run:  text("SELECT 1; " + drop),
	},
	{
		name: "Inside a comment that the server executes",
		text: "/*!50000 " + drop + " */",
		run:  text("/*!50000 " + drop + " */"),
	},
	{
		name: "Prepared by SQL, so that the statement is a string",
		text: "PREPARE s FROM '" + drop + "'; EXECUTE s",
		run:  prepareText,
	},
	{name: "With another account, the server's own administrator and its right password", text: drop, run: changedAccount},
}

// text sends a statement as it stands, on a connection that allows several in one.
func text(statement string) func(context.Context, *Story, string) error {
	return func(ctx context.Context, s *Story, addr string) error { return s.send(ctx, addr, s.app(), statement) }
}

func (s *Story) send(ctx context.Context, addr string, as Account, statement string) error {
	return s.connected(ctx, addr, as, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, statement)
		return err
	})
}

// prepared sends it with COM_STMT_PREPARE and COM_STMT_EXECUTE.
func prepared(ctx context.Context, s *Story, addr string) error {
	return s.connected(ctx, addr, s.app(), func(conn *sql.Conn) error {
		statement, err := conn.PrepareContext(ctx, drop)
		if err != nil {
			return err
		}
		defer statement.Close()
		_, err = statement.ExecContext(ctx)
		return err
	})
}

// prepareText sends it as the text of a PREPARE.
func prepareText(ctx context.Context, s *Story, addr string) error {
	return s.connected(ctx, addr, s.app(), func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "PREPARE s FROM '"+drop+"'"); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "EXECUTE s")
		return err
	})
}

// changedAccount sends it as somebody who may do everything on the server.
func changedAccount(ctx context.Context, s *Story, addr string) error {
	return s.connected(ctx, addr, s.Root, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, drop)
		return err
	})
}

// connected runs do on one new connection. After a refused statement the session must go on: the application's next
// statement works on the same connection.
func (s *Story) connected(ctx context.Context, addr string, a Account, do func(*sql.Conn) error) error {
	db, err := open(addr, a)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	refused := do(conn)
	if refused == nil {
		return nil
	}
	var n int
	if err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM deals").Scan(&n); err != nil {
		return fmt.Errorf("the session does not go on after %w: %v", refused, err)
	}
	return refused
}

// open returns a pool of connections to the company's database.
func open(addr string, a Account) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = a.User, a.Password, "tcp", addr, company.Database
	c.MultiStatements = true
	if a.Declares != "" {
		c.ConnectionAttributes = "guardrail.environment:" + a.Declares
	}
	c.TLSConfig = "preferred"     // unverified: both ends are the demo's
	c.Logger = &mysql.NopLogger{} // a refused login is part of the story, told by the story
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

func (s *Story) app() Account { return Account{User: company.App, Password: s.Company.Password()} }

// The errors with which MySQL says that somebody may not do something.
const (
	databaseAccessDenied = 1044
	accessDenied         = 1045
	tableAccessDenied    = 1142
	specificAccessDenied = 1227
)

// refusal returns what the client was told, or an error if it was told anything else than that it may not.
func refusal(err error) (string, error) {
	if err == nil {
		return "", errors.New("it was not refused")
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return "", fmt.Errorf("no refusal: %w", err)
	}
	switch e.Number {
	case databaseAccessDenied, accessDenied, tableAccessDenied, specificAccessDenied:
		return fmt.Sprintf("ERROR %d (%s): %s", e.Number, e.SQLState[:], e.Message), nil
	default:
		return "", fmt.Errorf("no refusal: %w", err)
	}
}
