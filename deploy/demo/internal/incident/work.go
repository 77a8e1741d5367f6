package incident

import (
	"context"
	"database/sql"
	"fmt"

	"guardrail/deploy/demo/internal/company"
)

// work is an application's day: it reads, writes, and books a transfer in a transaction.
func (s *Story) work(ctx context.Context) error {
	db, err := open(s.Proxy, s.app())
	if err != nil {
		return err
	}
	defer db.Close()
	s.say("%s logs in with its own user, password and driver; only host and port are Guardrail's.", company.App)
	if err := s.read(ctx, db); err != nil {
		return fmt.Errorf("the application cannot read: %w", err)
	}
	if err := s.write(ctx, db); err != nil {
		return fmt.Errorf("the application cannot write: %w", err)
	}
	if err := s.transaction(ctx, db); err != nil {
		return fmt.Errorf("the application's transaction: %w", err)
	}
	return nil
}

func (s *Story) read(ctx context.Context, db *sql.DB) error {
	var deals int
	var sum string
	query := "SELECT COUNT(*), SUM(d.amount) FROM companies c JOIN deals d ON d.company_id = c.id WHERE c.name = ?"
	s.statement(query)
	if err := db.QueryRowContext(ctx, query, "Ramen Ota").Scan(&deals, &sum); err != nil {
		return err
	}
	s.answer("%d deals, %s", deals, sum)
	return nil
}

func (s *Story) write(ctx context.Context, db *sql.DB) error {
	insert := "INSERT INTO deals (company_id, amount, booked) VALUES (?, ?, ?)"
	s.statement(insert)
	result, err := db.ExecContext(ctx, insert, 12, "980.00", "2013-06-03")
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	s.answer("Query OK, deal %d", id)
	update := "UPDATE deals SET amount = ? WHERE id = ?"
	s.statement(update)
	if result, err = db.ExecContext(ctx, update, "1080.00", id); err != nil {
		return err
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return err
	}
	s.answer("Query OK, %d row changed", changed)
	return nil
}

func (s *Story) transaction(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	s.statement("START TRANSACTION; two UPDATEs; COMMIT")
	update := "UPDATE deals SET amount = amount + ? WHERE id = ?"
	for _, booking := range []struct{ change, id int }{{-500, 1}, {+500, 21}} {
		if _, err := tx.ExecContext(ctx, update, booking.change, booking.id); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.answer("Query OK")
	return nil
}

// insideTransaction sends the statement in a transaction with a change that is not committed. On a server that
// obeyed, it would commit the change and drop the database; refused, the transaction is still open and is rolled back.
func (s *Story) insideTransaction(ctx context.Context, before company.Census) error {
	db, err := open(s.Proxy, s.app())
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after the one below it does nothing
	s.say("The application has booked a deal and not committed it yet, when the script comes on the same connection.")
	insert := "INSERT INTO deals (company_id, amount, booked) VALUES (1, 1, '2013-06-04')"
	s.statement("START TRANSACTION; " + insert)
	if _, err := tx.ExecContext(ctx, insert); err != nil {
		return err
	}
	s.statement(drop)
	_, err = tx.ExecContext(ctx, drop)
	refused, err := refusal(err)
	if err != nil {
		return err
	}
	s.answer("%s", refused)
	s.statement("ROLLBACK")
	if err := tx.Rollback(); err != nil {
		return fmt.Errorf("the transaction did not outlive the refusal: %w", err)
	}
	s.answer("Query OK. The transaction had stayed open, and the deal is not booked.")
	return s.unchanged(ctx, before)
}
