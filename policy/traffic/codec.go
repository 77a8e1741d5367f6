package traffic

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that is read, in bytes: an example has at most 16 KiB.
const maxLine = 1 << 20

// Write writes records, one a line.
func Write(out io.Writer, records ...Record) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, r := range records {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("write traffic: %w", err)
		}
	}
	return nil
}

// Read calls take with each record of a text. Empty lines are passed over; a
// line that is no record ends the reading with an error that says which.
func Read(in io.Reader, take func(Record)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		r, err := parse(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d is no record of traffic: %w", number, err)
		}
		take(r)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	return nil
}

func parse(line []byte) (Record, error) {
	var r Record
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&r); err != nil {
		return r, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("something follows the record")
	}
	switch {
	case r.App == "":
		return r, errors.New("app is missing")
	case r.Account == "":
		return r, errors.New("account is missing")
	case r.Environment == "":
		return r, errors.New("environment is missing")
	case r.Server == "":
		return r, errors.New("server is missing")
	case r.FirstSeen.IsZero() || r.LastSeen.Before(r.FirstSeen):
		return r, errors.New("first_seen and last_seen are no span of time")
	}
	return r, nil
}
