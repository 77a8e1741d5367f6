package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"guardrail/cmd/guardrail/internal/config"
	"guardrail/policy/rehearse"
	"guardrail/policy/traffic"
	"guardrail/sqlparse"
)

// trafficFlags say which record of traffic a command looks at.
type trafficFlags struct {
	against      string
	passwordFile string
}

// add adds the flags to a command.
func (f *trafficFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.against, "against", "", "the record of traffic: a guardrail.yaml, whose store it is; a store, audit.db or mysql://user@host:port/database; lines of JSON, - from standard input")
	flags.StringVar(&f.passwordFile, "password-file", "", "file with the password of a mysql:// store")
}

// read reads the record.
func (f *trafficFlags) read(ctx context.Context, stdin io.Reader, now time.Time) ([]rehearse.Entry, error) {
	if f.against == "" {
		return nil, errors.New("--against is missing: name a record of traffic, a guardrail.yaml, a store or lines of JSON")
	}
	records, err := f.records(ctx, stdin)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s: no traffic in it", f.against)
	}
	entries, err := rehearse.Read(records, sqlparse.NewReader(sqlparse.Options{}), now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.against, err)
	}
	return entries, nil
}

func (f *trafficFlags) records(ctx context.Context, stdin io.Reader) ([]traffic.Record, error) {
	switch {
	case f.against == "-":
		return trafficLines(f.against, stdin)
	case strings.HasPrefix(f.against, "mysql://"):
		return storedTraffic(ctx, config.Audit{Store: f.against, PasswordFile: f.passwordFile})
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(f.against)):
		o, err := config.LoadAside(f.against)
		if err != nil {
			return nil, err
		}
		return storedTraffic(ctx, o.Audit)
	}
	in, err := os.Open(f.against)
	if err != nil {
		return nil, fmt.Errorf("read traffic: %w", err)
	}
	defer func() { _ = in.Close() }()
	head := bufio.NewReader(in)
	if magic, _ := head.Peek(len(sqliteMagic)); string(magic) == sqliteMagic {
		return storedTraffic(ctx, config.Audit{Store: f.against})
	}
	return trafficLines(f.against, head)
}

// sqliteMagic is what an SQLite database begins with.
const sqliteMagic = "SQLite format 3\x00"

// trafficLines reads lines of JSON.
func trafficLines(name string, in io.Reader) (records []traffic.Record, err error) {
	err = traffic.Read(in, func(r traffic.Record) { records = append(records, r) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return records, nil
}

// storedTraffic reads what a store holds of all apps.
func storedTraffic(ctx context.Context, from config.Audit) ([]traffic.Record, error) {
	store, err := openStore(from)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return store.Traffic(ctx, "")
}

// perDay says how often something came, on the average day of a record.
func perDay(count uint64, days float64) string {
	n := uint64(float64(count)/days + 0.5)
	if n == 0 {
		return "less than 1 a day"
	}
	return grouped(n) + " a day"
}

// wholeDays says how long a record lasts.
func wholeDays(days float64) string { return count(int(days+0.5), "day") }

// grouped writes a number as people read it: 1,234,567.
func grouped(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// totalOf is how often entries came, all together.
func totalOf(entries []rehearse.Entry) uint64 {
	var n uint64
	for _, e := range entries {
		n += e.Count
	}
	return n
}

// shown is what is shown of an entry's text, in one line of at most limit bytes.
func shown(e *rehearse.Entry, limit int) string {
	text := e.Example
	if text == "" {
		text = e.Masked
	}
	text = strings.Join(strings.Fields(strings.Map(graphic, text)), " ")
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

// graphic keeps what a file of YAML may hold.
func graphic(r rune) rune {
	if !unicode.IsGraphic(r) {
		return ' '
	}
	return r
}
