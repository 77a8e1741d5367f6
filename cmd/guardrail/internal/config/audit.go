package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"guardrail/policy/strictyaml"
)

// Audit says where the record is kept, for how long, and what goes on when it
// cannot be written.
type Audit struct {
	Store        string // file of an SQLite database, or mysql://user@host:port/database
	PasswordFile string // of a MySQL store
	OnFailure    string // refuse_destructive, refuse_all or forward
	Retention    time.Duration
	MaxSize      int64 // in bytes
	Lines        bool  // events are written to standard error too, as JSON lines
}

// Defaults of the record.
const (
	DefaultStore     = "audit.db"
	DefaultOnFailure = "refuse_destructive"
	DefaultRetention = 90 * 24 * time.Hour
	DefaultMaxSize   = 4 << 30
)

// minSize holds an empty store with SQLite's log, which may keep as much, and the
// issues and counts that a size takes nothing of: some 10 MB.
const minSize = 64 << 20

// IsMySQL reports whether the store is a MySQL database.
func (a Audit) IsMySQL() bool { return strings.HasPrefix(a.Store, "mysql://") }

func (p parser) audit(v strictyaml.Value) Audit {
	f := v.Fields("store", "password_file", "on_failure", "retention", "max_size", "lines")
	a := Audit{
		Store:        p.store(f.Get("store")),
		PasswordFile: p.file(f.Get("password_file")),
		OnFailure:    cmp.Or(f.Get("on_failure").OneOf("refuse_destructive", "refuse_all", "forward"), DefaultOnFailure),
		Retention:    cmp.Or(f.Get("retention").Duration(), DefaultRetention),
		MaxSize:      maxSize(f.Get("max_size")),
		Lines:        !f.Get("lines").Exists() || f.Get("lines").Bool(),
	}
	if a.IsMySQL() && a.PasswordFile == "" {
		f.Get("store").Fail("a MySQL store without password_file", "name the file that holds the account's password")
	}
	if !a.IsMySQL() && a.PasswordFile != "" {
		f.Get("password_file").Fail("password_file without a MySQL store", "leave it out")
	}
	return a
}

func (p parser) store(v strictyaml.Value) string {
	text := v.Text()
	switch {
	case text == "":
		return filepath.Join(p.dir, DefaultStore)
	case !strings.Contains(text, "://"):
		return p.path(v)
	case !strings.HasPrefix(text, "mysql://"):
		v.Fail(fmt.Sprintf("%q is no store", text), "write the name of a file, or mysql://user@host:3306/database")
	}
	return text
}

func maxSize(v strictyaml.Value) int64 {
	n := size(v)
	if n > 0 && n < minSize {
		v.Fail(v.Written()+" holds no record: issues and counts alone take more", "use at least 64MiB")
	}
	return cmp.Or(n, DefaultMaxSize)
}

// size reads a number of bytes, written with its unit: 256KiB, 500MiB, 4GiB.
func size(v strictyaml.Value) int64 {
	if !v.Exists() {
		return 0
	}
	text := v.Written()
	for unit, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if digits, ok := strings.CutSuffix(text, unit); ok {
			if n, err := strconv.ParseInt(digits, 10, 32); err == nil && n > 0 {
				return n * bytes
			}
		}
	}
	v.Fail(fmt.Sprintf("%q is no size", text), "write it as 500MiB or 4GiB")
	return 0
}

// String writes the record's configuration as guardrail.yaml would.
func (a Audit) String() string {
	password := ""
	if a.PasswordFile != "" {
		password = ", password_file: " + quoted(a.PasswordFile)
	}
	return fmt.Sprintf("audit: {store: %s%s, on_failure: %s, retention: %s, max_size: %dMiB, lines: %v}\n",
		quoted(a.Store), password, a.OnFailure, days(a.Retention), a.MaxSize>>20, a.Lines)
}

// days writes a length of time in days where it is whole days.
func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}
