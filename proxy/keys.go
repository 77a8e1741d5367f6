package proxy

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/identity"
	"guardrail/sqlparse"
)

// How long what was found about a table stands, where no DDL passes the proxy,
// and what may be known at a time.
const (
	keysHold    = 5 * time.Second
	keysRetry   = time.Second // of a table that could not be asked about
	keysTimeout = 3 * time.Second
	maxTables   = 10_000
)

// keyReader reads tables' keys through the control account, away from the event
// loops, and remembers them for a short while.
type keyReader struct {
	control identity.Control
	now     func() time.Time
	log     *zap.Logger
	life    context.Context
	usage   *Usage

	mu      sync.Mutex
	pool    *sql.DB // opened when it is first needed
	tables  map[tableName]*tableKeys
	epoch   uint64 // of the DDL that what is known has seen
	running sync.WaitGroup
}

// tableName names a table as the server compares names.
type tableName struct{ schema, name string }

// tableKeys is what is known of a table, or is being asked.
type tableKeys struct {
	keys    []policy.Key
	known   bool      // keys are what the server said
	until   time.Time // zero while the server is asked
	waiting []func()  // called when it has answered
}

// lookUp finds the keys that a question is about, and reports whether they are
// waited for.
func (s *session) lookUp(q policy.Question) (waits bool) {
	r := s.server.keys
	if !r.available() {
		return false
	}
	name := tableName{q.Table.Schema, q.Table.Name}
	if s.state.lowerCaseNames {
		name = tableName{strings.ToLower(name.schema), strings.ToLower(name.name)}
	}
	t, fresh := r.remembered(name)
	if !fresh {
		r.ask(name, s.await(func() {}))
		return true
	}
	if t.known {
		s.head.findings.found(policy.Answer{Question: q, Keys: t.keys})
	}
	return false
}

func newKeyReader(o *Options, b *backend, life context.Context) *keyReader {
	r := &keyReader{control: o.Backend.Control, now: o.Now, log: o.Log, life: life, usage: o.Usage, tables: make(map[tableName]*tableKeys)}
	r.control.Address, r.control.TLS, r.control.Dial = o.Backend.Address, o.Backend.TLS, b.dialControl
	return r
}

func (r *keyReader) available() bool { return r.control.User != "" }

// remembered returns what is known of a table, if it is fresh.
func (r *keyReader) remembered(name tableName) (t tableKeys, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetOld()
	found := r.tables[name]
	if found == nil || !r.now().Before(found.until) {
		return tableKeys{}, false
	}
	return *found, true
}

// forgetOld forgets all tables when DDL has passed the proxy since. What is
// being asked meanwhile is asked again by whoever waits for it. It is called
// under the lock.
func (r *keyReader) forgetOld() {
	if now := r.usage.redefined.Load(); now != r.epoch || len(r.tables) > maxTables {
		r.epoch, r.tables = now, make(map[tableName]*tableKeys)
	}
}

// ask has a table's keys read, and calls then when that is done or has failed.
func (r *keyReader) ask(name tableName, then func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetOld()
	t := r.tables[name]
	if t == nil || !t.until.IsZero() {
		t = &tableKeys{}
		r.tables[name] = t
		r.running.Go(func() { r.fetch(name, t) })
	}
	t.waiting = append(t.waiting, then)
}

// fetch reads a table's keys and wakes who waits for them.
func (r *keyReader) fetch(name tableName, t *tableKeys) {
	ctx, cancel := context.WithTimeout(r.life, keysTimeout)
	defer cancel()
	keys, err := r.read(ctx, name)
	if err != nil {
		r.log.Error("a table's keys could not be read; statements that must name them are refused", zap.Error(err))
	}
	r.mu.Lock()
	t.keys, t.known, t.until = keys, err == nil, r.now().Add(keysHold)
	if err != nil {
		t.until = r.now().Add(keysRetry)
	}
	waiting := t.waiting
	t.waiting = nil
	r.mu.Unlock()
	for _, then := range waiting {
		then()
	}
}

