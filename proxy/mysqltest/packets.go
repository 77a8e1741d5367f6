package mysqltest

import (
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"guardrail/proxy/wire"
)

// packets are a Script's answer to one message.
type packets struct {
	out          []byte
	seq          byte
	capabilities wire.Capability
	mariaDB      uint32
	status       uint16
}

// add adds a packet of the pieces' bytes.
func (p *packets) add(pieces ...[]byte) {
	var payload []byte
	for _, piece := range pieces {
		payload = append(payload, piece...)
	}
	p.out, p.seq = wire.AppendPacket(p.out, p.seq, payload)
}

func (p *packets) ok(ok wire.OK) {
	ok.Status |= p.status
	p.add(ok.Append(nil, p.capabilities))
}

func (p *packets) error(code uint16, message string) {
	p.add(wire.Err{Code: code, SQLState: "HY000", Message: message}.Append(nil))
}

// eof adds what ends rows, with more status flags: an EOF packet, or an OK packet for clients that know no other. It
// is left out for those with one of the capabilities in unless.
func (p *packets) eof(status uint16, unless ...wire.Capability) {
	for _, c := range unless {
		if p.capabilities&c != 0 {
			return
		}
	}
	status |= p.status
	if p.capabilities&mysql.CLIENT_DEPRECATE_EOF != 0 {
		p.add(wire.OK{Header: wire.HeaderEOF, Status: status}.Append(nil, p.capabilities))
		return
	}
	p.add([]byte{wire.HeaderEOF, 0, 0, byte(status), byte(status >> 8)})
}

// columns begins a result of n columns.
func (p *packets) columns(n int) {
	p.definitions(n)
	p.eof(0, mysql.CLIENT_DEPRECATE_EOF)
}

func (p *packets) definitions(n int) {
	count := []byte{byte(n)}
	if p.mariaDB&wire.MariaDBCacheMetadata != 0 {
		count = append(count, 1)
	}
	p.add(count)
	for range n {
		p.add([]byte("\x03defdefinition"))
	}
}

func (p *packets) row(values []string) {
	var row []byte
	for _, v := range values {
		row = wire.AppendLenencBytes(row, v)
	}
	p.add(row)
}

// rows ends a result.
func (p *packets) rows(columns, n, width int, status uint16) {
	values := make([]string, columns)
	for i := range values {
		values[i] = strings.Repeat("v", width)
	}
	for range n {
		p.row(values)
	}
	p.eof(status)
}

func (p *packets) result(columns, n, width int, status uint16) {
	p.columns(columns)
	p.rows(columns, n, width, status)
}

// cursor is a result whose rows are fetched.
func (p *packets) cursor() {
	p.definitions(1)
	p.eof(wire.StatusCursorExists)
}

// progress is MariaDB's report in the middle of a long statement.
func (p *packets) progress() {
	if p.mariaDB&wire.MariaDBProgress != 0 {
		p.add([]byte{wire.HeaderErr, 0xff, 0xff, 1, 1, 2, 0, 0, 0, 0})
	}
}
