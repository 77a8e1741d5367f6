package dashboard_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/proxy/audit"
	"guardrail/proxy/mysqltest"
)

// month is a record of 30 days: 2,000 issues, of which 12 are active in every
// minute with as many events as are kept, and in the last three hours all at
// once, as many as are told apart.
type month struct {
	db      *sql.DB
	mysql   bool
	events  int // kept, about
	minutes []minute
}

// minute is how many events of an issue are kept from a minute.
type minute struct{ start, issue, events int64 }

const (
	monthIssues = 2000
	crowd       = monthIssues
	crowdFor    = 180 // minutes
	keptAMinute = 20
)

// fill writes a month of n events into a new store. The issues come from the
// recorder itself, their events are copied by the store's own server.
func fill(b testing.TB, name, password string, n int) {
	b.Helper()
	ids := seed(b, name, password)
	m := month{events: n}
	m.open(b, name, password)
	defer m.db.Close()
	m.plan(ids)
	m.write(b)
}

// seed has the recorder make an issue of each kind, and returns their ids.
func seed(b testing.TB, name, password string) []int64 {
	b.Helper()
	s, err := audit.Open(name, password)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	book, err := audit.New(audit.Options{Store: s, Log: zap.NewNop(), Registerer: prometheus.NewRegistry(), CommitTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Minute)
	for kind := range monthIssues {
		for client := range 4 {
			e := resetScript()
			e.Environment, e.Backend, e.PolicyHash = "production", "main", "9f2c6d1e7a0b44c1"
			e.App, e.Rule, e.Shape = fmt.Sprintf("app-%d", kind%40), fmt.Sprintf("rule-%d", kind%25), strconv.Itoa(kind)
			e.Statement = fmt.Sprintf("UPDATE table_%d SET a = ?, b = ? WHERE c = ? AND d IN (?, ?, ?)", kind)
			e.Client, e.Time = fmt.Sprintf("10.0.%d.%d", kind%5, kind%31+client), at
			e.Identify()
			if err := book.Record(e); err != nil {
				b.Fatal(err)
			}
		}
	}
	loss := sweep()
	loss.Environment, loss.Time = "production", at
	if err := book.Record(loss); err != nil {
		b.Fatal(err)
	}
	if err := book.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
	found, _, err := s.Issues(b.Context(), audit.Filter{}, audit.ByCount, monthIssues, 0)
	if err != nil || len(found) < crowd {
		b.Fatalf("%d issues: %v", len(found), err)
	}
	var ids []int64
	for _, i := range found {
		ids = append(ids, int64(i.ID))
	}
	slices.Sort(ids)
	return ids
}

// open opens the store's database beside the store.
func (m *month) open(b testing.TB, name, password string) {
	b.Helper()
	var err error
	address, isMySQL := strings.CutPrefix(name, "mysql://root@")
	if m.mysql = isMySQL; !isMySQL {
		m.db, err = sql.Open("sqlite", name)
	} else {
		c := mysql.NewConfig()
		c.User, c.Passwd, c.Net, c.MultiStatements = "root", password, "tcp", true
		c.Addr, c.DBName, _ = strings.Cut(strings.TrimSuffix(address, "?tls=required"), "/")
		c.InterpolateParams = true
		connector, connectorErr := mysql.NewConnector(c)
		if connectorErr != nil {
			b.Fatal(connectorErr)
		}
		m.db = sql.OpenDB(connector)
	}
	if err != nil {
		b.Fatal(err)
	}
	m.db.SetMaxOpenConns(1) // settings hold for the connection
}

// plan decides which issue is active when.
func (m *month) plan(ids []int64) {
	random := rand.New(rand.NewPCG(1, 2))
	crowds := min(crowdFor, m.events/(4*crowd*2)) // at most a quarter of all
	quiet := (m.events - crowds*crowd*2) / (12 * keptAMinute)
	end := time.Now().Truncate(time.Minute).Unix()
	step := int64(30*24*60/max(quiet, 1)) * 60
	for i := range quiet {
		for _, id := range picked(random, ids) {
			m.minutes = append(m.minutes, minute{end - int64(crowds)*60 - int64(quiet-i)*max(step, 60), id, keptAMinute})
		}
	}
	for i := range crowds {
		for k := range crowd {
			m.minutes = append(m.minutes, minute{end - int64(i)*60, ids[k], 2})
		}
	}
}

// picked are 12 issues, some of which are picked often.
func picked(random *rand.Rand, ids []int64) []int64 {
	var out []int64
	for len(out) < 12 {
		if id := ids[random.IntN(random.IntN(len(ids))+1)]; !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// write puts the plan into the tables. What is derived from it is derived in SQL.
func (m *month) write(b testing.TB) {
	b.Helper()
	drop, settings, number, id := "DROP INDEX %s", "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000", "INTEGER",
		"unhex(printf('%012X%08X%012X', (m.start + n.n * 3) * 1000, m.issue >> 32, n.n))"
	if m.mysql {
		drop, settings, number = "ALTER TABLE events DROP INDEX %s", "SET SESSION cte_max_recursion_depth = 100", "BIGINT"
		id = "UNHEX(CONCAT(LPAD(HEX((m.start + n.n * 3) * 1000), 12, '0'), LPAD(HEX(m.issue >> 32), 8, '0'), LPAD(HEX(n.n), 12, '0')))"
	}
	m.exec(b, settings, "CREATE TABLE plan (start "+number+", issue "+number+", n "+number+")", fmt.Sprintf(drop, "events_issue"), fmt.Sprintf(drop, "events_client"))
	for chunk := range slices.Chunk(m.minutes, 500) {
		rows := make([]string, len(chunk))
		for i, x := range chunk {
			rows[i] = fmt.Sprintf("(%d,%d,%d)", x.start, x.issue, x.events)
		}
		m.exec(b, "INSERT INTO plan VALUES "+strings.Join(rows, ","))
	}
	m.exec(b, "CREATE TABLE numbers (n "+number+")", "INSERT INTO numbers WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 19) SELECT n FROM s",
		"CREATE TABLE patterns AS SELECT issue, MIN(id) AS id FROM events GROUP BY issue", "CREATE INDEX pattern ON patterns (issue)", "CREATE INDEX planned ON plan (start)")
	const day = 86400
	for start := m.minutes[0].start; start < time.Now().Unix(); start += day {
		m.exec(b, "INSERT INTO events SELECT "+id+`, m.issue, e.account, e.client, e.attributes, e.schema_name, e.need, e.objects, e.text, e.reason, e.code,
			e.policy_hash, e.rule_file, e.rule_line, 0, 0 FROM plan m JOIN patterns p ON p.issue = m.issue JOIN events e ON e.id = p.id JOIN numbers n ON n.n < m.n
			WHERE m.start >= `+fmt.Sprint(start)+" AND m.start < "+fmt.Sprint(start+day)+" ORDER BY 1")
	}
	m.exec(b, "CREATE INDEX events_issue ON events (issue, id)", "CREATE INDEX events_client ON events (client, id)")
	m.count(b)
	m.exec(b, "DROP TABLE plan", "DROP TABLE numbers", "DROP TABLE patterns")
	if m.mysql { // it keeps statistics by itself, a little later
		m.exec(b, "ANALYZE TABLE events, issues, counts, series, clients")
	}
}

// count derives the counts, each event standing for three, and keeps them as long as the store would.
func (m *month) count(b testing.TB) {
	b.Helper()
	for grain, keep := range map[int64]time.Duration{60: 7 * 24 * time.Hour, 600: 7 * 24 * time.Hour, 3600: 35 * 24 * time.Hour, 86400: 90 * 24 * time.Hour} {
		start := fmt.Sprintf("start - start %% %d", grain)
		since := fmt.Sprint(time.Now().Add(-keep).Unix())
		m.exec(b,
			fmt.Sprintf("DELETE FROM counts WHERE grain = %d", grain), fmt.Sprintf("DELETE FROM series WHERE grain = %d", grain),
			fmt.Sprintf("INSERT INTO counts SELECT %d, %s, issue, SUM(n) * 3 FROM plan WHERE start >= %s GROUP BY %s, issue", grain, start, since, start),
			fmt.Sprintf(`INSERT INTO series SELECT %d, c.start, i.environment, i.app, i.decision, SUM(c.events) FROM counts c JOIN issues i ON i.id = c.issue
				WHERE c.grain = %d GROUP BY c.start, i.environment, i.app, i.decision`, grain, grain))
	}
	m.exec(b, "CREATE TABLE totals AS SELECT issue, SUM(n) * 3 AS n, MIN(start) AS a, MAX(start) AS z FROM plan GROUP BY issue", "CREATE INDEX total ON totals (issue)",
		`UPDATE issues SET events = (SELECT n FROM totals WHERE issue = issues.id), first_seen = (SELECT a * 1000 FROM totals WHERE issue = issues.id),
			last_seen = (SELECT z * 1000 + 57000 FROM totals WHERE issue = issues.id) WHERE id IN (SELECT issue FROM totals)`,
		"DROP TABLE totals")
}

func (m *month) exec(b testing.TB, statements ...string) {
	b.Helper()
	for _, text := range statements {
		if _, err := m.db.ExecContext(b.Context(), text); err != nil {
			b.Fatalf("%.300s: %v", text, err)
		}
	}
}

// benchStores are empty stores to fill, by name.
func benchStores(b *testing.B) map[string][2]string {
	server := mysqltest.MySQL(b, mysqltest.Args("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=1G", "--innodb-redo-log-capacity=2G"))
	server.Exec(b, "CREATE DATABASE month")
	return map[string][2]string{
		"sqlite": {b.TempDir() + "/audit.db", ""},
		"mysql":  {"mysql://root@" + server.Addr() + "/month?tls=required", mysqltest.Password},
	}
}
