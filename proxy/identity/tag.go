package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Schema is the database that holds the tag. The proxy lets no app change it.
const Schema = "guardrail"

// Question asks for the tag. More than one row is none.
const Question = "SELECT environment FROM guardrail.environment LIMIT 2"

// Tag says which environment a server's data belongs to. It lies in the data,
// so that replicas, snapshots and failovers carry it along.
type Tag struct {
	Environment string
	Name        string // of the database or cluster, for people; may be empty
	Who         string // set it
	When        time.Time
	Note        string
}

// ValidEnvironment reports whether a text is fit for an environment's name, as
// the configuration has it.
func ValidEnvironment(text string) bool { return environment.MatchString(text) }

var environment = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// ErrUntagged says that a server has no tag.
var ErrUntagged = errors.New("not tagged")

// ErrOther says that a server is tagged with another environment than is to be replaced.
var ErrOther = errors.New("tagged with another environment")

// ErrDenied says that the account may not read or write the tag.
var ErrDenied = errors.New("the account lacks a privilege")

// ReadTag returns a server's tag, ErrUntagged where there is none.
func ReadTag(ctx context.Context, c *sql.Conn) (Tag, error) {
	rows, err := c.QueryContext(ctx, "SELECT environment, name, who, `when`, note FROM guardrail.environment LIMIT 2")
	if err != nil {
		return Tag{}, explain("read the tag", err)
	}
	defer rows.Close()
	var tags []Tag
	for rows.Next() {
		var t Tag
		if err := rows.Scan(&t.Environment, &t.Name, &t.Who, &t.When, &t.Note); err != nil {
			return Tag{}, fmt.Errorf("read the tag: %w", err)
		}
		tags = append(tags, t)
	}
	if err := rows.Err(); err != nil {
		return Tag{}, explain("read the tag", err)
	}
	switch len(tags) {
	case 0:
		return Tag{}, ErrUntagged
	case 1:
		return tags[0], nil
	}
	return Tag{}, errors.New("read the tag: guardrail.environment has more than one row")
}

// The table of the tag, which holds one row.
const (
	createSchema = "CREATE DATABASE IF NOT EXISTS guardrail"
	createTable  = "CREATE TABLE IF NOT EXISTS guardrail.environment (" +
		"id TINYINT NOT NULL DEFAULT 1 PRIMARY KEY CHECK (id = 1), " +
		"environment VARCHAR(64) NOT NULL, name VARCHAR(190) NOT NULL, who VARCHAR(190) NOT NULL, " +
		"`when` DATETIME NOT NULL, note VARCHAR(1000) NOT NULL) " +
		"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='which environment this data belongs to: guardrail tag'"
	writeTag = "INSERT INTO guardrail.environment (id, environment, name, who, `when`, note) VALUES (1, ?, ?, ?, ?, ?) " +
		"ON DUPLICATE KEY UPDATE environment = VALUES(environment), name = VALUES(name), who = VALUES(who), `when` = VALUES(`when`), note = VALUES(note)"
)

// WriteTag tags a server anew, and makes schema and table where they are missing.
func WriteTag(ctx context.Context, c *sql.Conn, t Tag) error {
	err := write(ctx, c, t)
	if !Absent(codeOf(err)) {
		return explain("write the tag", err)
	}
	for _, text := range []string{createSchema, createTable} {
		if _, err := c.ExecContext(ctx, text); err != nil {
			return explain("make guardrail.environment", err)
		}
	}
	return explain("write the tag", write(ctx, c, t))
}

func write(ctx context.Context, c *sql.Conn, t Tag) error {
	if _, err := c.ExecContext(ctx, writeTag, t.Environment, t.Name, t.Who, t.When.UTC(), t.Note); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "COMMIT") // a server's own autocommit may be off
	return err
}

// explain makes errors that say what to do of those that have a known reason.
func explain(doing string, err error) error {
	switch code := codeOf(err); {
	case err == nil:
		return nil
	case Absent(code):
		return ErrUntagged
	case code == accessDenied || code == tableDenied || code == specificDenied:
		return fmt.Errorf("%s: %w: %w", doing, ErrDenied, err)
	case code == readOnlyOption || code == readOnlyServer:
		return fmt.Errorf("%s: this server is read-only: tag its primary, and the tag replicates: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
