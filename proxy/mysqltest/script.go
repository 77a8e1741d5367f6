package mysqltest

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// Script is a server without data and without a connection. It answers packets as a server would, follows the state
// that decides how a server reads a text, and notes what it executed. What it makes of what it is fed is the server's
// view: a packet that does not belong where it stands ends it, as it ends a server's connection.
type Script struct {
	Capabilities wire.Capability // negotiated; taken from the handshake response where there is one
	MariaDB      uint32          // the extended capabilities negotiated
	Version      string          // told in the greeting
	SQLMode      string          // at the beginning and after a reset
	Tracks       bool            // tells of changes of sql_mode, as it does when it was asked to
	User         string          // logged in; taken from the handshake response, or COM_CHANGE_USER, where there is one
	Unnumbered   bool            // sequence ids of commands do not count: they come in compressed packets
	// Turns are what it says in an authentication, a turn for each message of the client: payloads of packets. The last
	// turn ends in an OK.
	Turns [][][]byte

	Executed      []Executed
	Authenticated bool
	WantsTLS      bool // the client has sent an SSLRequest
	Closed        bool // it would hang up

	phase    scriptPhase
	in       []byte
	seq      byte // expected next, in all phases but that of commands
	turn     int
	mode     string
	prepared map[uint32]string
	last     uint32 // id given last
}

// Executed is one command that a Script executed.
type Executed struct {
	Code    byte
	Body    []byte // behind the command byte
	Text    string // the SQL text that it carries, or that its prepared statement has
	SQLMode string // in force
}

type scriptPhase byte

const (
	scriptCommands scriptPhase = iota
	scriptGreeted
	scriptAuthenticates
	scriptReadsFile
)

// Feed takes bytes that came from the proxy and returns what the server says to them.
func (s *Script) Feed(p []byte) (answer []byte) {
	s.in = append(s.in, p...)
	for !s.Closed {
		want := s.seq
		if s.phase == scriptCommands {
			want = 0
			if s.Unnumbered {
				wire.Renumber(s.in, 0)
			}
		}
		m, _, ok, err := wire.CutMessage(s.in, want)
		if err != nil {
			s.Closed = true
			answer, _ = wire.AppendPacket(answer, want+1, wire.Err{Code: 1156, SQLState: "08S01", Message: "Got packets out of order"}.Append(nil))
			return answer
		}
		if !ok {
			return answer
		}
		says := packets{seq: m.Seq + 1, capabilities: s.Capabilities, mariaDB: s.MariaDB, status: s.status()}
		s.message(m.Payload(), &says)
		s.seq = says.seq
		s.in = bytes.Clone(s.in[len(m.Raw):])
		answer = append(answer, says.out...)
	}
	return answer
}

// Greet begins the connection phase: it returns the greeting. Without it a Script has its client logged in.
func (s *Script) Greet(capabilities wire.Capability) []byte {
	s.phase, s.seq = scriptGreeted, 1
	packet, _ := wire.AppendPacket(nil, 0, wire.Greeting{
		ServerVersion: s.Version, ThreadID: 1, Salt: []byte("abcdefghijklmnopqrst"), Capabilities: capabilities, MariaDBCapabilities: s.MariaDB,
		Collation: 45, Status: 2, AuthPlugin: mysql.AUTH_NATIVE_PASSWORD,
	}.Append(nil))
	return packet
}

// greeted takes the client's answer to the greeting.
func (s *Script) greeted(payload []byte, says *packets) {
	if wire.IsSSLRequest(payload) {
		s.WantsTLS = true
		return
	}
	r, err := wire.DecodeHandshakeResponse(payload)
	if err != nil {
		s.Closed = true
		says.error(mysql.ER_HANDSHAKE_ERROR, "Bad handshake")
		return
	}
	s.Capabilities, s.MariaDB, s.User = r.Capabilities, r.MariaDBCapabilities, r.User
	says.capabilities = s.Capabilities
	s.phase, s.turn = scriptAuthenticates, 0
	s.authenticate(says)
}

func (s *Script) message(payload []byte, says *packets) {
	switch s.phase {
	case scriptGreeted:
		s.greeted(payload, says)
	case scriptAuthenticates:
		s.authenticate(says)
	case scriptReadsFile:
		if len(payload) == 0 {
			s.phase = scriptCommands
			says.ok(wire.OK{AffectedRows: 1})
		}
	default:
		if len(payload) == 0 {
			says.error(mysql.ER_UNKNOWN_COM_ERROR, "Unknown command")
			return
		}
		s.command(payload[0], payload[1:], says)
	}
}

// authenticate says the next turn. After the last one the session is that of another account, or a new one.
func (s *Script) authenticate(says *packets) {
	for _, payload := range s.Turns[s.turn] {
		says.add(payload)
		s.Closed = payload[0] == wire.HeaderErr
	}
	if s.turn++; s.turn == len(s.Turns) && !s.Closed {
		s.phase, s.Authenticated = scriptCommands, true
		s.reset()
	}
}

// status has the flags that tell of sql_mode.
func (s *Script) status() uint16 {
	status := uint16(2) // autocommit
	if strings.Contains(s.sqlMode(), "NO_BACKSLASH_ESCAPES") {
		status |= wire.StatusNoBackslash
	}
	if strings.Contains(s.sqlMode(), "ANSI_QUOTES") && s.MariaDB != 0 {
		status |= wire.StatusANSIQuotesMaria
	}
	return status
}

func (s *Script) sqlMode() string {
	if s.mode == "" {
		s.mode = s.SQLMode
	}
	return s.mode
}

// reset forgets what a session has set, and what it was asked to track.
func (s *Script) reset() {
	s.mode, s.prepared, s.Tracks = s.SQLMode, nil, false
}

