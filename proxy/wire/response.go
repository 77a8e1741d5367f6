package wire

import (
	"encoding/binary"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// First bytes of the server's answers.
const (
	HeaderOK          byte = 0x00
	HeaderLocalInfile byte = 0xfb
	HeaderEOF         byte = 0xfe
	HeaderErr         byte = 0xff
)

// MaxEOFLen bounds the payload of an EOF packet; a longer one that begins with
// HeaderEOF is a row, unless CLIENT_DEPRECATE_EOF makes it an OK packet.
const MaxEOFLen = 8

// EOFLen is the length of an EOF packet's payload; an OK packet that begins with
// HeaderEOF is longer.
const EOFLen = 5

// Status flags that the proxy looks at.
const (
	StatusInTransaction   uint16 = 0x0001
	StatusMoreResults     uint16 = 0x0008
	StatusCursorExists    uint16 = 0x0040
	StatusNoBackslash     uint16 = 0x0200
	StatusSessionChanged  uint16 = 0x4000
	StatusANSIQuotesMaria uint16 = 0x8000
)

// OK is an OK packet, or the end of a result set under CLIENT_DEPRECATE_EOF.
type OK struct {
	Header       byte // HeaderOK or HeaderEOF
	AffectedRows uint64
	LastInsertID uint64
	Status       uint16
	Warnings     uint16
	Info         []byte
	SessionState []byte // the block of session-state changes; read it with NextStateChange
}

// DecodeOK decodes an OK packet of a connection that negotiated capabilities.
func DecodeOK(payload []byte, capabilities Capability) (OK, error) {
	c := cursor{rest: payload}
	ok := OK{Header: c.uint8(), AffectedRows: c.lenencInt(), LastInsertID: c.lenencInt(), Status: c.uint16(), Warnings: c.uint16()}
	switch {
	case capabilities&mysql.CLIENT_SESSION_TRACK == 0:
		ok.Info = c.all()
	case len(c.rest) > 0:
		ok.Info = c.lenencBytes()
		if ok.Status&StatusSessionChanged != 0 && len(c.rest) > 0 {
			ok.SessionState = c.lenencBytes()
		}
	}
	if c.bad {
		return OK{}, malformed("OK packet")
	}
	return ok, nil
}

// Append appends the packet's payload for a peer that negotiated capabilities.
func (o OK) Append(dst []byte, capabilities Capability) []byte {
	track := capabilities&mysql.CLIENT_SESSION_TRACK != 0
	status := o.Status
	if !track || len(o.SessionState) == 0 {
		status &^= StatusSessionChanged
	}
	dst = append(dst, o.Header)
	dst = AppendLenencInt(dst, o.AffectedRows)
	dst = AppendLenencInt(dst, o.LastInsertID)
	dst = binary.LittleEndian.AppendUint16(dst, status)
	dst = binary.LittleEndian.AppendUint16(dst, o.Warnings)
	if !track {
		return append(dst, o.Info...)
	}
	if len(o.Info) > 0 || status&StatusSessionChanged != 0 {
		dst = AppendLenencBytes(dst, o.Info)
	}
	if status&StatusSessionChanged != 0 {
		dst = AppendLenencBytes(dst, o.SessionState)
	}
	return dst
}

// EOF is the EOF packet of connections without CLIENT_DEPRECATE_EOF.
type EOF struct{ Warnings, Status uint16 }

// DecodeEOF decodes an EOF packet.
func DecodeEOF(payload []byte) (EOF, error) {
	c := cursor{rest: payload}
	if c.uint8() != HeaderEOF || len(payload) > MaxEOFLen {
		return EOF{}, malformed("EOF packet")
	}
	e := EOF{Warnings: c.uint16(), Status: c.uint16()}
	if c.bad {
		return EOF{}, malformed("EOF packet")
	}
	return e, nil
}

// ProgressReport is the error code of an ERR packet that is none: MariaDB
// reports the progress of a long statement, and its answer goes on.
const ProgressReport = 0xffff

// Err is an ERR packet.
type Err struct {
	Code     uint16
	SQLState string // five characters; left out of errors sent before the greeting is answered
	Message  string
}

// DecodeErr decodes an ERR packet.
func DecodeErr(payload []byte) (Err, error) {
	c := cursor{rest: payload}
	if c.uint8() != HeaderErr {
		return Err{}, malformed("ERR packet")
	}
	e := Err{Code: c.uint16()}
	if len(c.rest) >= 6 && c.rest[0] == '#' {
		e.SQLState = string(c.rest[1:6])
		c.rest = c.rest[6:]
	}
	e.Message = string(c.all())
	if c.bad {
		return Err{}, malformed("ERR packet")
	}
	return e, nil
}

// Append appends the packet's payload.
func (e Err) Append(dst []byte) []byte {
	dst = append(dst, HeaderErr)
	dst = binary.LittleEndian.AppendUint16(dst, e.Code)
	if e.SQLState != "" {
		dst = append(append(dst, '#'), e.SQLState...)
	}
	return append(dst, e.Message...)
}

// PrepareOK is the first packet of the answer to COM_STMT_PREPARE.
type PrepareOK struct {
	StatementID uint32
	Columns     uint16
	Params      uint16
}

// DecodePrepareOK decodes a COM_STMT_PREPARE_OK.
func DecodePrepareOK(payload []byte) (PrepareOK, error) {
	c := cursor{rest: payload}
	if c.uint8() != HeaderOK {
		return PrepareOK{}, malformed("COM_STMT_PREPARE_OK")
	}
	p := PrepareOK{StatementID: c.uint32(), Columns: c.uint16(), Params: c.uint16()}
	if c.bad {
		return PrepareOK{}, malformed("COM_STMT_PREPARE_OK")
	}
	return p, nil
}

// DecodeColumnCount decodes the first packet of a result set. With
// MariaDBCacheMetadata it also says whether column definitions follow; without
// it they always do.
func DecodeColumnCount(payload []byte, mariaDB uint32) (n uint64, definitions bool, err error) {
	c := cursor{rest: payload}
	n, definitions = c.lenencInt(), true
	if mariaDB&MariaDBCacheMetadata != 0 {
		definitions = c.uint8() != 0
	}
	if c.bad || len(c.rest) > 0 || n == 0 || n > 1<<16 {
		return 0, false, malformed("column count")
	}
	return n, definitions, nil
}

// DecodeTextRow decodes a row of the text protocol into n values; NULL is nil.
func DecodeTextRow(payload []byte, n int) ([][]byte, error) {
	c := cursor{rest: payload}
	values := make([][]byte, n)
	for i := range values {
		if len(c.rest) > 0 && c.rest[0] == 0xfb {
			c.bytes(1)
			continue
		}
		if values[i] = c.lenencBytes(); values[i] == nil {
			values[i] = []byte{}
		}
	}
	if c.bad || len(c.rest) > 0 {
		return nil, malformed("text row")
	}
	return values, nil
}
