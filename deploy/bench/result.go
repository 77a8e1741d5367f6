package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	driver "github.com/go-sql-driver/mysql"

	"guardrail/proxy/wire"
)

// largeResult is a turn of one large result, in rows of a megabyte.
func largeResult(ctx context.Context, _ *benchCase, b *bench, t target) (sample, error) {
	return result(ctx, t, fmt.Sprintf("SELECT REPEAT('x', 1048576) FROM sbtest1 LIMIT %d", b.options.megabytes))
}

// manyRows is a turn of one large result in rows of 120 bytes, as a report or a dump reads them.
func manyRows(ctx context.Context, _ *benchCase, b *bench, t target) (sample, error) {
	const row = 120 + 1 + wire.HeaderLen
	return result(ctx, t, fmt.Sprintf("SELECT a.c FROM sbtest1 a JOIN sbtest2 b LIMIT %d", b.options.megabytes<<20/row))
}

// result reads the result of a query of one column to its end, and throws it away. A driver logs in; the query goes
// past it.
func result(ctx context.Context, t target, text string) (sample, error) {
	var raw net.Conn
	config := t.client(plain)
	config.DialFunc = func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
		raw, err = (&net.Dialer{}).DialContext(ctx, network, addr)
		return raw, err
	}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return sample{}, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	used := watch(t.pid)
	began := time.Now()
	bytes, err := drain(raw, text)
	if err != nil {
		return sample{}, err
	}
	took := time.Since(began)
	u, err := used()
	mib := float64(bytes) / (1 << 20)
	return sample{Rate: mib / took.Seconds(), CPU: microseconds(u.cpu) / mib, Peak: u.peak}, err
}

// drain sends a query and reads its answer to the end, by the packets' headers.
func drain(conn net.Conn, text string) (bytes int, err error) {
	query, _ := wire.AppendPacket(nil, 0, append([]byte{mysql.COM_QUERY}, text...))
	if _, err := conn.Write(query); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(conn, 256<<10)
	for i := 0; ; i++ {
		header, err := r.Peek(wire.HeaderLen + 1)
		if err != nil {
			return bytes, err
		}
		length, first := wire.PayloadLen(header), header[wire.HeaderLen]
		if first == wire.HeaderErr {
			return bytes, refusal(r, wire.HeaderLen+length)
		}
		// The first two packets are the column count and the column; the next may be an EOF already, before the rows.
		if first == wire.HeaderEOF && length < 9 && i > 2 {
			return bytes, nil
		}
		if _, err := r.Discard(wire.HeaderLen + length); err != nil {
			return bytes, err
		}
		bytes += wire.HeaderLen + length
	}
}

// refusal is the error that the server sent in place of a row.
func refusal(r *bufio.Reader, n int) error {
	packet, err := r.Peek(n)
	if err != nil {
		return err
	}
	e, err := wire.DecodeErr(packet[wire.HeaderLen:])
	return errors.Join(err, fmt.Errorf("error %d: %s", e.Code, e.Message))
}
