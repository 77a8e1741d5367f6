package audit_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

func TestMain(m *testing.M) {
	runAsStorm()
	mysqltest.Main(m)
}

// drop is a refused DROP DATABASE of one app.
func drop(at time.Time) audit.Event {
	return audit.Event{
		Time: at, Environment: "production", Backend: "main", App: "accounting-web", Account: "accounting_web", Client: "10.0.0.7",
		Attributes: map[string]string{"program_name": "reset.sh"}, Schema: "accounting", Kind: "drop_db",
		Need: "DROP DATABASE ON accounting.*", Objects: []string{"accounting.*"}, Shape: "5ad1", Statement: "DROP DATABASE accounting",
		Decision: audit.Refused, Cause: "deny", Because: "restoring takes hours", Rule: "no-drop-database", RuleFile: "policies/everyone.yaml", RuleLine: 4,
		Code: 1044, PolicyHash: "abc",
	}
}

// loss is an allowed DROP TABLE.
func loss(at time.Time) audit.Event {
	e := drop(at)
	e.App, e.Account, e.Kind, e.Need, e.Shape, e.Statement = "migrator", "migrator", "drop_table", "DROP TABLE ON accounting.old_1", "77aa", "DROP TABLE old_1"
	e.Decision, e.Cause, e.Because, e.Rule, e.RuleFile, e.RuleLine, e.Code = audit.AllowedDestructive, "", "", "", "", 0, 0
	return e
}

// eachStore runs a test on SQLite, MySQL and MariaDB, each empty.
func eachStore(t *testing.T, test func(t *testing.T, open func() *audit.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "audit.db")
		test(t, func() *audit.Store { return open(t, file, "") })
	})
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		name := strings.ToLower(strings.NewReplacer("/", "_", "-", "_").Replace(t.Name()))
		s.Database(t, name)
		test(t, func() *audit.Store { return open(t, mysqlName(s, name), mysqltest.Password) })
	})
}

func mysqlName(s *mysqltest.Server, database string) string {
	return fmt.Sprintf("mysql://root@%s/%s?tls=required", s.Addr(), database)
}

func open(t testing.TB, name, password string) *audit.Store {
	t.Helper()
	s, err := audit.Open(name, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// keeper is a Book with what a test looks at.
type keeper struct {
	*audit.Book
	store    *audit.Store
	registry *prometheus.Registry
}

// keep starts a Book on a store until the end of t.
func keep(t testing.TB, s *audit.Store, change ...func(*audit.Options)) *keeper {
	t.Helper()
	k := &keeper{store: s, registry: prometheus.NewRegistry()}
	o := audit.Options{Store: s, Environment: "production", Log: zap.NewNop(), Registerer: k.registry, FlushEvery: 5 * time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	var err error
	if k.Book, err = audit.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(k.Book) })
	return k
}

func stop(b *audit.Book) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return b.Stop(ctx)
}

// submit keeps an event, and waits for the store where it must.
func (k *keeper) submit(t testing.TB, e *audit.Event) {
	t.Helper()
	answer := make(chan error, 1)
	wait, err := k.Submit(e, func(err error) { answer <- err })
	if wait {
		err = <-answer
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mustStop stores all that waits.
func (k *keeper) mustStop(t testing.TB) {
	t.Helper()
	if err := stop(k.Book); err != nil {
		t.Fatal(err)
	}
}

// metric is the value of a metric, summed over its labels.
func (k *keeper) metric(t testing.TB, name string) float64 {
	t.Helper()
	return metric(t, k.registry, name)
}

func metric(t testing.TB, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			sum := 0.0
			for _, m := range f.Metric {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
			return sum
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// until waits for a condition, for at most a minute.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

// issues returns all issues of a store.
func issues(t testing.TB, s *audit.Store, decisions ...audit.Decision) []audit.Issue {
	t.Helper()
	found, total, err := s.Issues(t.Context(), audit.Filter{Decisions: decisions}, audit.ByLast, 10_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	if total != len(found) {
		t.Fatalf("%d issues, %d in all", len(found), total)
	}
	return found
}

// count sums the events of issues.
func count(issues []audit.Issue) (n int64) {
	for _, i := range issues {
		n += i.Events
	}
	return n
}

func leaks(t *testing.T) {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
}