// command executes one command.
func (s *Script) command(code byte, body []byte, says *packets) {
	e := Executed{Code: code, Body: bytes.Clone(body), SQLMode: s.sqlMode()}
	defer func() { s.Executed = append(s.Executed, e) }()
	switch code {
	case mysql.COM_QUIT:
		s.Closed = true
	case mysql.COM_QUERY:
		text := body
		if s.Capabilities&mysql.CLIENT_QUERY_ATTRIBUTES != 0 {
			var err error
			if text, err = wire.QueryText(body); err != nil {
				says.error(mysql.ER_MALFORMED_PACKET, "Malformed communication packet.")
				return
			}
		}
		e.Text = string(text)
		s.query(e.Text, says)
	case mysql.COM_STMT_PREPARE:
		e.Text = string(body)
		s.prepare(e.Text, says)
	case mysql.COM_STMT_EXECUTE, comStmtBulkExecute, mysql.COM_STMT_FETCH, mysql.COM_STMT_RESET, mysql.COM_STMT_CLOSE, mysql.COM_STMT_SEND_LONG_DATA:
		e.Text = s.onStatement(code, body, says)
	case mysql.COM_CHANGE_USER:
		if r, err := wire.DecodeChangeUser(body, s.Capabilities); err == nil {
			s.User = r.User
		}
		s.phase, s.turn = scriptAuthenticates, 0
		s.authenticate(says)
	case mysql.COM_RESET_CONNECTION:
		s.reset()
		says.ok(wire.OK{})
	case mysql.COM_INIT_DB:
		schema := wire.AppendLenencBytes(nil, body)
		says.ok(wire.OK{Status: wire.StatusSessionChanged, SessionState: wire.AppendLenencBytes([]byte{byte(wire.StateSchema)}, schema)})
	case mysql.COM_STATISTICS:
		says.add([]byte("Uptime: 1"))
	case mysql.COM_SET_OPTION:
		says.eof(0)
	default:
		says.ok(wire.OK{})
	}
}

// comStmtBulkExecute is MariaDB's.
const comStmtBulkExecute = 0xfa

func (s *Script) prepare(text string, says *packets) {
	if s.prepared == nil {
		s.prepared = make(map[uint32]string)
	}
	s.last++
	s.prepared[s.last] = text
	says.add(binary.LittleEndian.AppendUint32([]byte{0}, s.last), []byte{1, 0, 1, 0, 0, 0, 0})
	for range 2 { // a parameter, a column
		says.add([]byte("\x03defdefinition"))
		says.eof(0, mysql.CLIENT_DEPRECATE_EOF)
	}
}

// onStatement executes a command on a prepared statement and returns its text.
func (s *Script) onStatement(code byte, body []byte, says *packets) string {
	id := uint32(0)
	if len(body) >= 4 {
		id = binary.LittleEndian.Uint32(body)
	}
	if id == 0xffffffff && s.MariaDB != 0 {
		id = s.last
	}
	text, known := s.prepared[id]
	switch {
	case code == mysql.COM_STMT_SEND_LONG_DATA:
	case code == mysql.COM_STMT_CLOSE:
		delete(s.prepared, id)
	case !known:
		says.error(mysql.ER_UNKNOWN_STMT_HANDLER, "Unknown prepared statement handler")
	case code == mysql.COM_STMT_EXECUTE && len(body) > 4 && body[4] == 1:
		says.cursor()
	case code == mysql.COM_STMT_EXECUTE:
		says.result(1, 2, 300, 0)
	case code == mysql.COM_STMT_FETCH:
		says.rows(1, 2, 10, 0)
	default:
		says.ok(wire.OK{})
	}
	return text
}

// query answers a text by how it begins.
func (s *Script) query(text string, says *packets) {
	is := func(beginning string) bool { return strings.HasPrefix(text, beginning) }
	switch {
	case is("SELECT CAST(CONCAT(@@sql_mode) AS BINARY), CAST(CONCAT(@@character_set_client) AS BINARY), CAST(DATABASE() AS BINARY)"):
		values := []string{s.sqlMode(), "utf8mb4", "shop", "0", "67108864", s.User + "@localhost"}
		if strings.Contains(text, "@@session_track_system_variables") {
			values = append(values, "")
		}
		says.columns(len(values))
		says.row(values)
		says.eof(0)
	case is("SET SESSION session_track_schema=ON"):
		s.Tracks = true
		says.ok(wire.OK{})
	case is("SET sql_mode = '"):
		s.mode, _, _ = strings.Cut(strings.TrimPrefix(text, "SET sql_mode = '"), "'")
		says.status = s.status()
		ok := wire.OK{}
		if s.Tracks {
			ok.Status, ok.SessionState = wire.StatusSessionChanged, wire.AppendVariable(nil, "sql_mode", []byte(s.mode))
		}
		says.ok(ok)
	case is("LOAD DATA LOCAL"):
		if s.Capabilities&mysql.CLIENT_LOCAL_FILES == 0 {
			says.error(4166, "LOAD DATA LOCAL is not allowed")
			return
		}
		s.phase = scriptReadsFile
		says.add([]byte("\xfbrows"))
	case is("SELECT missing"):
		says.error(mysql.ER_BAD_FIELD_ERROR, "Unknown column 'missing'")
	case is("SELECT"):
		says.progress()
		says.result(2, 3, 40, 0)
	case is("CALL"):
		says.result(1, 1, 10, wire.StatusMoreResults)
		says.result(2, 2, 10, wire.StatusMoreResults)
		says.ok(wire.OK{})
	default:
		says.ok(wire.OK{AffectedRows: 1})
	}
}
