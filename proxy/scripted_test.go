package proxy

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"guardrail/policy"
	"guardrail/proxy/audit"
	"guardrail/proxy/metrics"
	"guardrail/proxy/mysqltest"
	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// scripted is a driver without sockets, between a client's bytes and a scripted server. It hands every byte over in
// pieces of its own choice.
type scripted struct {
	session *session
	script  *mysqltest.Script
	damage  *mysqltest.Damager // of what the server says, or nil
	deaf    bool               // the server does not answer
	resumed bool               // what the session waits for is there

	client   bytes.Buffer // what the client got
	received bytes.Buffer // what the server got
	commands [][]byte     // of that, what was sent as a command
	answers  bytes.Buffer // what the server has said and the session has not seen yet
}

func (d *scripted) toClient(p []byte) { d.client.Write(p) }

func (d *scripted) command(p []byte) {
	d.commands = append(d.commands, bytes.Clone(p))
	d.toServer(p)
}

// later has the session resumed in the middle of play, as a driver does.
func (d *scripted) later() func() { return func() { d.resumed = true } }

func (d *scripted) toServer(p []byte) {
	d.received.Write(p)
	if d.deaf {
		return
	}
	answer := d.script.Feed(p)
	if d.damage != nil {
		answer = d.damage.Through(answer)
	}
	d.answers.Write(answer)
}

// form is how a client and a server meet.
type form struct {
	client, server wire.Capability
	mariaDB        uint32
	unnumbered     bool // the client's leg is compressed
}

const (
	tracking = mysql.CLIENT_SESSION_TRACK
	noEOF    = mysql.CLIENT_DEPRECATE_EOF
)

// forms are the ways in which clients and servers meet.
var forms = map[string]form{
	"new client":            {client: tracking | noEOF, server: tracking | noEOF},
	"old client":            {client: 0, server: tracking},
	"no tracking":           {client: noEOF, server: tracking | noEOF},
	"no EOF changes":        {client: tracking, server: tracking},
	"files":                 {client: tracking | mysql.CLIENT_LOCAL_FILES, server: tracking | mysql.CLIENT_LOCAL_FILES},
	"attributes":            {client: tracking | noEOF | mysql.CLIENT_QUERY_ATTRIBUTES, server: tracking | noEOF | mysql.CLIENT_QUERY_ATTRIBUTES},
	"compressed, files":     {client: tracking | noEOF | mysql.CLIENT_LOCAL_FILES, server: tracking | noEOF | mysql.CLIENT_LOCAL_FILES, unnumbered: true},
	"MariaDB's own, files":  {client: tracking | noEOF | mysql.CLIENT_LOCAL_FILES, server: tracking | noEOF | mysql.CLIENT_LOCAL_FILES, mariaDB: supportedMariaDB},
	"MariaDB's old, no EOF": {client: noEOF, server: tracking | noEOF, mariaDB: wire.MariaDBProgress},
}

// scriptedPolicy is an app that may do much, and not destroy.
const scriptedPolicy = `
app: app
accounts: [app]
environments: [production]
grants: ['SELECT, INSERT, UPDATE, DELETE, EXECUTE, LOAD DATA LOCAL ON *.*']
require: ['WHERE FOR DELETE']
`

// guarding returns a Server that has a policy and no connections.
func guarding(t testing.TB) *Server {
	t.Helper()
	return guardingBy(t, scriptedPolicy)
}

func guardingBy(t testing.TB, text string) *Server {
	t.Helper()
	live := policy.NewLive(compiled(t, text), time.Now())
	guard := &Server{
		options: Options{
			Environment: "production", MaxMessage: 1 << 20, Now: time.Now, Log: zap.NewNop(),
			Policies: live, Reader: sqlparse.NewReader(sqlparse.Options{}),
			Recorder: audit.NewLog(zap.NewNop()), Usage: NewUsage(), Metrics: metrics.New(prometheus.NewRegistry(), "production", "", "", ""),
		},
		backend: &backend{},
		keys:    &keyReader{},
		caches:  []*verdicts{newVerdicts(live.Current())},
	}
	guard.benches.New = func() any { return &bench{tokens: new(sqlparse.Tokens)} }
	return guard
}

// app is the one that the policy names.
func (s *Server) app() *policy.App {
	app, _ := s.options.Policies.Current().Set.Login("app", netip.MustParseAddr("127.0.0.1"), time.Now())
	return app
}

