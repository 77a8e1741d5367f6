package proxy

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// state is what of a session decides how its next text is read. It is asked of
// the server (question) after the login and whenever it may have changed
// unseen, and followed by the server's session tracking in between.
type state struct {
	mode           sqlparse.Mode
	schema         string
	lowerCaseNames bool
	tracked        bool // the server reports changes of sql_mode and character_set_client
	modeStale      bool // mode may have changed unseen
	schemaStale    bool // so may schema
	maxPacket      int  // the server's max_allowed_packet, in bytes; 0 where it is not known
	sandboxed      bool // the account's password has expired: the server tells nothing until it is changed
	flags          uint16
	wants          trackList // what the client itself wants to be told of
	installed      trackList // what the server was last seen to track for us
}

// readingFlags are the status flags that tell of sql_mode: NO_BACKSLASH_ESCAPES
// everywhere, ANSI_QUOTES on MariaDB.
func (s *state) readingFlags() uint16 {
	if s.mode.Server.Flavour == sqlparse.MariaDB {
		return wire.StatusNoBackslash | wire.StatusANSIQuotesMaria
	}
	return wire.StatusNoBackslash
}

// doubtful reports whether the state must be asked for before a text is judged.
// A text that reads the same in every mode does not need the mode.
func (s *state) doubtful(modeFree bool) bool {
	return s.schemaStale || s.modeStale && !modeFree
}

// uncertain reports whether anything of the state may have changed unseen.
func (s *state) uncertain() bool { return s.modeStale || s.schemaStale }

// stale notes that anything may have changed unseen.
func (s *state) stale() { s.modeStale, s.schemaStale = true, true }

// sandbox notes that the server keeps its state to itself, because the account's
// password has expired. It is asked again after every statement.
func (s *state) sandbox() {
	s.sandboxed, s.modeStale, s.schemaStale = true, false, false
	s.mode.SQLMode, s.mode.Charset = 0, sqlparse.CharsetBinary // reads ASCII as every other does
	s.lowerCaseNames = true
}

// flagsSeen compares a status flag that has moved with the mode we hold. A
// flag that disagrees means a change that tracking did not report. A flag that
// stays wrong (a procedure leaves NO_BACKSLASH_ESCAPES behind) is not asked
// about twice.
func (s *state) flagsSeen(status uint16) {
	flags := status & s.readingFlags()
	if flags == s.flags {
		return
	}
	s.flags = flags
	wrongBackslash := (flags&wire.StatusNoBackslash != 0) != (s.mode.SQLMode&sqlparse.NoBackslashEscapes != 0)
	wrongQuotes := s.mode.Server.Flavour == sqlparse.MariaDB &&
		(flags&wire.StatusANSIQuotesMaria != 0) != (s.mode.SQLMode&sqlparse.ANSIQuotes != 0)
	if wrongBackslash || wrongQuotes {
		s.modeStale = true
	}
}

// reported takes over what a session-state block says.
func (s *state) reported(block []byte) (variables, schema bool, err error) {
	for len(block) > 0 {
		var change wire.StateChange
		if change, block, err = wire.NextStateChange(block); err != nil {
			return variables, schema, err
		}
		switch change.Type {
		case wire.StateSchema:
			if s.schema, err = change.Schema(); err != nil {
				return variables, schema, err
			}
			schema = true
		case wire.StateSystemVariable:
			if err = change.Variables(s.variable); err != nil {
				return variables, schema, err
			}
			variables = true
		}
	}
	return variables, schema, nil
}

func (s *state) variable(name string, value []byte) {
	switch strings.ToLower(name) {
	case "sql_mode":
		s.mode.SQLMode = sqlparse.ParseSQLMode(string(value))
	case "character_set_client":
		s.mode.Charset = sqlparse.ParseCharset(string(value))
	case "session_track_system_variables", "session_track_schema":
		s.stale() // the client turned a knob of ours: ask, and turn it back
	}
}

