package proxy

import (
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// answerPhase is where the server stands in its answer to one command.
type answerPhase uint8

const (
	answerDone        answerPhase = iota // no command is in flight
	answerSimple                         // one OK, EOF or ERR packet
	answerFirst                          // the first packet of a result: OK, ERR or a column count
	answerColumns                        // column definitions, then rows
	answerColumnsEnd                     // the EOF behind them, without CLIENT_DEPRECATE_EOF
	answerRows                           // rows until EOF, OK or ERR
	answerPrepare                        // COM_STMT_PREPARE_OK or ERR
	answerDefinitions                    // a counted number of packets, then the end
	answerText                           // one packet of text: COM_STATISTICS
	answerInfile                         // the client's turn: the file of a LOAD DATA LOCAL
	answerAuth                           // the messages of a COM_CHANGE_USER, see changing
)

// answer follows one answer packet by packet, as far as is needed to know where
// it ends and what it says of the session. It sees the whole of the packets that
// it calls worth seeing, and of all others nothing but their header and first byte.
type answer struct {
	phase        answerPhase
	capabilities wire.Capability
	mariaDB      uint32 // extended capabilities
	files        int    // that the server may still ask the client for
	left         int    // packets still to come in answerColumns and answerDefinitions
	prepare      wire.PrepareOK
	prepared     bool
}

// deprecateEOF reports whether result sets end in an OK packet.
func (a *answer) deprecateEOF() bool { return a.capabilities&mysql.CLIENT_DEPRECATE_EOF != 0 }

// whole reports whether the next packet, of n payload bytes beginning with
// first, must be seen whole. Rows and definitions need not.
func (a *answer) whole(n int, first byte) bool {
	switch a.phase {
	case answerColumns, answerDefinitions, answerText:
		return false
	case answerRows:
		switch first {
		case wire.HeaderErr:
			return true
		case wire.HeaderEOF:
			return n <= wire.MaxEOFLen || a.deprecateEOF() && n < wire.MaxPayload
		}
		return false
	}
	return true
}

// skipped takes note of a packet that need not be seen.
func (a *answer) skipped() {
	switch a.phase {
	case answerText:
		a.phase = answerDone
	case answerColumns:
		if a.left--; a.left == 0 {
			a.afterColumns()
		}
	case answerDefinitions:
		if a.left--; a.left == 0 {
			a.phase = answerDone
		}
	}
}

// ending is what a packet worth seeing says of the session.
type ending struct {
	ok     wire.OK // where isOK: an OK packet, or the end of rows with CLIENT_DEPRECATE_EOF
	isOK   bool
	err    *wire.Err
	status uint16 // of an OK or EOF packet
	has    bool   // status is set
}

// seen takes note of a packet seen whole, and says what it was.
func (a *answer) seen(payload []byte) (ending, error) {
	if len(payload) == 0 {
		return ending{}, wire.ErrMalformed
	}
	if payload[0] == wire.HeaderErr {
		e, err := wire.DecodeErr(payload)
		if e.Code == wire.ProgressReport && a.mariaDB&wire.MariaDBProgress != 0 {
			return ending{}, err
		}
		a.phase = answerDone
		return ending{err: &e}, err
	}
	switch a.phase {
	case answerSimple:
		return a.terminal(payload)
	case answerFirst:
		return a.first(payload)
	case answerColumnsEnd:
		return a.columnsEnd(payload)
	case answerRows:
		return a.terminal(payload)
	case answerPrepare:
		return ending{}, a.prepareOK(payload)
	}
	return ending{}, wire.ErrMalformed
}

// terminal reads the packet that ends an answer: OK or EOF, which differ in
// length where both begin alike.
func (a *answer) terminal(payload []byte) (ending, error) {
	if payload[0] == wire.HeaderEOF && len(payload) <= wire.EOFLen {
		return a.eof(payload)
	}
	return a.result(payload)
}

// first reads the head of a result.
func (a *answer) first(payload []byte) (ending, error) {
	switch payload[0] {
	case wire.HeaderOK:
		return a.result(payload)
	case wire.HeaderLocalInfile: // a server may not ask for whatever file it likes
		if a.files == 0 {
			return ending{}, errUnaskedFile
		}
		a.files--
		a.phase = answerInfile
		return ending{}, nil
	}
	n, definitions, err := wire.DecodeColumnCount(payload, a.mariaDB)
	a.phase, a.left = answerColumns, int(n)
	if !definitions {
		a.afterColumns()
	}
	return ending{}, err
}

// errUnaskedFile ends the session of a server that wants a file of the client's
// where no LOAD DATA LOCAL was forwarded.
var errUnaskedFile = fmt.Errorf("the server asks for a file, and no statement does: %w", wire.ErrMalformed)

func (a *answer) afterColumns() {
	a.phase = answerRows
	if !a.deprecateEOF() {
		a.phase = answerColumnsEnd
	}
}

// columnsEnd reads the EOF between definitions and rows. With a cursor the
// rows stay at the server until COM_STMT_FETCH.
func (a *answer) columnsEnd(payload []byte) (ending, error) {
	e, err := wire.DecodeEOF(payload)
	if err != nil {
		return ending{}, err
	}
	a.phase = answerRows
	if e.Status&wire.StatusCursorExists != 0 {
		a.over(e.Status)
	}
	return ending{status: e.Status, has: true}, nil
}

func (a *answer) eof(payload []byte) (ending, error) {
	e, err := wire.DecodeEOF(payload)
	if err != nil {
		return ending{}, err
	}
	a.over(e.Status)
	return ending{status: e.Status, has: true}, nil
}

func (a *answer) result(payload []byte) (ending, error) {
	ok, err := wire.DecodeOK(payload, a.capabilities)
	if err != nil {
		return ending{}, err
	}
	a.over(ok.Status)
	return ending{ok: ok, isOK: true, status: ok.Status, has: true}, nil
}

// over ends a result; another one may follow.
func (a *answer) over(status uint16) {
	a.phase = answerDone
	if status&wire.StatusMoreResults != 0 {
		a.phase = answerFirst
	}
}

func (a *answer) prepareOK(payload []byte) error {
	p, err := wire.DecodePrepareOK(payload)
	if err != nil {
		return err
	}
	a.prepare, a.prepared = p, true
	a.left = int(p.Params) + int(p.Columns)
	if !a.deprecateEOF() {
		a.left += min(1, int(p.Params)) + min(1, int(p.Columns))
	}
	a.phase = answerDefinitions
	if a.left == 0 {
		a.phase = answerDone
	}
	return nil
}
