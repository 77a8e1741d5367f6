package sqlparse_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guardrail/proxy/mysqltest"
	"guardrail/sqlparse"
)

// TestDifferential reads random texts and lets real servers name what they
// executed: number and kinds must be the same, or the text Unknown. The account
// has no privileges, so that nothing but the parser does its work.
// GUARDRAIL_DIFFERENTIAL sets how long each server is asked; GUARDRAIL_SEED
// repeats a run.
func TestDifferential(t *testing.T) {
	span := 3 * time.Second
	if s := os.Getenv("GUARDRAIL_DIFFERENTIAL"); s != "" {
		var err error
		if span, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		o := newOracle(t, s)
		seed := uint64(time.Now().UnixNano())
		if s := os.Getenv("GUARDRAIL_SEED"); s != "" {
			fmt.Sscan(s, &seed)
		}
		t.Logf("GUARDRAIL_SEED=%d", seed)
		soup := soup{rand.New(rand.NewPCG(seed, 1))}
		for end := time.Now().Add(span); time.Now().Before(end) && !t.Failed(); {
			m := soup.mode(o.server)
			texts := make([]string, 200)
			for i := range texts {
				texts[i] = soup.text()
			}
			o.compare(t, m, texts)
		}
		o.report(t)
		if o.accepted == 0 {
			t.Error("no text was accepted by the server")
		}
	}, recording()...)
}

// recording are what a server needs to name what it executes.
func recording() []mysqltest.Option {
	return []mysqltest.Option{mysqltest.PerformanceSchema(), mysqltest.Args(
		"--performance-schema-consumer-events-statements-history-long=ON",
		"--performance-schema-events-statements-history-long-size=20000")}
}

// report says how much was compared, and why what the server took is Unknown.
func (o *oracle) report(t *testing.T) {
	t.Logf("%d texts, %d of them read by the server to their end, %d of these Unknown", o.texts, o.accepted, o.unknown)
	reasons := slices.SortedFunc(maps.Keys(o.reasons), func(a, b string) int { return o.reasons[b] - o.reasons[a] })
	for _, r := range reasons[:min(len(reasons), 40)] {
		t.Logf("%6d %s: %.300s", o.reasons[r], r, o.examples[r])
	}
}

// oracle is a real server that names what it executes.
type oracle struct {
	server   sqlparse.Server
	reader   *sqlparse.Reader
	admin    *sql.DB
	db       *sql.DB
	texts    int
	accepted int
	unknown  int
	reasons  map[string]int    // why texts that the server took are Unknown
	examples map[string]string // one for each reason
}

func newOracle(t *testing.T, s *mysqltest.Server) *oracle {
	t.Helper()
	flavour := map[string]sqlparse.Flavour{"mysql": sqlparse.MySQL, "mariadb": sqlparse.MariaDB}[s.Flavour()]
	server, err := sqlparse.ParseServer(s.Version())
	if err != nil || server.Flavour != flavour {
		t.Fatalf("version %q: %v, %v", s.Version(), server, err)
	}
	s.Database(t, "d")
	s.User(t, "nobody", "SHOW VIEW ON d.*")
	config, err := mysql.ParseDSN(s.DSN("nobody", "d"))
	if err != nil {
		t.Fatal(err)
	}
	config.MultiStatements = true
	config.AllowNativePasswords = true
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return &oracle{server: server, reader: sqlparse.NewReader(sqlparse.Options{}), admin: s.Admin(), db: db,
		reasons: map[string]int{}, examples: map[string]string{}}
}

// charsetNames are sets that clients use, with what each is to the lexer.
var charsetNames = []string{"utf8mb4", "utf8mb4", "utf8mb3", "latin1", "sjis", "cp932", "big5", "gbk", "gb18030", "euckr", "ujis",
	"eucjpms", "gb2312", "binary", "ascii", "latin2", "cp1251", "koi8r", "cp1250", "latin5", "koi8u", "cp866"}

// soupMode is a mode with the words that set it.
type soupMode struct {
	mode    sqlparse.Mode
	sqlMode string
	charset string
}

// compare runs the texts and looks at each.
func (o *oracle) compare(t *testing.T, m soupMode, texts []string) {
	t.Helper()
	for i, events := range o.gather(t, m, texts) {
		o.judge(t, m, texts[i], events)
	}
}

// gather runs the texts on one connection in the mode. It returns what each
// made the server do; nothing where the server lacks the character set.
func (o *oracle) gather(t *testing.T, m soupMode, texts []string) map[int][]event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := o.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		conn.Raw(func(any) error { return errors.New("not to be used again") })
		conn.Close()
	}()
	var id int64
	if err := conn.QueryRowContext(ctx, identity).Scan(&id); err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		if _, err := conn.ExecContext(ctx, m.mark(i)); err != nil {
			if i == 0 {
				return nil
			}
			t.Fatalf("%q: %v", text, err)
		}
		conn.ExecContext(ctx, text)
	}
	// A server answers before it has filed the event: one more statement, and the last text's are there.
	if _, err := conn.ExecContext(ctx, m.mark(len(texts))); err != nil {
		t.Fatal(err)
	}
	return o.events(t, ctx, id)
}

// identity is the first statement of a connection.
const identity = "SELECT CONNECTION_ID()"

// markStart begins the statement before each text.
const markStart = "SET @text = "

// mark parts one text's events from the next one's. It sets the mode anew,
// since the text before may have changed it.
func (m soupMode) mark(i int) string {
	return fmt.Sprintf("%s%d, sql_mode = '%s', NAMES %s", markStart, i, m.sqlMode, m.charset)
}

