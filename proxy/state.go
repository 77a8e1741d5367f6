package proxy

import (
	"strings"

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
func (s *state) reported(block []byte) (variables reported, schema bool, err error) {
	take := func(name string, value []byte) { variables |= s.variable(name, value) }
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
			if err = change.Variables(take); err != nil {
				return variables, schema, err
			}
		}
	}
	return variables, schema, nil
}

func (s *state) variable(name string, value []byte) reported {
	switch strings.ToLower(name) {
	case "sql_mode":
		s.mode.SQLMode = sqlparse.ParseSQLMode(string(value))
		return reportedAny | reportedMode
	case "character_set_client":
		s.mode.Charset = sqlparse.ParseCharset(string(value))
		return reportedAny | reportedCharset
	case "session_track_system_variables", "session_track_schema":
		s.stale() // the client turned a knob of ours: ask, and turn it back
	}
	return reportedAny
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
