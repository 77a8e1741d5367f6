package dashboard_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"guardrail/proxy/audit"
	"guardrail/proxy/dashboard"
)

// page is a running dashboard over a store of its own.
type page struct {
	*httptest.Server
	store *audit.Store
	book  *audit.Book
	guard *guard
}

// guard is what the page is told of the process it runs in.
type guard struct {
	health      dashboard.Health
	explanation dashboard.Explanation
}

func (g *guard) Health(context.Context) dashboard.Health   { return g.health }
func (g *guard) Explain(audit.Issue) dashboard.Explanation { return g.explanation }

func newPage(t testing.TB, access dashboard.Access) *page {
	t.Helper()
	p := &page{guard: calm()}
	var err error
	if p.store, err = audit.Open(t.TempDir()+"/audit.db", ""); err != nil {
		t.Fatal(err)
	}
	p.book, err = audit.New(audit.Options{
		Store: p.store, Environment: "production", Log: zap.NewNop(), Registerer: prometheus.NewRegistry(), FlushEvery: 20 * time.Millisecond,
		CommitTimeout: time.Minute, // a busy machine is no failure
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := dashboard.New(dashboard.Options{Store: p.store, Book: p.book, Guard: p.guard, Log: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	p.Server = httptest.NewServer(access.Wrap(d))
	t.Cleanup(func() {
		d.Stop()
		p.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := p.book.Stop(ctx); err != nil {
			t.Error(err)
		}
		p.store.Close()
	})
	return p
}

// calm is a guard that does well.
func calm() *guard {
	now := time.Now()
	return &guard{
		health: dashboard.Health{
			Environment: "production", Version: "1.0.0", Sessions: 212,
			Policy:     dashboard.Policy{Hash: "9f2c6d1e7a0b44c1", LoadedAt: now.Add(-3 * time.Hour)},
			Backends:   []dashboard.Backend{{Name: "main", Address: "main.abc.ap-northeast-1.rds.amazonaws.com:3306", Tag: "production", TagState: "match"}},
			Observed:   []dashboard.Observed{{App: "payroll-web", Until: now.Add(9 * 24 * time.Hour)}},
			Exceptions: []dashboard.Exception{{App: "migrator", Allow: "DROP TABLE ON accounting.old_*", Why: "OPS-123 by dba-oncall", File: "everyone.yaml", Line: 19, Until: now.Add(100 * time.Minute)}},
			Statements: 48_211_904, Unread: 1291,
		},
		explanation: dashboard.Explanation{
			Lines: []dashboard.Line{
				{Number: 3, Text: "deny:"},
				{Number: 4, Text: `  - {id: no-drop-database, rule: DROP DATABASE ON *.*, because: "restoring takes hours"}`, Decided: true},
				{Number: 5, Text: `  - {id: no-truncate, rule: TRUNCATE ON *.*}`},
			},
			Report: "statement 1: drop_database, destructive\n  refused: DROP DATABASE ON accounting.*\n    denied by everyone.yaml:4: DROP DATABASE ON *.* (restoring takes hours)\n",
			Exception: "exceptions:\n  - {app: accounting-web, allow: DROP DATABASE ON accounting.*, until: 2026-12-01T09:00:00Z, ticket: OPS-0, by: you}\n" +
				"tests:\n  - {app: accounting-web, sql: \"DROP DATABASE accounting\", expect: allow, at: 2026-12-01T08:00:00Z}\n",
			File: "exception-accounting-web.yaml", Ends: now.Add(time.Hour),
		},
	}
}

// incident records a night: what always happens, and a reset script on production.
func (p *page) incident(t testing.TB) {
	t.Helper()
	now := time.Now()
	random := rand.New(rand.NewPCG(1, 2))
	record := func(at time.Time, e audit.Event) audit.Event {
		e.Time, e.Environment, e.Backend, e.PolicyHash = at, "production", "main", "9f2c6d1e7a0b44c1"
		e.Identify()
		if err := p.book.Record(e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	for minute := range 12 * 60 {
		at := now.Add(-time.Duration(minute) * time.Minute)
		for range random.IntN(4) {
			record(at, noWhere(random.IntN(5)))
		}
		if minute%7 == 0 {
			record(at, unread())
		}
		if minute%31 == 0 {
			record(at, observed())
		}
		if minute < 200 && minute%9 == 0 {
			record(at, notGranted())
		}
	}
	for hour := range 7 * 24 { // what is usual
		for range 80 + random.IntN(20) {
			record(now.Add(-time.Duration(hour+12)*time.Hour), noWhere(random.IntN(5)))
		}
	}
	for i := range 900 {
		record(now.Add(-time.Duration(300+i%400)*time.Second/10), resetScript())
	}
	for i := range 7 {
		record(now.Add(-time.Duration(i)*11*time.Minute), stranger())
	}
	for i := range 40 {
		e := record(now.Add(-time.Duration(i)*20*time.Second), sweep())
		e.Rows, e.Duration = 3, time.Millisecond
		p.book.Finished(&e)
	}
	record(now.Add(-95*time.Minute), audit.Event{Decision: audit.PolicyLoaded, Cause: "policy_loaded", Rule: "policy_loaded"})
	record(now.Add(-20*time.Minute), audit.Event{Decision: audit.PolicyFailed, Cause: "policy_failed", Rule: "policy_failed", Reason: "policies/insight.yaml:7:3: unknown key grant; did you mean grants?"})
	p.settle(t)
}

// settle waits until all that was recorded is stored: a refusal is stored with
// all that came before it.
func (p *page) settle(t testing.TB) {
	t.Helper()
	e := noWhere(0)
	e.Environment, e.Time = "settled", time.Now().Add(-24*time.Hour*60)
	e.Identify()
	e.Shape = e.ID
	if err := p.book.Record(e); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(time.Minute); ; {
		if _, err := p.store.Event(t.Context(), e.ID); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("what was recorded is not stored")
		}
	}
}

func resetScript() audit.Event {
	return audit.Event{
		App: "accounting-web", Account: "accounting_web", Client: "10.20.1.17", Attributes: map[string]string{"program_name": "mysql", "_os": "Linux"},
		Schema: "freee_production", Kind: "drop_db", Need: "DROP DATABASE ON freee_production.*", Objects: []string{"freee_production.*"}, Shape: "a1",
		Statement: "DROP DATABASE freee_production", Decision: audit.Refused, Cause: "deny", Because: "a reset script dropped production in 2013; restoring takes hours",
		Rule: "no-drop-database", RuleFile: "policies/everyone.yaml", RuleLine: 4, Code: 1044,
	}
}

func noWhere(host int) audit.Event {
	return audit.Event{
		App: "job-worker", Account: "job_worker", Client: fmt.Sprintf("10.20.2.%d", 30+host), Schema: "jobs", Kind: "delete", Need: "DELETE ON jobs.queue", Shape: "b2",
		Statement: "DELETE FROM queue WHERE ? = ? LIMIT ?", Decision: audit.Refused, Cause: "where", Rule: "everyone.yaml:9", RuleFile: "policies/everyone.yaml", RuleLine: 9, Code: 1175,
	}
}

func unread() audit.Event {
	return audit.Event{
		App: "insight", Account: "insight_ro", Client: "10.20.3.4", Need: "UNPARSED ON ", Shape: "c3", Statement: "SELECT name FROM users WHERE note = ? …", Decision: audit.Refused,
		Cause: "unparsed", Rule: "unparsed", Reason: "the text ends inside a comment", Code: 1227,
	}
}

func observed() audit.Event {
	return audit.Event{
		App: "payroll-web", Account: "payroll", Client: "10.20.5.9", Schema: "payroll", Kind: "truncate", Need: "TRUNCATE ON payroll.staging_rows", Shape: "d4",
		Statement: "TRUNCATE TABLE staging_rows", Decision: audit.WouldRefuse, Cause: "not-granted", Rule: "not-granted", Code: 1142,
	}
}

func notGranted() audit.Event {
	return audit.Event{
		App: "mobile-api", Account: "mobile_api", Client: "10.20.7.12", Schema: "accounting", Kind: "insert", Need: "INSERT ON accounting.devices", Shape: "e5",
		Statement: "INSERT INTO devices (user_id, token, platform) VALUES (?, ?, ?)", Decision: audit.Refused, Cause: "not-granted", Rule: "not-granted", Code: 1142,
	}
}

func stranger() audit.Event {
	return audit.Event{Account: "root", Client: "10.99.0.3", Decision: audit.LoginRefused, Cause: "no-account", Rule: "no-account", Code: 1045}
}

func sweep() audit.Event {
	return audit.Event{
		App: "job-worker", Account: "job_worker", Client: "10.20.2.30", Schema: "jobs", Kind: "delete", Objects: []string{"jobs.sessions"}, Shape: "f6",
		Statement: "DELETE FROM sessions WHERE expires_at < ?", Decision: audit.AllowedDestructive,
	}
}

func dropped() audit.Event {
	return audit.Event{
		App: "migrator", Account: "migrator", Client: "10.20.9.2", Schema: "accounting", Kind: "drop_table", Objects: []string{"accounting.old_deals"}, Shape: "g7",
		Statement: "DROP TABLE old_deals", Decision: audit.AllowedDestructive, Cause: "by-exception", Rule: "everyone.yaml:19", RuleFile: "policies/everyone.yaml", RuleLine: 19,
	}
}

// endless is an event all of whose words are as long as a stranger can make them.
func endless() audit.Event {
	long := func(s string, n int) string { return strings.Repeat(s, n) }
	e := audit.Event{
		Time: time.Now(), Environment: "production", Backend: "main", App: long("a", 64), Account: long("u", 200), Client: long("fe80:", 12), Schema: long("d", 64),
		Attributes: map[string]string{"program_name": long("p", 500), long("k", 200): long("v", 500)}, Kind: "drop_table", Need: "DROP TABLE ON " + long("n", 400),
		Objects: []string{long("n", 400)}, Shape: "h8", Statement: "DROP TABLE " + long("n", 2000), Decision: audit.Refused, Cause: "deny", Because: long("b", 400),
		Rule: long("r", 120), RuleFile: long("f", 120), RuleLine: 1, Code: 1142, PolicyHash: long("9", 64),
	}
	e.Identify()
	return e
}

// get returns a view's text, which must come with a status.
func (p *page) get(t testing.TB, path string, status int) string {
	t.Helper()
	response, err := http.Get(p.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s: %d, %v: %.500s", path, response.StatusCode, err, text)
	}
	return string(text)
}

// issueOf is the address of the issue of an event.
func (p *page) issueOf(t testing.TB, text string) string {
	t.Helper()
	found, _, err := p.store.Issues(t.Context(), audit.Filter{}, audit.ByLast, 1000, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range found {
		if strings.Contains(i.Statement, text) {
			return "/issues/" + i.ID.String()
		}
	}
	t.Fatalf("no issue of %q", text)
	return ""
}

// getAny returns a view's text, whatever its status.
func (p *page) getAny(t testing.TB, path string) string {
	t.Helper()
	response, err := http.Get(p.URL + strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E", "{", "%7B", "}", "%7D").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
