package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/dashboard/browsertest"
	"guardrail/proxy/mysqltest"
)

// served is a running "guardrail serve" in front of a real server.
type served struct {
	t        *testing.T
	address  string // for applications
	page     string // the page's address
	policies string
	store    string
}

const pagePolicies = `app: accounting-web
accounts: [accounting_web]
environments: [production]
grants:
  - SELECT, INSERT, UPDATE ON accounting.*
require:
  - {id: rows-by-a-column, rule: WHERE FOR UPDATE, because: "no app changes all rows at once"}
`

const pageEveryone = `deny:
  - {id: no-drop-database, rule: DROP DATABASE ON *.*, because: "restoring takes hours", environments: [production]}
`

// serve runs the command until the end of t, and waits until it is ready.
func serve(t *testing.T, backend string) served {
	t.Helper()
	admin := freeAddress(t)
	s := serveIn(t, t.TempDir(), backend, fmt.Sprintf("admin: {address: %q}\n", admin), "http://"+admin+"/readyz")
	s.page = "http://" + admin
	return s
}

// serveIn runs the command in a directory until the end of t, and waits until
// an address answers.
func serveIn(t *testing.T, dir, backend, more, answers string) served {
	t.Helper()
	s := served{t: t, address: freeAddress(t), policies: filepath.Join(dir, "policies"), store: filepath.Join(dir, "audit.db")}
	s.write("accounting-web.yaml", pagePolicies)
	s.write("everyone.yaml", pageEveryone)
	s.run(dir, fmt.Sprintf("{address: %q, tls: {mode: disabled}, identity: {tag: none}}", backend), more, answers)
	return s
}

// configure writes the configuration into a directory and returns its file.
func (s served) configure(dir, backend, more string) (file string) {
	s.t.Helper()
	config := fmt.Sprintf("environment: production\nlisteners: [{address: %q}]\nbackends: {main: %s}\n%s", s.address, backend, more)
	file = filepath.Join(dir, "guardrail.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// run runs the command in a directory with a backend and more configuration
// until the end of the test, and waits until an address answers.
func (s served) run(dir, backend, more, answers string) {
	t := s.t
	t.Helper()
	file := s.configure(dir, backend, more)
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	cmd := newServeCommand()
	cmd.SetContext(ctx)
	cmd.SetErr(&log)
	cmd.SetArgs([]string{"--config", file})
	ended := make(chan error, 1)
	go func() { ended <- cmd.Execute() }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		for line := range strings.Lines(log.String()) { // the log's own and the record's
			if !strings.Contains(line, `environment":"production"`) {
				t.Errorf("a line that names no environment: %s", line)
			}
		}
		if t.Failed() {
			t.Logf("%.4000s", log.String())
		}
	})
	s.until("it answers", func() bool {
		response, err := http.Get(answers)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// write puts a policy file in place.
func (s served) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(s.policies, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.policies, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for a condition, for at most half a minute.
func (s served) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			s.t.Fatalf("never: %s", what)
		}
	}
}

// open is an application's connection.
func (s served) open(user string) *sql.DB {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = user, mysqltest.Password, "tcp", s.address, "accounting"
	c.ConnectionAttributes = "program_name:reset.sh"
	connector, err := mysql.NewConnector(c)
	if err != nil {
		s.t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// The night of the incident: a real client's DROP DATABASE is refused and shows
// on the open page by itself; the error's text opens its event; the copied
// exception passes check and test, lifts the refusal, and the page turns red.
func TestTheNightOnThePage(t *testing.T) {
	server := mysqltest.MySQL(t)
	server.Database(t, "accounting")
	server.User(t, "accounting_web", "ALL ON *.*")
	s := serve(t, server.Addr())
	app := s.open("accounting_web")
	b := browsertest.New(t)
	b.Open(s.page)
	b.Await("document.getElementById('live-state').textContent.startsWith('live')")
	b.Await("document.getElementById('losses').innerText.includes('Nothing dropped')")

	_, err := app.ExecContext(t.Context(), "DROP DATABASE accounting")
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) || refused.Number != 1044 {
		t.Fatalf("got %v", err)
	}
	b.Await("document.getElementById('issues').innerText.includes('DROP DATABASE on accounting.*')")
	b.Await("document.getElementById('apps').innerText.includes('accounting-web')")
	b.Shot("night-refused")

	b.Type("#find", refused.Message+"\r")
	_, id, _ := strings.Cut(refused.Message, "event ")
	b.Await(fmt.Sprintf("location.pathname === '/events/%s' && document.body.innerText.includes('DROP DATABASE accounting')", strings.TrimSuffix(id, ")")))
	b.Click("main > p:last-child a")
	b.Await("location.pathname.startsWith('/issues/')")
	for _, want := range []string{"no-drop-database", "denied by", "restoring takes hours", "exception-accounting-web.yaml", "reset.sh"} {
		b.Await(fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", want))
	}
	issue := browsertest.Ask[string](b, "location.href")

	b.Click("button[data-copy=exception]")
	b.Await("document.querySelector('button[data-copy=exception]').textContent === 'Copied'")
	s.write("exception-accounting-web.yaml", b.Clipboard(s.page))
	for _, command := range []string{"check", "test"} {
		if code := run([]string{command, s.policies}); code != 0 {
			t.Fatalf("guardrail %s with the copied exception: %d", command, code)
		}
	}
	b.Open(s.page)
	b.Await("document.getElementById('exceptions').innerText.includes('DROP DATABASE ON accounting.*')")
	if _, err := app.ExecContext(t.Context(), "DROP DATABASE accounting"); err != nil {
		t.Fatalf("the copied exception lifts nothing: %v", err)
	}
	b.Await("document.getElementById('losses').innerText.includes('1 destructive statement was allowed in the last 15 minutes')")
	b.Shot("night-allowed")

	b.Open(issue)
	b.Type("#note", "cron is off, OPS-7")
	b.Click("aside button")
	b.Await("document.body.innerText.includes('local knows of it') && document.body.innerText.includes('cron is off, OPS-7')")
	b.Open(s.page)
	b.Await("document.getElementById('issues').innerText.includes('None')")
	b.Open(s.page + "/?show=acknowledged")
	b.Click("#issues .v a")
	b.Await("location.search.includes('rule=') && location.search.includes('show=acknowledged')")
	b.Click("#issues .v .not")
	b.Await("location.search.includes('not.rule=') && document.getElementById('issues').innerText.includes('None')")
	if code := run([]string{"audit", "--store", s.store, "--app", "accounting-web", "--kind", "drop_db"}); code != 0 {
		t.Errorf("guardrail audit beside a running proxy: %d", code)
	}
}