// readKeys are the columns of a table's unique keys, in their order. A column
// that is NULL is an expression; one with a sub_part is in the key with its
// beginning only; NULLs are not held to be equal.
const readKeys = `SELECT s.index_name, s.column_name, s.column_name IS NOT NULL AND s.sub_part IS NULL AND s.nullable <> 'YES', c.data_type
FROM information_schema.statistics s
LEFT JOIN information_schema.columns c ON c.table_schema = ? AND c.table_name = ? AND c.column_name = s.column_name
WHERE s.table_schema = ? AND s.table_name = ? AND s.non_unique = 0 ORDER BY s.index_name, s.seq_in_index`

// exact are the types whose columns equal one value of theirs at most, whatever
// they are compared with. Of any other, as of texts, that is not certain.
var exact = map[string]bool{
	"tinyint": true, "smallint": true, "mediumint": true, "int": true, "bigint": true, "decimal": true, "float": true, "double": true, "bit": true,
	"year": true, "date": true, "datetime": true, "timestamp": true, "time": true,
}

func (r *keyReader) read(ctx context.Context, name tableName) ([]policy.Key, error) {
	pool, err := r.open()
	if err != nil {
		return nil, err
	}
	rows, err := pool.QueryContext(ctx, readKeys, name.schema, name.name, name.schema, name.name)
	if err != nil {
		return nil, fmt.Errorf("control account %q: %w", r.control.User, err)
	}
	defer rows.Close()
	var found foundKeys
	for rows.Next() {
		var index string
		var column, kind sql.NullString
		var whole bool
		if err := rows.Scan(&index, &column, &whole, &kind); err != nil {
			return nil, fmt.Errorf("control account %q: %w", r.control.User, err)
		}
		found.add(index, policy.KeyColumn{Name: column.String, Exact: exact[strings.ToLower(kind.String)]}, whole)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("control account %q: %w", r.control.User, err)
	}
	if keys := found.keys(); len(keys) > 0 {
		return keys, nil
	}
	return nil, r.sees(ctx, pool, name)
}

// sees returns an error unless the control account sees a table: one that it
// may not see looks as if it had no keys.
func (r *keyReader) sees(ctx context.Context, pool *sql.DB, name tableName) error {
	var tables int
	err := pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", name.schema, name.name).Scan(&tables)
	switch {
	case err != nil:
		return fmt.Errorf("control account %q: %w", r.control.User, err)
	case tables == 0:
		return fmt.Errorf("control account %q sees no table %s.%s; if there is one, it needs: GRANT REFERENCES ON %s.* TO %s", r.control.User, name.schema, name.name, name.schema, r.control.User)
	}
	return nil
}

// foundKeys gathers keys column by column.
type foundKeys struct {
	all  []policy.Key
	name string // of the last one
	bad  bool   // the last one does not hold rows apart
}

func (f *foundKeys) add(index string, column policy.KeyColumn, whole bool) {
	if len(f.all) == 0 || index != f.name {
		f.all = f.keys()
		f.all = append(f.all, policy.Key{Primary: index == "PRIMARY"})
		f.name, f.bad = index, false
	}
	last := &f.all[len(f.all)-1]
	last.Columns = append(last.Columns, column)
	f.bad = f.bad || !whole
}

// keys are those that hold rows apart.
func (f *foundKeys) keys() []policy.Key {
	if f.bad {
		return f.all[:len(f.all)-1]
	}
	return f.all
}

// open opens the control account's connections when they are first needed.
func (r *keyReader) open() (*sql.DB, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pool != nil {
		return r.pool, nil
	}
	pool, err := r.control.Open()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(4)
	pool.SetMaxIdleConns(1)
	pool.SetConnMaxLifetime(time.Minute) // a name that leads elsewhere is followed
	r.pool = pool
	return pool, nil
}

// close ends what is being read, and the connections. It is called when nobody asks any more.
func (r *keyReader) close() {
	r.running.Wait()
	if r.pool != nil {
		_ = r.pool.Close()
	}
}

// redefiners are the privileges whose use may change a table's keys.
var redefiners = map[sqlparse.Privilege]bool{
	"ALTER": true, "CREATE": true, "INDEX": true, sqlparse.DropTable: true, sqlparse.DropDatabase: true, sqlparse.Unparsed: true,
}

// redefines reports whether a statement may change tables' keys.
func redefines(st *sqlparse.Statement) bool {
	return st.Effect&sqlparse.MayHideState != 0 || slices.ContainsFunc(st.Needs, func(n sqlparse.Need) bool { return redefiners[n.Privilege] })
}