// newScripted returns a session that has just logged in.
func newScripted(guard *Server, f form) *scripted {
	server := sqlparse.Server{Flavour: sqlparse.MySQL, Version: 90704}
	if f.mariaDB != 0 {
		server = sqlparse.Server{Flavour: sqlparse.MariaDB, Version: 101100}
	}
	s := &session{
		server: guard, log: zap.NewNop(), name: "app", user: "app", generation: 1, usage: guard.options.Usage.of("app"), verdicts: guard.caches[0],
		from: netip.MustParseAddr("127.0.0.1"), clientCapabilities: f.client, serverCapabilities: f.server,
		mariaDBCapabilities: f.mariaDB, unnumbered: f.unnumbered,
	}
	s.state.mode = sqlparse.Mode{Server: server, Charset: sqlparse.CharsetUTF8}
	s.state.schema, s.state.tracked = "shop", true
	s.belongTo(guard.app())
	d := &scripted{session: s, script: &mysqltest.Script{User: "app",
		Capabilities: f.server, MariaDB: f.mariaDB, Tracks: true, Unnumbered: f.unnumbered, SQLMode: "STRICT_ALL_TABLES",
		Turns: [][][]byte{{[]byte("\xfemysql_native_password\x00abcdefghijklmnopqrst\x00")}, {wire.OK{Status: 2}.Append(nil, f.server)}},
	}}
	s.wires = d
	return d
}

// errStuck says that neither side has anything more to say.
type errStuck struct{ left int }

func (e errStuck) Error() string { return fmt.Sprintf("stuck with %d bytes of the client", e.left) }

// play feeds the client's bytes and the server's answers in pieces of at most piece(n) bytes, in an order that turn
// decides, until nothing moves.
func (d *scripted) play(input []byte, piece func(int) int, clientsTurn func() bool) error {
	for len(input) > 0 || d.answers.Len() > 0 || d.resumed {
		if d.resumed {
			d.resumed = false
			if err := d.session.resume(); err != nil {
				return err
			}
			continue
		}
		fromClient := len(input) > 0 && d.session.wantsClient() && (d.answers.Len() == 0 || clientsTurn())
		if !fromClient && d.answers.Len() == 0 {
			return errStuck{len(input)}
		}
		// Copies, so that a session that keeps what is not its own is caught.
		if fromClient {
			n := piece(len(input))
			p := bytes.Clone(input[:n])
			input = input[n:]
			if err := d.session.fromClient(p); err != nil {
				return err
			}
			clear(p)
			continue
		}
		p := bytes.Clone(d.answers.Next(piece(d.answers.Len())))
		if err := d.session.fromServer(p); err != nil {
			return err
		}
		clear(p)
	}
	return nil
}

func whole(n int) int { return n }

// oracle says whether a server may execute what it was sent, by its own reading of it.
type oracle struct {
	guard    *Server
	server   sqlparse.Server
	verdicts map[[2]string]bool // by text and mode
}

func newOracle(guard *Server, f form) *oracle {
	return &oracle{guard, newScripted(guard, f).session.state.mode.Server, make(map[[2]string]bool)}
}

// harmless are the commands that destroy nothing by themselves.
var harmless = map[byte]bool{
	mysql.COM_QUIT: true, mysql.COM_PING: true, mysql.COM_INIT_DB: true, mysql.COM_RESET_CONNECTION: true, mysql.COM_CHANGE_USER: true,
	mysql.COM_SET_OPTION: true, mysql.COM_STATISTICS: true, mysql.COM_FIELD_LIST: true, mysql.COM_STMT_FETCH: true, mysql.COM_STMT_RESET: true,
	mysql.COM_STMT_CLOSE: true, mysql.COM_STMT_SEND_LONG_DATA: true, mysql.COM_PROCESS_INFO: true, // an account sees its own
}

func (o *oracle) allows(e mysqltest.Executed) bool {
	switch e.Code {
	case mysql.COM_QUERY, mysql.COM_STMT_PREPARE:
		return o.allowsText(e.Text, e.SQLMode)
	case mysql.COM_STMT_EXECUTE, comStmtBulkExecute:
		return e.Text == "" || o.allowsText(e.Text, e.SQLMode)
	}
	return harmless[e.Code]
}

func (o *oracle) allowsText(text, sqlMode string) bool {
	key := [2]string{text, sqlMode}
	allowed, ok := o.verdicts[key]
	if !ok {
		mode := sqlparse.Mode{Server: o.server, SQLMode: sqlparse.ParseSQLMode(sqlMode), Charset: sqlparse.CharsetUTF8}
		decision := o.guard.app().Decide(policy.Request{
			Schema: "shop", Statements: o.guard.options.Reader.Read([]byte(text), mode).Statements, Now: time.Now(),
		})
		allowed = decision.Action == policy.Allow
		o.verdicts[key] = allowed
	}
	return allowed
}