// forClient returns the block without what only the proxy asked for.
func (s *state) forClient(block []byte) ([]byte, error) {
	if s.wants.all || !s.tracked {
		return block, nil
	}
	var kept []byte
	for len(block) > 0 {
		change, rest, err := wire.NextStateChange(block)
		if err != nil {
			return nil, err
		}
		block = rest
		if change.Type != wire.StateSystemVariable {
			kept = change.Append(kept)
			continue
		}
		err = change.Variables(func(name string, value []byte) {
			if s.wants.has(name) {
				kept = wire.AppendVariable(kept, name, value)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// trackList is a value of session_track_system_variables.
type trackList struct {
	all   bool
	names map[string]struct{}
}

func parseTrackList(value string) trackList {
	l := trackList{names: make(map[string]struct{})}
	for name := range strings.SplitSeq(value, ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "":
		case "*":
			l.all = true
		default:
			l.names[name] = struct{}{}
		}
	}
	return l
}

func (l trackList) has(name string) bool {
	_, ok := l.names[strings.ToLower(name)]
	return ok || l.all
}

func (l trackList) equal(o trackList) bool {
	if l.all != o.all || len(l.names) != len(o.names) {
		return false
	}
	for name := range l.names {
		if !o.has(name) {
			return false
		}
	}
	return true
}

// The question: what is the state, what did the client want tracked, and track
// ours too. Both statements are sent in one write and answered in order.
const (
	askState = "SELECT @@sql_mode, @@character_set_client, DATABASE(), @@lower_case_table_names, @@max_allowed_packet"
	askTrack = ", @@session_track_system_variables"
	setTrack = "SET SESSION session_track_schema=ON, session_track_system_variables=" +
		"IF(FIND_IN_SET('sql_mode',@@session_track_system_variables)>0" +
		" AND FIND_IN_SET('character_set_client',@@session_track_system_variables)>0" +
		" AND FIND_IN_SET('session_track_system_variables',@@session_track_system_variables)>0" +
		" AND FIND_IN_SET('session_track_schema',@@session_track_system_variables)>0," +
		"@@session_track_system_variables," +
		"TRIM(BOTH ',' FROM CONCAT(@@session_track_system_variables,',sql_mode,character_set_client,session_track_system_variables,session_track_schema')))"
)

// ourTrackList is what setTrack adds.
const ourTrackList = "sql_mode,character_set_client,session_track_system_variables,session_track_schema"

// question is one run of asking the server for the session's state.
type question struct {
	track  bool // the server has session tracking
	answer answer
	row    [][]byte
	askErr *wire.Err // the SELECT failed: nothing is known
	setErr *wire.Err // the SET failed: changes will not be reported
	second bool
}

// errNoTracking says that the server does not know the tracking variables.
type errNoTracking struct{ cause wire.Err }

func (e errNoTracking) Error() string { return "no session tracking: " + e.cause.Message }

func newQuestion(s *session) *question {
	return &question{
		track:  s.server.backend.tracks(s.serverCapabilities),
		answer: answer{phase: answerFirst, capabilities: s.serverCapabilities, mariaDB: s.mariaDBCapabilities},
	}
}

// commands are what to send.
func (q *question) commands() [][]byte {
	if !q.track {
		return [][]byte{wire.AppendQuery(nil, []byte(askState), q.answer.capabilities)}
	}
	return [][]byte{
		wire.AppendQuery(nil, []byte(askState+askTrack), q.answer.capabilities),
		wire.AppendQuery(nil, []byte(setTrack), q.answer.capabilities),
	}
}

// packet takes one packet of the answers and reports whether it was the last.
func (q *question) packet(payload []byte) (done bool, err error) {
	first := byte(0)
	if len(payload) > 0 {
		first = payload[0]
	}
	if !q.answer.whole(len(payload), first) {
		if q.answer.phase == answerRows {
			columns := 5
			if q.track {
				columns = 6
			}
			q.row, err = wire.DecodeTextRow(bytes.Clone(payload), columns)
			return false, err
		}
		q.answer.skipped()
		return false, nil
	}
	end, err := q.answer.seen(payload)
	if err != nil {
		return false, err
	}
	switch {
	case end.err != nil && q.second:
		q.setErr = end.err
	case end.err != nil:
		q.askErr = end.err
	}
	if q.answer.phase != answerDone {
		return false, nil
	}
	if q.track && !q.second {
		q.second = true
		q.answer.phase = answerFirst
		return false, nil
	}
	return true, nil
}

// take moves the answers into the state.
func (q *question) take(s *state) error {
	switch {
	case q.askErr == nil:
	case q.askErr.Code == mysql.ER_MUST_CHANGE_PASSWORD:
		s.sandbox()
		return nil
	case q.track && q.askErr.Code == mysql.ER_UNKNOWN_SYSTEM_VARIABLE:
		return errNoTracking{*q.askErr}
	default:
		return serverError{*q.askErr}
	}
	if len(q.row) < 5 {
		return fmt.Errorf("the session's state: no row: %w", wire.ErrMalformed)
	}
	s.mode.SQLMode = sqlparse.ParseSQLMode(string(q.row[0]))
	s.mode.Charset = sqlparse.ParseCharset(string(q.row[1]))
	s.schema = string(q.row[2])
	s.lowerCaseNames = string(q.row[3]) != "0"
	s.maxPacket, _ = strconv.Atoi(string(q.row[4]))
	s.sandboxed = false
	s.tracked = q.track && q.setErr == nil
	s.modeStale, s.schemaStale = false, false
	if q.track {
		found := parseTrackList(string(q.row[5]))
		if !found.equal(s.installed) {
			s.wants = found
			s.installed = parseTrackList(string(q.row[5]) + "," + ourTrackList)
		}
	}
	return nil
}