// event is one statement that the server began.
type event struct {
	kind    string
	errno   int
	text    string
	message string // of the error, cut to 128 bytes
}

// events returns what the connection executed for each text.
func (o *oracle) events(t *testing.T, ctx context.Context, id int64) map[int][]event {
	t.Helper()
	rows, err := o.admin.QueryContext(ctx, `SELECT EVENT_NAME, COALESCE(MYSQL_ERRNO, 0), COALESCE(SQL_TEXT, ''), COALESCE(MESSAGE_TEXT, '') FROM performance_schema.events_statements_history_long
		WHERE THREAD_ID = (SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = ?) AND COALESCE(NESTING_EVENT_TYPE, '') <> 'STATEMENT' ORDER BY EVENT_ID`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[int][]event{}
	now := -1
	for rows.Next() {
		var e event
		if err := rows.Scan(&e.kind, &e.errno, &e.text, &e.message); err != nil {
			t.Fatal(err)
		}
		e.kind = e.kind[strings.LastIndexByte(e.kind, '/')+1:]
		if e.text == identity {
			// Threads are used again: what came before was another connection's.
			clear(all)
			now = -1
		}
		if number, ok := strings.CutPrefix(e.text, markStart); ok {
			number, _, _ = strings.Cut(number, ",")
			fmt.Sscan(number, &now)
			continue
		}
		if now >= 0 {
			all[now] = append(all[now], e)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// judge compares the reading of a text with what the server made of it.
func (o *oracle) judge(t *testing.T, m soupMode, text string, events []event) {
	t.Helper()
	o.texts++
	if len(events) == 0 {
		return
	}
	last := events[len(events)-1]
	// After an error of another kind, the rest was not read by the server.
	whole := last.errno == 0 || !strings.Contains(text, ";")
	if last.kind == "error" {
		events, whole = events[:len(events)-1], false
	} else if whole {
		o.accepted++
	}
	reading := o.reader.Read([]byte(text), m.mode)
	sound(t, []byte(text), reading)
	if reason, unknown := reading.Unknown(); unknown {
		if whole {
			o.unknown++
			o.reasons[reason]++
			o.examples[reason] = fmt.Sprintf("%q %v sql_mode=%q charset=%s", text, events, m.sqlMode, m.charset)
		}
		return
	}
	got := reading.Statements
	// A comment behind the last semicolon may be one more statement, an empty one.
	if n := len(events); n > 1 && events[n-1].kind == "empty_query" {
		events = events[:n-1]
	}
	if n := len(got); n > 1 && got[n-1].Kind == "empty_query" {
		got = got[:n-1]
	}
	bad := len(got) < len(events) || last.errno == 0 && len(got) != len(events)
	for i := range min(len(events), len(got)) {
		bad = bad || events[i].kind != string(got[i].Kind)
	}
	if !bad {
		if n := len(events); last.kind != "error" && n <= len(got) && !asksFor(got[n-1], last) {
			t.Errorf("sql_mode=%q charset=%s %q:\n  the server misses more than was read: %s\n  read %v", m.sqlMode, m.charset, text, last.message, needs(got[n-1]))
		}
		return
	}
	var kinds []string
	for _, st := range got {
		kinds = append(kinds, string(st.Kind))
	}
	t.Errorf("sql_mode=%q charset=%s %q:\n  server %v, last %v\n  read   %v", m.sqlMode, m.charset, text, events, last, kinds)
}

// TestDifferentialBytes tries bytes beyond ASCII where a byte may matter, in
// every character set: some of them, or each with GUARDRAIL_DIFFERENTIAL.
func TestDifferentialBytes(t *testing.T) {
	all := os.Getenv("GUARDRAIL_DIFFERENTIAL") != ""
	mysqltest.Each(t, func(t *testing.T, s *mysqltest.Server) {
		o := newOracle(t, s)
		for _, charset := range slices.Compact(slices.Clone(charsetNames)) {
			m := soupMode{mode: sqlparse.Mode{Server: o.server, Charset: sqlparse.ParseCharset(charset)}, charset: charset}
			texts := byteTexts()
			if !all {
				rand.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
				texts = texts[:200]
			}
			for len(texts) > 0 {
				n := min(len(texts), 2000)
				o.compare(t, m, texts[:n])
				texts = texts[n:]
			}
		}
		o.report(t)
	}, recording()...)
}

func byteTexts() []string {
	var texts []string
	for b := 0x80; b <= 0xff; b++ {
		c := string([]byte{byte(b)})
		texts = append(texts, "SELECT"+c+"1", "SELECT 1--"+c+"1", "SELECT @"+c, "SELECT 1"+c, "SELECT 1 AS a"+c+"b", "SELECT 1 AS "+c+" FROM d", "DROP TABLE t"+c, "SELECT a."+c, "SELECT 1e"+c, "SELECT @@"+c)
		for _, next := range []string{"'", "\\", "`", "\"", "0", "@", "A", "\x7f", "\x80", "\xa0", "\xa1", "\xdf", "\xff"} {
			cc := c + next
			texts = append(texts, "SELECT '"+cc+"'", "SELECT '"+cc+"'; SELECT 2 -- '", "SELECT `"+cc+"`", "SELECT 1 AS "+cc+"x", "SELECT '\\"+cc+"'; SELECT 2 -- '",
				"SELECT \""+cc+"\"; SELECT 2 -- \"", "SELECT 1 AS `"+cc+"`; SELECT 2 -- `")
		}
	}
	return texts
}
