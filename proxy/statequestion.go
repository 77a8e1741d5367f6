package proxy

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
	"guardrail/sqlparse"
)

// What the question says: what is the state, what did the client want tracked,
// and track ours too. What is asked for is binary, which the server does not
// convert to character_set_results, and a LIMIT of its own goes before
// sql_select_limit: the client may have set either to anything. CONCAT makes
// text of a variable for the demo's server, which cannot cast its own type.
const (
	askState = "SELECT CAST(CONCAT(@@sql_mode) AS BINARY), CAST(CONCAT(@@character_set_client) AS BINARY), CAST(DATABASE() AS BINARY)," +
		" CAST(@@lower_case_table_names AS BINARY), CAST(@@max_allowed_packet AS BINARY), CAST(USER() AS BINARY)"
	askTrack = ", CAST(CONCAT(@@session_track_system_variables) AS BINARY)"
	askOne   = " LIMIT 1"
	// Each is added that is not there: MySQL refuses a list that names one twice.
	setTrack = "SET SESSION session_track_schema=ON, session_track_system_variables=CONCAT_WS(','," +
		"NULLIF(REPLACE(@@session_track_system_variables,' ',''),'')," +
		"IF(FIND_IN_SET('sql_mode',REPLACE(@@session_track_system_variables,' ','')),NULL,'sql_mode')," +
		"IF(FIND_IN_SET('character_set_client',REPLACE(@@session_track_system_variables,' ','')),NULL,'character_set_client')," +
		"IF(FIND_IN_SET('session_track_system_variables',REPLACE(@@session_track_system_variables,' ','')),NULL,'session_track_system_variables')," +
		"IF(FIND_IN_SET('session_track_schema',REPLACE(@@session_track_system_variables,' ','')),NULL,'session_track_schema'))"
)

// ourTrackList is what setTrack adds.
const ourTrackList = "sql_mode,character_set_client,session_track_system_variables,session_track_schema"

// stateQuestion asks the server for the session's state, and in the same round
// trip makes the session what its policy wants.
type stateQuestion struct {
	track   bool // the server has session tracking
	setting setting
	set     bool // the setting is among the texts
	texts   []string
	replies []reply // one for each text
	at      int     // the reply that is being read
}

func (s *session) newStateQuestion() *stateQuestion {
	q := &stateQuestion{track: s.server.backend.tracks(s.serverCapabilities), texts: []string{askState + askOne}}
	if q.track {
		q.texts = []string{askState + askTrack + askOne, setTrack}
	}
	// What may have changed the mode unseen may have changed the variables that
	// the policy holds: a procedure that sets them, called by the app.
	if s.owed || s.state.modeStale && s.wanted.any() {
		q.setting, q.set = s.wanted, true
		q.texts = append(q.texts, s.wanted.statements(s.applied)...)
	}
	for range q.texts {
		q.replies = append(q.replies, s.newReply(answerFirst))
	}
	return q
}

// askState asks for the session's state. The command that was to be judged waits.
func (s *session) askState() { s.ask(s.newStateQuestion()) }

func (q *stateQuestion) commands() [][]byte {
	var out [][]byte
	for i, text := range q.texts {
		out = append(out, wire.AppendQuery(nil, []byte(text), q.replies[i].answer.capabilities))
	}
	return out
}

func (q *stateQuestion) packet(payload []byte) (done bool, err error) {
	over, err := q.replies[q.at].packet(payload)
	if err != nil {
		return false, fmt.Errorf("reading the session's state: %w", err)
	}
	if over {
		q.at++
	}
	return q.at == len(q.replies), nil
}

// errNoTracking says that the server does not know the tracking variables.
type errNoTracking struct{ cause wire.Err }

func (e errNoTracking) Error() string { return "no session tracking: " + e.cause.Message }

// told moves the answers into the session's state.
func (q *stateQuestion) told(s *session) error {
	if failed := q.replies[0].failed; failed != nil {
		switch {
		case failed.Code == mysql.ER_MUST_CHANGE_PASSWORD:
			s.state.sandbox()
			return nil
		case q.track && failed.Code == mysql.ER_UNKNOWN_SYSTEM_VARIABLE:
			return errNoTracking{*failed}
		}
		return fmt.Errorf("reading the session's state: %w", serverError{*failed})
	}
	was := s.state.sandboxed
	account, err := q.learn(&s.state)
	switch {
	case err != nil:
		return err
	case account != s.user:
		return errOtherAccount{account}
	}
	if was && s.server.options.Backend.Tag != TagNone {
		return s.unsandboxed()
	}
	if q.set {
		return q.settled(s)
	}
	return nil
}

// learn takes over the row of the SELECT, and returns the account that the
// server has logged in.
func (q *stateQuestion) learn(s *state) (account string, err error) {
	columns := 6
	if q.track {
		columns = 7
	}
	if len(q.replies[0].rows) == 0 {
		return "", fmt.Errorf("the session's state: no row: %w", wire.ErrMalformed)
	}
	row, err := wire.DecodeTextRow(q.replies[0].rows[0], columns)
	if err != nil {
		return "", fmt.Errorf("the session's state: %w", err)
	}
	s.mode.SQLMode = sqlparse.ParseSQLMode(string(row[0]))
	s.mode.Charset = sqlparse.ParseCharset(string(row[1]))
	s.schema = string(row[2])
	s.lowerCaseNames = string(row[3]) != "0"
	s.maxPacket, _ = strconv.Atoi(string(row[4]))
	s.sandboxed = false
	s.tracked = q.track && q.replies[1].failed == nil // where the SET failed, changes will not be reported
	s.modeStale, s.schemaStale = false, false
	if q.track {
		found := parseTrackList(string(row[6]))
		if !found.equal(s.installed) {
			s.wants = found
			s.installed = parseTrackList(string(row[6]) + "," + ourTrackList)
		}
	}
	return nameOf(row[5]), nil
}

// nameOf is the name in what USER() says: all before the last @, since a host has none.
func nameOf(user []byte) string {
	return string(user[:max(0, bytes.LastIndexByte(user, '@'))])
}

// settled looks whether the server took what the policy sets.
func (q *stateQuestion) settled(s *session) error {
	first := 1
	if q.track {
		first = 2
	}
	for _, r := range q.replies[first:] {
		if r.failed != nil {
			return errNotSet{*r.failed}
		}
	}
	s.applied, s.owed = q.setting, false
	return nil
}
