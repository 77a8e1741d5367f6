package wire

// StateChangeType is the kind of one entry in an OK packet's session-state block.
type StateChangeType byte

// The entries, enum_session_state_type in the server's mysql_com.h.
const (
	StateSystemVariable StateChangeType = 0
	StateSchema         StateChangeType = 1
)

// StateChange is one entry of a session-state block.
type StateChange struct {
	Type StateChangeType
	Data []byte // inner form, read with Variables or Schema
	raw  []byte
}

// NextStateChange cuts the first entry off block.
func NextStateChange(block []byte) (change StateChange, rest []byte, err error) {
	c := cursor{rest: block}
	change = StateChange{Type: StateChangeType(c.uint8()), Data: c.lenencBytes()}
	if c.bad {
		return StateChange{}, nil, malformed("session-state block")
	}
	change.raw = block[:len(block)-len(c.rest)]
	return change, c.rest, nil
}

// Append appends the entry as it came.
func (s StateChange) Append(dst []byte) []byte { return append(dst, s.raw...) }

// Schema returns the new default schema of a StateSchema entry; "" is none.
func (s StateChange) Schema() (string, error) {
	c := cursor{rest: s.Data}
	name := string(c.lenencBytes())
	if c.bad {
		return "", malformed("session-state schema")
	}
	return name, nil
}

// Variables calls yield for each name and value of a StateSystemVariable
// entry. MariaDB puts several pairs into one entry.
func (s StateChange) Variables(yield func(name string, value []byte)) error {
	for c := (cursor{rest: s.Data}); len(c.rest) > 0; {
		name, value := c.lenencBytes(), c.lenencBytes()
		if c.bad {
			return malformed("session-state variable")
		}
		yield(string(name), value)
	}
	return nil
}

// AppendVariable appends an entry that reports one system variable.
func AppendVariable(dst []byte, name string, value []byte) []byte {
	pair := AppendLenencBytes(AppendLenencBytes(nil, name), value)
	return AppendLenencBytes(append(dst, byte(StateSystemVariable)), pair)
}
